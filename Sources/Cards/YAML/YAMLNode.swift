/// A part of a YAML text with its place: a scalar, a sequence or a mapping.
struct YAMLNode: Sendable {
  enum Content: Sendable {
    /// - Parameter isBlock: whether the text begins on the line after the node's own.
    case scalar(CardValue, isBlock: Bool)
    case sequence([YAMLNode])
    /// Merged keys first, as PyYAML orders them; of equal keys the last one's value.
    case mapping([Pair])
    /// `<<` or `=`, which mean something as a key only.
    case keyOnly(String)
  }

  struct Pair: Sendable {
    let key: YAMLNode
    let value: YAMLNode
  }

  let content: Content
  let mark: TextMark
  /// The nodes it consists of, those behind aliases counted wherever they are named.
  let weight: Int
  /// The levels of sequences and mappings in it.
  let depth: Int

  init(_ content: Content, at mark: TextMark) {
    self.content = content
    self.mark = mark
    switch content {
    case .scalar, .keyOnly: (weight, depth) = (1, 0)
    case .sequence(let nodes):
      weight = nodes.reduce(1) { $0 + $1.weight }
      depth = 1 + (nodes.map(\.depth).max() ?? 0)
    case .mapping(let pairs):
      weight = pairs.reduce(1) { $0 + $1.key.weight + $1.value.weight }
      depth = 1 + (pairs.map(\.value.depth).max() ?? 0)
    }
  }

  /// The value without places.
  var value: CardValue {
    switch content {
    case .scalar(let value, _): value
    case .sequence(let nodes): .list(nodes.map(\.value))
    case .mapping(let pairs): .mapping(pairs.map { .init(key: $0.key.value, value: $0.value.value) })
    case .keyOnly(let text): .text(text)
    }
  }

  /// The pairs of a mapping; nil for anything else.
  var pairs: [Pair]? {
    if case .mapping(let pairs) = content { pairs } else { nil }
  }

  /// The nodes of a sequence; nil for anything else.
  var elements: [YAMLNode]? {
    if case .sequence(let nodes) = content { nodes } else { nil }
  }

  /// The text of a scalar that is a text; nil for anything else.
  var text: String? {
    if case .scalar(.text(let text), _) = content { text } else { nil }
  }

  var isNull: Bool {
    if case .scalar(.null, _) = content { true } else { false }
  }

  /// The line of the file that the first line of a scalar's text stands in.
  var firstTextLine: Int {
    if case .scalar(_, let isBlock) = content, isBlock { mark.line + 1 } else { mark.line }
  }
}

extension CardValue {
  /// What is equal for keys equal to Python: 1, 1.0 and true are one key, and so is `.nan`, of which PyYAML has one.
  var keyIdentity: CardValue {
    switch self {
    case .float(let value) where value.isNaN && value.sign == .plus: .opaque(type: "float", text: "nan")
    case .bool(let value): .int(WholeNumber(value ? 1 : 0))
    case .float(let value): Int64(exactly: value).map { .int(WholeNumber($0)) } ?? self
    case .tuple(let elements): .tuple(elements.map(\.keyIdentity))
    default: self
    }
  }
}
