@_spi(Reading) import Magnet

// What is wrong with records, said with the place in the file. Numbers of records count from `first`, the number of
// the list's first record in the file.
extension JSONTape {
  /// Calls `body` with each element of the list at `index` while it returns true; false when it did not, when an
  /// element is not an object, or when there is no list.
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
      problem: "expected \(kind == .object ? "an object" : "a list"), found \(kindName(Self.top))")
  }

  /// Checks that the value at `index` is a list of objects.
  func expectObjects(in index: Int, at place: String, from first: Int, file: String) throws(DataFault) {
    if tag(index) != .array {
      throw DataFault(file: file, place: place, problem: "expected a list, found \(kindName(index))")
    }
    var number = first
    try forEachElement(of: index) { (element) throws(DataFault) in
      if tag(element) != .object {
        throw DataFault(
          file: file, place: "\(place)[\(number)]",
          problem: "expected an object, found \(kindName(element))")
      }
      number += 1
    }
  }

  /// Checks that each bundle has a list of objects under a key.
  func expectBundles(of key: StaticString, in list: Int, from first: Int, file: String) throws(DataFault) {
    var number = first
    try forEachElement(of: list) { (bundle) throws(DataFault) in
      let place = "[\(number)].\(key)"
      guard let records = value(of: key, in: bundle) else {
        throw DataFault(file: file, place: place, problem: "the key is missing")
      }
      var isFine = tag(records) == .array
      if isFine { forEachElement(of: records) { if tag($0) != .object { isFine = false } } }
      if !isFine { try expectObjects(in: records, at: place, from: 0, file: file) }
      number += 1
    }
  }

  /// Checks the text that each record of the lists of bundles must have.
  func expectText(
    at path: ArraySlice<StaticString>, inBundlesOf key: StaticString, in list: Int, from first: Int,
    file: String
  ) throws(DataFault) {
    var number = first
    try forEachElement(of: list) { (bundle) throws(DataFault) in
      if let records = value(of: key, in: bundle) {
        try expectText(at: path, inEachOf: records, place: "[\(number)].\(key)", from: 0, file: file)
      }
      number += 1
    }
  }

  /// Checks the text that each record of a list must have.
  func expectText(
    at path: ArraySlice<StaticString>, inEachOf list: Int, place: String, from first: Int, file: String
  ) throws(DataFault) {
    var number = first
    try forEachElement(of: list) { (record) throws(DataFault) in
      try expectText(at: path, in: record, place: "\(place)[\(number)]", file: file)
      number += 1
    }
  }

  /// Checks that keys lead from the object at `index` to a text.
  func expectText(
    at path: ArraySlice<StaticString>, in index: Int, place: String?, file: String
  ) throws(DataFault) {
    guard let key = path.first else { return }
    let place = (place.map { $0 + "." } ?? "") + key.description
    guard let value = value(of: key, in: index) else {
      throw DataFault(file: file, place: place, problem: "the key is missing")
    }
    if path.count == 1 {
      if tag(value) == .string { return }
      throw DataFault(
        file: file, place: place, problem: "expected a name, found \(kindName(value))")
    }
    if tag(value) != .object {
      throw DataFault(
        file: file, place: place, problem: "expected an object, found \(kindName(value))")
    }
    try expectText(at: path.dropFirst(), in: value, place: place, file: file)
  }
}
