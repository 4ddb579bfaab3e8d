/// A YAML text as a tree with places, equal to what PyYAML's `safe_load` makes of it.
struct YAMLDocument: Sendable {
  /// The levels of sequences and mappings in each other that a text may have.
  static let depthLimit = 100
  /// The nodes that a text may have, those behind aliases counted wherever they are named.
  static let weightLimit = 1_000_000

  /// A key that a mapping has twice.
  struct Duplicate: Sendable {
    let key: String
    let first: TextMark
    let second: TextMark
  }

  let root: YAMLNode
  let duplicates: [Duplicate]

  /// Reads a text that holds one document, or none: the value is null then.
  /// - Throws: what is wrong first.
  init(_ bytes: [UInt8]) throws(YAMLFault) {
    var builder = YAMLBuilder(try YAMLEvents(bytes))
    root = try builder.document()
    duplicates = builder.duplicates
  }
}

private struct YAMLBuilder {
  private let events: YAMLEvents
  private var anchors: [String: YAMLNode] = [:]
  /// The anchors of the sequences and mappings that are still being read.
  private var open: Set<String> = []
  /// The nodes made so far, those merged into others too.
  private var made = 0
  private(set) var duplicates: [YAMLDocument.Duplicate] = []

  init(_ events: YAMLEvents) { self.events = events }

  mutating func document() throws(YAMLFault) -> YAMLNode {
    var root: YAMLNode?
    while true {
      let (event, mark, anchor) = try events.next()
      switch event {
      case .streamEnd:
        return root ?? YAMLNode(.scalar(.null, isBlock: false), at: TextMark(line: 1, column: 1))
      case .documentStart:
        if root != nil { throw YAMLFault(mark: mark, problem: "a second document begins; a card is one") }
      case .other: continue
      default:
        let node = try value(try node(event, mark, anchor, depth: 0))
        root = node
      }
    }
  }

  /// A node that is not a key: `<<` and `=` have no value.
  private func value(_ node: YAMLNode) throws(YAMLFault) -> YAMLNode {
    if case .keyOnly(let text) = node.content {
      throw YAMLFault(mark: node.mark, problem: "'\(text)' is not a value; put it in quotes to mean the text")
    }
    return node
  }

  private mutating func node(
    _ event: YAMLEvent, _ mark: TextMark, _ anchor: String?, depth: Int
  ) throws(YAMLFault) -> YAMLNode {
    if depth > YAMLDocument.depthLimit {
      throw YAMLFault(
        mark: mark, problem: "is nested in more than \(YAMLDocument.depthLimit) sequences and mappings")
    }
    if case .alias(let name) = event {
      if open.contains(name) {
        throw YAMLFault(mark: mark, problem: "the alias *\(name) stands in what it names")
      }
      guard let named = anchors[name] else {
        throw YAMLFault(mark: mark, problem: "there is no anchor &\(name) before the alias *\(name)")
      }
      if depth + named.depth > YAMLDocument.depthLimit {
        throw YAMLFault(
          mark: mark, problem: "is nested in more than \(YAMLDocument.depthLimit) sequences and mappings")
      }
      try count(named.weight, mark)
      return YAMLNode(named.content, at: mark)
    }
    try count(1, mark)
    if let anchor { open.insert(anchor) }
    let content: YAMLNode.Content
    switch event {
    case .scalar(let text, let tag, let isPlain, let isBlock):
      do throws(ScalarFault) {
        let scalar =
          if let tag, tag != "!" { try YAMLScalar(text, tag: tag) } else if isPlain {
            try YAMLScalar(plain: text)
          } else { YAMLScalar.value(.text(text)) }
        switch scalar {
        case .value(let value): content = .scalar(value, isBlock: isBlock)
        case .merge, .equals: content = .keyOnly(text)
        }
      } catch { throw YAMLFault(mark: mark, problem: error.problem) }
    case .sequenceStart(let tag):
      try check(tag, "seq", mark)
      var nodes: [YAMLNode] = []
      while true {
        let (event, mark, anchor) = try events.next()
        if case .sequenceEnd = event { break }
        nodes.append(try value(try node(event, mark, anchor, depth: depth + 1)))
      }
      content = .sequence(nodes)
    case .mappingStart(let tag):
      try check(tag, "map", mark)
      var pairs: [YAMLNode.Pair] = []
      while true {
        let (event, mark, anchor) = try events.next()
        if case .mappingEnd = event { break }
        let key = try node(event, mark, anchor, depth: depth + 1)
        let (next, place, name) = try events.next()
        pairs.append(.init(key: key, value: try value(try node(next, place, name, depth: depth + 1))))
      }
      content = .mapping(try merged(pairs))
    default: throw YAMLFault(mark: mark, problem: "cannot be read")
    }
    let node = YAMLNode(content, at: mark)
    if let anchor {
      open.remove(anchor)
      anchors[anchor] = node
    }
    return node
  }

