import Magnet
import Synchronization

/// A claim about results, stated in YAML: what it is called, what it claims, and the symbols that the claim is about.
///
/// ```swift
/// let card = try EvaluationCard("card.yaml")
/// let before = card.summarize()  // the symbols' values as far as the card gives them, UNVERIFIED
/// try await card.evaluate()
/// let after = card.summarize()  // all values, and the verdict
/// ```
///
/// The card's format is that of MAGNET 0.1.0; cards of MAGNET 0.0.1, which have a title, a description, a claim and
/// symbols only, are cards too. The article "Write a card" describes it.
public final class EvaluationCard: Sendable {
  /// The most bytes that a card may have.
  static let sizeLimit = 4 << 20

  /// The path of the card's file.
  public let path: String
  /// What is wrong with the card: one with an error cannot be evaluated.
  public let faults: [CardFault]
  let definition: CardDefinition
  /// The file's bytes.
  let bytes: [UInt8]
  /// The values that replace the card's.
  let overrides: [CardValue.Entry]
  private let outcome = Mutex<CardOutcome?>(nil)

  /// Reads a card.
  /// - Throws: `CardFaults` for a file that cannot be read or is not YAML. Whatever else is wrong is in `faults`.
  public init(_ path: String) throws(CardFaults) {
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try CardFiles.read(path, limit: Self.sizeLimit) } catch {
      throw CardFaults([CardFault(file: path, mark: nil, problem: "cannot be read: \(error)")])
    }
    (definition, faults) = try Self.read(bytes, path)
    self.path = path
    self.bytes = bytes
    overrides = []
  }

  /// Reads a card from a text.
  /// - Parameters:
  ///   - text: the card as YAML.
  ///   - path: the path from whose folder the card's own paths are seen, and that faults name.
  /// - Throws: `CardFaults` for a text that is not YAML.
  public init(text: String, path: String = "card.yaml") throws(CardFaults) {
    bytes = Array(text.utf8)
    (definition, faults) = try Self.read(bytes, path)
    self.path = path
    overrides = []
  }

  init(
    _ definition: CardDefinition, path: String, bytes: [UInt8], faults: [CardFault],
    overrides: [CardValue.Entry]
  ) {
    self.definition = definition
    self.path = path
    self.bytes = bytes
    self.faults = faults
    self.overrides = overrides
  }

  private static func read(
    _ bytes: [UInt8], _ path: String
  ) throws(CardFaults) -> (CardDefinition, [CardFault]) {
    func fault(_ line: Int, _ column: Int, _ problem: String, _ advice: String? = nil) -> CardFaults {
      CardFaults([
        CardFault(file: path, mark: TextMark(line: line, column: column), problem: problem, advice: advice)
      ])
    }
    if bytes.count > sizeLimit {
      throw fault(1, 1, "the file has more than \(sizeLimit >> 20) MB", "a card is a short text")
    }
    var text = bytes[...]
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
    if text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF]) {
      throw fault(1, 1, "the text is UTF-16", "save it as UTF-8")
    }
    do throws(YAMLFault) {
      let (card, faults) = CardSchema.read(try YAMLDocument(Array(text)), file: path)
      return (card, faults)
    } catch { throw fault(error.mark.line, error.mark.column, error.problem) }
  }

  /// The card's title; empty where it has none.
  public var title: String { definition.title }

  /// What the card says of itself; empty where it says nothing.
  public var details: String { definition.description }

  /// What is claimed: Python, or an expression or a query of SQL.
  public var claim: String { definition.claim?.block.text ?? "" }

  /// The names of the symbols, in the order of the card.
  public var symbolNames: [String] { definition.symbols.map(\.name) }

  /// The symbols with their values as far as they are known: those that the card gives, and after an evaluation those
  /// that were the same in every setting. Null for all others.
  public var symbols: [(name: String, value: CardValue)] {
    let settings = outcome.withLock { $0?.settings } ?? []
    let found = settings.map { setting in
      Dictionary(setting.symbols.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
    return definition.symbols.map { symbol in
      let values = found.compactMap { $0[symbol.name] }
      if let first = values.first, values.count == settings.count {
        // NaN does not equal itself.
        if values.allSatisfy({ $0 == first || $0.pythonText == first.pythonText }) {
          return (symbol.name, first)
        }
        return (symbol.name, .opaque(type: "values", text: "<\(Set(values).count) values>"))
      }
      return (symbol.name, symbol.value ?? .null)
    }
  }

  /// The verdict of the last evaluation; `unverified` before the first.
  public var status: CardStatus { outcome.withLock { $0?.status } ?? .unverified }

  /// The settings of the last evaluation, in the order of the sweeps; none before the first.
  public var settings: [SettingOutcome] { outcome.withLock { $0?.settings } ?? [] }

  /// The last evaluation.
  public var lastOutcome: CardOutcome? { outcome.withLock { $0 } }

  /// The paths of the runs that the card names, as seen from its folder.
  public var data: [String] { definition.data.map { CardFiles.path($0, from: CardFiles.folder(of: path)) } }

  func finish(_ result: CardOutcome) { outcome.withLock { $0 = result } }

  /// The card for people, in the form of MAGNET 0.0.1: title, description, symbols, claim and status, each as Python
  /// prints it. Nothing is printed.
  @discardableResult
  public func summarize() -> String { Self.summary(title, details, symbols, claim, status.rawValue) }

  static func summary(
    _ title: String, _ details: String, _ symbols: [(name: String, value: CardValue)], _ claim: String,
    _ status: String
  ) -> String {
    let rule = String(repeating: "=", count: 32)
    let values = CardValue.mapping(symbols.map { .init(key: .text($0.name), value: $0.value) })
    return """
      Title:       \(title)
      Description: \(details)
      \(rule)
      SYMBOLS:     \(values.pythonText)
      CLAIM:       
      \(claim)
      \(rule)
      STATUS:      \(status)

      """
  }
}
