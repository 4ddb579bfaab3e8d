#if DEBUG
  // The invariants at the top of the files of unsafe containers, checked in debug builds whenever a column is finished.

  extension TextInterner {
    /// Stops where an invariant does not hold.
    func checkInvariants() {
      let size = slotMask + 1
      precondition(size & slotMask == 0 && count * 2 <= size && count + 1 <= capacity)
      precondition(unsafe entries[0].end == 0)
      for code in 0..<count {
        let (entry, start) = unsafe (entries[code + 1], entries[code].end)
        precondition(start <= entry.end && entry.end <= arenaCapacity)
        guard entry.base != 0 else { continue }
        let base = Int(entry.base)
        precondition(unsafe base <= code && entries[base].base == 0)
        precondition(unsafe Int(entry.shared) <= entries[base].end - entries[base - 1].end)
      }
      var seen = [Bool](repeating: false, count: count + 1)
      for slot in 0..<size {
        let code = unsafe Int(slots[slot])
        precondition(code <= count && (code == 0 || !seen[code]))
        seen[code] = true
      }
      precondition(seen.dropFirst().allSatisfy(\.self))
    }
  }

  extension ColumnBuilder {
    /// Stops where an invariant does not hold.
    func checkInvariants() {
      texts.checkInvariants()
      precondition(filled <= capacity)
      precondition(zip(nullRows, nullRows.dropFirst()).allSatisfy { $0 < $1 })
      precondition(nullRows.allSatisfy { $0 >= 0 && $0 < filled })
      for row in 0..<filled {
        let word = unsafe words[row]
        switch kind {
        case .bool: precondition(word <= 2)
        case .string, .json: precondition(word <= UInt64(texts.count))
        case .none, .int, .double: continue
        }
      }
      if kind == .int || kind == .double {
        for row in nullRows { precondition(unsafe words[Int(row)] == 0) }
      }
    }
  }
#endif
