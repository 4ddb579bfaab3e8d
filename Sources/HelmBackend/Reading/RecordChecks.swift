import Magnet

// What is wrong with records, said with the place in the file. Numbers of records count from `first`, the number of
// the list's first record in the file.
extension JSONTape {
  /// Calls `body` with each element of the list at `index` while it returns true; false when it did not, when an
  /// element is no object, or when there is no list.
  @inline(__always)
  func forEachObject(of index: Int, _ body: (Int) -> Bool) -> Bool {
    guard tag(index) == .array else { return false }
    var at = index + 1
    while tag(at) == .object {
      if !body(at) { return false }
      at = after(at)
    }
    return tag(at) == .arrayEnd
  }

  /// Checks the kind of the text's top-level value.
  func expect(_ kind: Tag, file: String) throws(DataFault) {
    if tag(Self.top) == kind { return }
    throw DataFault(
      file: file,
      problem:
        "the file holds \(kindName(Self.top)) where \(kind == .object ? "an object" : "a list") is expected")
  }

  /// Checks that the value at `index` is a list of objects.
  func expectObjects(in index: Int, at place: String, from first: Int, file: String) throws(DataFault) {
    if tag(index) != .array {
      throw DataFault(file: file, place: place, problem: "\(kindName(index)) stands where a list is expected")
    }
    var number = first
    try forEachElement(of: index) { (element) throws(DataFault) in
      if tag(element) != .object {
        throw DataFault(
          file: file, place: "\(place)[\(number)]",
          problem: "\(kindName(element)) stands where an object is expected")
      }
      number += 1
    }
  }

  /// Checks that each bundle has a list of objects `stats`.
  func expectBundles(in list: Int, from first: Int, file: String) throws(DataFault) {
    var number = first
    try forEachElement(of: list) { (bundle) throws(DataFault) in
      guard let stats = value(of: "stats", in: bundle) else {
        throw DataFault(file: file, place: "[\(number)].stats", problem: "the key is missing")
      }
      var isFine = tag(stats) == .array
      if isFine { forEachElement(of: stats) { if tag($0) != .object { isFine = false } } }
      if !isFine { try expectObjects(in: stats, at: "[\(number)].stats", from: 0, file: file) }
      number += 1
    }
  }

  /// Checks the names of all statistics of a list of bundles.
  func expectMetricsInBundles(in list: Int, from first: Int, file: String) throws(DataFault) {
    var number = first
    try forEachElement(of: list) { (bundle) throws(DataFault) in
      if let stats = value(of: "stats", in: bundle) {
        try expectMetrics(in: stats, at: "[\(number)].stats", from: 0, file: file)
      }
      number += 1
    }
  }

  /// Checks that each statistic of a list has an object `name` with a text `name` in it.
  func expectMetrics(in list: Int, at place: String, from first: Int, file: String) throws(DataFault) {
    var number = first
    try forEachElement(of: list) { (stat) throws(DataFault) in
      let place = "\(place)[\(number)].name"
      guard let name = value(of: "name", in: stat) else {
        throw DataFault(file: file, place: place, problem: "the key is missing")
      }
      if tag(name) != .object {
        throw DataFault(
          file: file, place: place, problem: "\(kindName(name)) stands where an object is expected")
      }
      try expectName(in: name, at: place + ".name", file: file)
      number += 1
    }
  }

  /// Checks that the object at `index` has a text `name`.
  func expectName(in index: Int, at place: String, file: String) throws(DataFault) {
    guard let name = value(of: "name", in: index) else {
      throw DataFault(file: file, place: place, problem: "the key is missing")
    }
    if tag(name) != .string {
      throw DataFault(file: file, place: place, problem: "\(kindName(name)) stands where a name is expected")
    }
  }
}
