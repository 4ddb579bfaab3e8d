import Magnet

/// What is wrong with a value by a JSON Schema, as far as magnet's schemas go: types, required and other properties,
/// items, constants, enumerations and bounds. A keyword that is not known here is a fault itself.
func faults(of value: JSONValue, by schema: JSONValue, at place: String = "") -> [String] {
  guard case .object(let keywords) = schema else { return ["\(place): the schema is not an object"] }
  var found: [String] = []
  for keyword in keywords {
    let wanted = keyword.value
    switch keyword.key {
    case "$schema", "title", "description", "pattern": continue
    case "type":
      let names = wanted.string.map { [$0] } ?? wanted.elements.compactMap(\.string)
      if !names.contains(where: { isOfType(value, $0) }) { found.append("\(place): not \(names)") }
    case "const": if value != wanted { found.append("\(place): not \(wanted.text)") }
    case "enum": if !wanted.elements.contains(value) { found.append("\(place): not one of \(wanted.text)") }
    case "required":
      for name in wanted.elements.compactMap(\.string) where value[name] == nil {
        found.append("\(place): lacks \(name)")
      }
    case "additionalProperties":
      guard case .object(let members) = value else { continue }
      for member in members where schema["properties"]?[member.key] == nil {
        found.append("\(place): has \(member.key)")
      }
    case "properties":
      guard case .object(let members) = value else { continue }
      for member in members {
        guard let own = wanted[member.key] else { continue }
        found += faults(of: member.value, by: own, at: "\(place).\(member.key)")
      }
    case "items":
      for (number, item) in value.elements.enumerated() {
        found += faults(of: item, by: wanted, at: "\(place)[\(number)]")
      }
    case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
      guard let number = value.double, let bound = wanted.double else { continue }
      let isWithin =
        switch keyword.key {
        case "minimum": number >= bound
        case "maximum": number <= bound
        case "exclusiveMinimum": number > bound
        default: number < bound
        }
      if !isWithin { found.append("\(place): \(number) is beyond \(bound)") }
    default: found.append("\(place): unknown keyword \(keyword.key)")
    }
  }
  return found
}

private func isOfType(_ value: JSONValue, _ name: String) -> Bool {
  switch (value, name) {
  case (.null, "null"), (.bool, "boolean"), (.int, "integer"), (.int, "number"), (.double, "number"),
    (.string, "string"), (.array, "array"), (.object, "object"):
    true
  default: false
  }
}
