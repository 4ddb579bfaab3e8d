import Magnet

extension EvaluationCard {
  /// What `validate` finds.
  public struct Validation: Sendable {
    /// Every fault, in the order of the lines.
    public let faults: [CardFault]
    /// What could not be checked, and why.
    public let notes: [String]
    /// Whether everything was checked: without Python, the card's own is not.
    public let isComplete: Bool
  }

  /// Checks the card in full: the schema, its queries, which are prepared and not asked, and its Python, which is
  /// compiled and not run. Runs nothing of the card.
  /// - Parameter options: which Python compiles.
  public func validate(_ options: EvaluationOptions = EvaluationOptions()) -> Validation {
    var found = faults
    var notes: [String] = []
    var unchecked: [String] = []
    if definition.asksSQL, !faults.contains(where: { $0.severity == .error }) {
      do {
        _ = try SQLQueries(
          definition, path: path, nil, nil, nil, timeLimit: options.timeLimit, isForChecking: true)
      } catch let error as CardFaults { found += error.faults } catch {
        unchecked.append("\(path): \(error)")
      }
    }
    do {
      let theory = try TheoryReport(self, options)
      notes += theory?.notes ?? []
      unchecked += theory?.unread ?? []
    } catch let error as CardFaults { found += error.faults } catch { unchecked.append("\(path): \(error)") }
    do {
      // One fault per place: an empty claim is a fault of the schema and of Python.
      let known = Set(found.compactMap(\.mark))
      found += try pythonFaults(options).filter { fault in fault.mark.map { !known.contains($0) } ?? true }
    } catch {
      unchecked.append("\(path): its Python was not checked: \(SQLQueries.sentence(error))")
    }
    if let pipeline = definition.pipeline {
      notes.append(
        "\(path):\(pipeline.mark.line):\(pipeline.mark.column): the card runs a pipeline (\(pipeline.kind.rawValue)), "
          + "which needs kwdagger; --results judges what it left behind")
    }
    func place(_ fault: CardFault) -> (Int, Int) { (fault.mark?.line ?? 0, fault.mark?.column ?? 0) }
    return Validation(
      faults: found.sorted { place($0) < place($1) }, notes: unchecked + notes,
      isComplete: unchecked.isEmpty)
  }

  /// What keeps blocks of Python from being compiled, and claims that check nothing.
  private func pythonFaults(_ options: EvaluationOptions) throws -> [CardFault] {
    let blocks = definition.pythonBlocks
    if blocks.isEmpty { return [] }
    let program = try PythonProgram.checking(options, card: path)
    let session = try PythonSession(program, timeLimit: .seconds(60)) { _ in }
    defer { session.close() }
    let claim = if case .python(let block) = definition.claim { block } else { nil as CardDefinition.Block? }
    session.send(PythonRequests.check(blocks.map { ($0.block.text, $0.block == claim) }))
    let answer: JSONValue
    do throws(PythonSession.Ended) { answer = try session.answer() } catch {
      throw MagnetError(.programFailed, error.problem)
    }
    return (answer["faults"]?.elements ?? []).compactMap { item in
      guard case .int(let number)? = item[0], blocks.indices.contains(Int(clamping: number)) else {
        return nil
      }
      let (name, block) = blocks[Int(clamping: number)]
      let line = if case .int(let line)? = item[1] { Int(clamping: line) } else { 1 }
      let mark =
        block.firstLine == block.mark.line && line == 1
        ? block.mark : TextMark(line: block.firstLine + line - 1, column: 1)
      let place = block == claim ? "the claim" : "symbol '\(name)'"
      return CardFault(
        .warning, file: path, mark: mark, problem: "\(place): \(item[2]?.string ?? "cannot be compiled")")
    }
  }
}
