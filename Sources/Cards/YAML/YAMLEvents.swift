// Unsafe code, on these invariants:
// - The parser and the bytes it reads are allocated in `init` and freed in `deinit`; libyaml never outlives them.
// - An event's texts are copied before the event is deleted, which happens in the call that read it.

import CYaml

/// A place in a text: line and column, both counted from 1; columns count Unicode scalars.
public struct TextMark: Sendable, Hashable {
  /// The line, 1 first.
  public let line: Int
  /// The column, 1 first.
  public let column: Int
}

/// What is wrong with a YAML text, and where.
struct YAMLFault: Error {
  let mark: TextMark
  let problem: String
}

/// What libyaml finds in a text, one after the other.
enum YAMLEvent {
  /// - Parameters:
  ///   - tag: the tag in full, such as `tag:yaml.org,2002:int`; nil where the text has none.
  ///   - isPlain: whether the scalar's type follows from its text, as that of a scalar without quotes or tag does.
  ///   - isBlock: whether it is a literal or folded block, whose text begins on the next line.
  case scalar(String, tag: String?, isPlain: Bool, isBlock: Bool)
  case sequenceStart(tag: String?)
  case sequenceEnd
  case mappingStart(tag: String?)
  case mappingEnd
  case alias(String)
  case documentStart
  case streamEnd
  /// The start of the stream and the end of a document.
  case other
}

/// A YAML text as a sequence of events, read by libyaml.
@safe final class YAMLEvents {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let bytes: UnsafeMutableBufferPointer<UInt8>

  /// - Parameter text: the text as UTF-8, without a byte order mark.
  init(_ text: [UInt8]) throws(YAMLFault) {
    unsafe bytes = .allocate(capacity: max(1, text.count))
    _ = unsafe bytes.initialize(from: text)
    unsafe parser = .allocate(capacity: 1)
    unsafe parser.initialize(to: yaml_parser_t())
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      throw YAMLFault(mark: TextMark(line: 1, column: 1), problem: "there is no memory to read it")
    }
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, bytes.baseAddress, text.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe bytes.deallocate()
  }

  /// The next event, where it begins, and the anchor it carries.
  func next() throws(YAMLFault) -> (event: YAMLEvent, mark: TextMark, anchor: String?) {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw fault }
    defer { unsafe yaml_event_delete(&event) }
    let mark = unsafe TextMark(line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let text = unsafe String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: Int(scalar.length)), as: UTF8.self)
      return unsafe (
        .scalar(
          text, tag: Self.text(scalar.tag), isPlain: scalar.plain_implicit != 0,
          isBlock: scalar.style == YAML_LITERAL_SCALAR_STYLE || scalar.style == YAML_FOLDED_SCALAR_STYLE),
        mark, Self.text(scalar.anchor)
      )
    case YAML_SEQUENCE_START_EVENT:
      let start = unsafe event.data.sequence_start
      return unsafe (.sequenceStart(tag: Self.text(start.tag)), mark, Self.text(start.anchor))
    case YAML_MAPPING_START_EVENT:
      let start = unsafe event.data.mapping_start
      return unsafe (.mappingStart(tag: Self.text(start.tag)), mark, Self.text(start.anchor))
    case YAML_ALIAS_EVENT: return unsafe (.alias(Self.text(event.data.alias.anchor) ?? ""), mark, nil)
    case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, mark, nil)
    case YAML_MAPPING_END_EVENT: return (.mappingEnd, mark, nil)
    case YAML_DOCUMENT_START_EVENT: return (.documentStart, mark, nil)
    case YAML_STREAM_END_EVENT: return (.streamEnd, mark, nil)
    default: return (.other, mark, nil)
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
    unsafe pointer.map { unsafe String(cString: $0) }
  }

  /// What stopped the parser.
  private var fault: YAMLFault {
    let state = unsafe parser.pointee
    let problem = unsafe state.problem.map { unsafe String(cString: $0) } ?? "cannot be read"
    if unsafe state.error == YAML_READER_ERROR {
      return unsafe YAMLFault(mark: mark(ofByte: Int(state.problem_offset)), problem: problem)
    }
    let mark = unsafe TextMark(
      line: Int(state.problem_mark.line) + 1, column: Int(state.problem_mark.column) + 1)
    guard let context = unsafe state.context.map({ unsafe String(cString: $0) }) else {
      return YAMLFault(mark: mark, problem: problem)
    }
    let start = unsafe state.context_mark
    let from = start.line + start.column > 0 ? " that begins in line \(start.line + 1)" : ""
    return YAMLFault(mark: mark, problem: "\(problem) \(context)\(from)")
  }

  private func mark(ofByte offset: Int) -> TextMark {
    let before = unsafe bytes.prefix(offset)
    let start = unsafe before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let line = unsafe before.count { $0 == UInt8(ascii: "\n") } + 1
    return unsafe TextMark(
      line: line, column: String(decoding: before[start...], as: UTF8.self).unicodeScalars.count + 1)
  }
}
