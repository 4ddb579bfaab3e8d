import Magnet

/// The scores of runs as cells of a board: one per model and column, with the instances behind it.
struct RunCells {
  /// One known score.
  struct Cell: Hashable {
    let model: Int
    let column: Int
  }

  let collection: ScoreCollection
  private(set) var models: [String]
  private(set) var columns: [ScoreBoard.Column]
  private var values: [Double]
  /// The scenario of each column.
  private var scenarioOf: [Int]
  /// For columns that are a half of a scenario's instances, these; nil for whole scenarios.
  private var instancesOf: [Set<Int>?]
  /// The run of a model and scenario.
  private let runs: [Cell: Int]

  init(_ collection: ScoreCollection) {
    self.collection = collection
    let board = collection.board
    models = board.models
    columns = board.columns
    values = board.values
    let numbers = Dictionary(
      collection.scenarios.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { a, _ in a })
    scenarioOf = board.columns.map { numbers[$0.scenario] ?? 0 }
    instancesOf = board.columns.map { _ in nil }
    let rows = Dictionary(board.models.enumerated().map { ($1, $0) }, uniquingKeysWith: { a, _ in a })
    runs = Dictionary(
      collection.runs.enumerated().compactMap { number, run in
        rows[run.model].map { (Cell(model: $0, column: run.scenario), number) }
      }, uniquingKeysWith: { $1 })
  }

  /// The score of a cell; NaN where it is unknown.
  subscript(cell: Cell) -> Double { values[cell.model * columns.count + cell.column] }

  func family(_ cell: Cell) -> String { modelFamily(models[cell.model]) }

  func run(of cell: Cell) -> ScoreCollection.Run? { runNumber(of: cell).map { collection.runs[$0] } }

  /// The number of the cell's run in the collection.
  func runNumber(of cell: Cell) -> Int? { runs[Cell(model: cell.model, column: scenarioOf[cell.column])] }

  /// The scores of the cell's scenario, instance by instance.
  func matrix(of cell: Cell) -> ScoreMatrix { collection.scenarios[scenarioOf[cell.column]].matrix }

  /// The instances that the cell's score is over, where these are not all of its run.
  func instances(of cell: Cell) -> Set<Int>? { instancesOf[cell.column] }

  /// The known cells of some columns.
  func cells(_ isIncluded: (Int) -> Bool, models isModel: (String) -> Bool = { _ in true }) -> [Cell] {
    columns.indices.filter(isIncluded).flatMap { column in
      models.indices.filter { isModel(models[$0]) }.map { Cell(model: $0, column: column) }
    }.filter { !self[$0].isNaN }
  }

  /// The columns of whole scores on inputs as they are.
  func isClean(_ column: Int) -> Bool {
    columns[column].name.perturbation == nil && instancesOf[column] == nil
  }

  /// Adds two columns for each scenario of a pattern, the means over the halves of its instances that more and fewer
  /// models get right (of equals, the first by id is the easier). Returns them.
  mutating func addHalves(_ pattern: NamePattern) -> (easy: [Int], hard: [Int]) {
    var halves: (easy: [Int], hard: [Int]) = ([], [])
    let (runs, collection) = (runs, collection)
    for (number, scenario) in collection.scenarios.enumerated() where pattern.matches(scenario.name) {
      let matrix = scenario.matrix
      let shares = matrix.instances.indices.compactMap { instance -> (instance: Int, share: Double)? in
        let scores = matrix.runs.indices.map { matrix[$0, instance] }.filter { !$0.isNaN }
        return scores.mean().map { (instance, $0) }
      }
      if shares.count < 2 { continue }
      let order = shares.sorted { ($0.share, -$0.instance) > ($1.share, -$1.instance) }.map(\.instance)
      let easyCount = order.count / 2
      for (name, members) in [("easy", order.prefix(easyCount)), ("hard", order.dropFirst(easyCount))] {
        let column = addColumn(
          ScoreBoard.Column(scenario: "\(scenario.name), \(name)", name: scenario.metric), scenario: number,
          Set(members)
        ) { model in
          guard let run = runs[Cell(model: model, column: number)] else { return nil }
          return members.map { matrix[collection.runs[run].row, $0] }.filter { !$0.isNaN }.mean()
        }
        if name == "easy" { halves.easy.append(column) } else { halves.hard.append(column) }
      }
    }
    return halves
  }

  private mutating func addColumn(
    _ column: ScoreBoard.Column, scenario: Int, _ instances: Set<Int>, _ value: (Int) -> Double?
  ) -> Int {
    let count = columns.count
    var wider: [Double] = []
    for model in models.indices {
      wider += values[model * count..<(model + 1) * count]
      wider.append(value(model) ?? .nan)
    }
    values = wider
    columns.append(column)
    scenarioOf.append(scenario)
    instancesOf.append(instances)
    return count
  }

  /// What a predictor is told about a cell: the scores that are known, and, instance by instance, those of known runs of
  /// its scenario. Nothing else is in it: what is not known is NaN, or not there.
  func fold(_ cell: Cell, known: Set<Cell>, seed: UInt64) -> (fold: ScoreFold, scored: [Int: Double]) {
    var board = ScoreBoard(
      models: models, columns: columns, values: Array(repeating: .nan, count: values.count))
    for other in known where other != cell { board[other.model, other.column] = self[other] }
    let scenario = scenarioOf[cell.column]
    let matrix = collection.scenarios[scenario].matrix
    // The rows of runs whose scores on inputs as they are are known, and of halves the instances of these.
    var shown: [Int: Set<Int>] = [:]
    for other in known where scenarioOf[other.column] == scenario && other != cell {
      guard columns[other.column].name.perturbation == nil, let run = run(of: other) else { continue }
      shown[run.row, default: []].formUnion(instancesOf[other.column] ?? Set(run.instances))
    }
    let own = run(of: cell)
    let rows = shown.keys.filter { $0 != own?.row }.sorted()
    let hidden = ScoreMatrix(
      runs: rows.map { matrix.runs[$0] }, instances: matrix.instances,
      values: rows.flatMap { row in
        matrix.instances.indices.map { shown[row]?.contains($0) == true ? matrix[row, $0] : .nan }
      })
    let instances = own?.instances.filter { instancesOf[cell.column]?.contains($0) ?? true } ?? []
    let fold = ScoreFold(
      matrix: hidden, train: Array(rows.indices), model: models[cell.model], columns: instances, board: board,
      target: (cell.model, cell.column), seed: seed)
    var scored: [Int: Double] = [:]
    if let own, columns[cell.column].name.perturbation == nil {
      for instance in instances { scored[instance] = matrix[own.row, instance] }
    }
    return (fold, scored)
  }
}