  private mutating func count(_ nodes: Int, _ mark: TextMark) throws(YAMLFault) {
    made += nodes
    if made > YAMLDocument.weightLimit {
      throw YAMLFault(
        mark: mark, problem: "the text and its aliases make more than \(YAMLDocument.weightLimit) values")
    }
  }

  private func check(_ tag: String?, _ name: String, _ mark: TextMark) throws(YAMLFault) {
    if let tag, tag != "!", tag != "tag:yaml.org,2002:\(name)" {
      throw YAMLFault(mark: mark, problem: "the tag \(tag) has no meaning here")
    }
  }

  /// The pairs with what `<<` merges before them, and of equal keys the first one's place with the last one's value.
  private mutating func merged(_ pairs: [YAMLNode.Pair]) throws(YAMLFault) -> [YAMLNode.Pair] {
    var own: [YAMLNode.Pair] = []
    var inherited: [YAMLNode.Pair] = []
    for pair in pairs {
      guard case .keyOnly(let text) = pair.key.content else {
        own.append(pair)
        continue
      }
      if text == "=" {
        own.append(
          .init(key: YAMLNode(.scalar(.text("="), isBlock: false), at: pair.key.mark), value: pair.value))
      } else if let parts = pair.value.pairs {
        inherited += parts
        try count(parts.count, pair.value.mark)
      } else {
        var lists: [[YAMLNode.Pair]] = []
        for node in pair.value.elements ?? [] {
          guard let parts = node.pairs else {
            throw YAMLFault(mark: node.mark, problem: "<< merges mappings, which this is not")
          }
          lists.append(parts)
          try count(parts.count, node.mark)
        }
        guard pair.value.elements != nil else {
          throw YAMLFault(
            mark: pair.value.mark, problem: "<< merges a mapping or a list of mappings, which this is not")
        }
        inherited += lists.reversed().joined()
      }
    }
    var places: [CardValue: Int] = [:]
    var result: [YAMLNode.Pair] = []
    var isOwn: [Bool] = []
    for (number, pair) in (inherited + own).enumerated() {
      let key: CardValue
      switch pair.key.content {
      case .scalar(let value, _): key = value.keyIdentity
      default:
        throw YAMLFault(mark: pair.key.mark, problem: "a key is a single value, not a list or a mapping")
      }
      // NaN equals no other key.
      let isNaN = if case .float(let value) = key { value.isNaN } else { false }
      if !isNaN, let place = places[key] {
        let first = result[place].key
        if isOwn[place] {
          duplicates.append(.init(key: pair.key.value.plainText, first: first.mark, second: pair.key.mark))
        }
        isOwn[place] = number >= inherited.count
        result[place] = .init(key: first, value: pair.value)
      } else {
        if !isNaN { places[key] = result.count }
        result.append(pair)
        isOwn.append(number >= inherited.count)
      }
    }
    return result
  }
}
