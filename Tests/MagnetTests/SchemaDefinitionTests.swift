import Testing

@testable import Magnet

/// HELM's schemas as objects: what is read, what is left out, and how groups expand.
@Suite struct SchemaDefinitionTests {
  private static func schema(_ json: String) throws -> Schema {
    try Schema(JSONValue(parsing: json), source: "schema.json")
  }

  @Test(arguments: ["[]", "null", "{}", #"{"run_groups": {}}"#, #"{"run_groups": "x"}"#, "3"])
  func whatHasNoRunGroupsIsNone(_ text: String) {
    #expect {
      try Self.schema(text)
    } throws: {
      "\($0)" == "schema.json: not a HELM schema: it has no list run_groups"
    }
  }

  @Test func itemsWithoutNamesAreLeftOut() throws {
    let schema = try Self.schema(
      """
      {"metrics": [{"name": "em", "display_name": "Exact", "lower_is_better": "no"}, {"display_name": "x"}, 3, null],
       "perturbations": [{"name": "typos"}, {"name": 4}], "models": {"name": "not a list"},
       "metric_groups": [{"name": "accuracy", "metrics": [{"name": "em"}, {"split": "test"}, "em",
         {"name": "em", "split": "${main_split}", "sub_split": "s", "perturbation_name": "typos"}]}],
       "run_groups": [{"name": "g", "metric_groups": ["accuracy", 4, "robustness"], "subgroups": "none",
         "environment": {"main_split": "test", "number": 4}, "visibility": "sometimes"}, {"nam": "h"}]}
      """)
    #expect(schema.metrics.map(\.name) == ["em"] && schema.metric("em")?.lowerIsBetter == nil)
    #expect(schema.perturbations.map(\.name) == ["typos"] && schema.models.isEmpty)
    let accuracy = try #require(schema.metricGroup("accuracy"))
    #expect(accuracy.matchers.count == 1 && accuracy.aggregations == ["win_rate"])
    let group = try #require(schema.group("g"))
    #expect(schema.runGroups.count == 1 && group.metricGroups == ["accuracy", "robustness"])
    #expect(group.environment == ["main_split": "test"] && group.subgroups.isEmpty)
    #expect(group.visibility == .everywhere && group.category == "Scenarios")
    #expect(group.adapterKeys == ["model_deployment", "model"])
    let filled = try accuracy.matchers[0].filled(group.environment)
    #expect(
      filled == Schema.Matcher(name: "em", split: "test", perturbation: "typos"), "no sub-split")
  }

  @Test(arguments: [
    (#""#, ["win_rate"]), (#", "hide_win_rates": true"#, []),
    (#", "hide_win_rates": null"#, ["win_rate"]),
    (#", "hide_win_rates": false"#, ["win_rate"]), (#", "aggregation_strategies": []"#, []),
    (
      #", "aggregation_strategies": ["mean", "win_rate"], "hide_win_rates": true"#,
      ["mean", "win_rate"]
    ),
    (#", "aggregation_strategies": null, "hide_win_rates": true"#, []),
  ])
  func aggregationsAreAsTheSchemaSays(_ fields: String, _ expected: [String]) throws {
    let schema = try Self.schema(
      #"{"metric_groups": [{"name": "a", "metrics": []\#(fields)}], "run_groups": []}"#)
    #expect(schema.metricGroup("a")?.aggregations == expected)
  }

  @Test func theLastOfANameCounts() throws {
    let schema = try Self.schema(
      """
      {"metrics": [{"name": "m", "display_name": "old"}, {"name": "m", "short_display_name": "new"}],
       "perturbations": [{"name": "p", "display_name": "old"}, {"name": "p"}],
       "metric_groups": [{"name": "a", "display_name": "old"}, {"name": "a", "display_name": "new"}],
       "run_groups": [{"name": "g", "category": "old"}, {"name": "g", "category": "new"}]}
      """)
    #expect(schema.metric("m")?.shortTitle == "new" && schema.perturbation("p")?.shortTitle == "p")
    #expect(
      schema.metricGroup("a")?.field.shortTitle == "new" && schema.group("g")?.category == "new")
    #expect(schema.group("") == nil && schema.metric("n") == nil && schema.perturbation("q") == nil)
  }

  /// The group, then its subgroups in their order, each with all of its own before the next; each once.
  @Test(arguments: 1...40) func groupsExpandDepthFirst(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let count = 1 + random.below(7)
    let children = (0..<count).map { _ in
      (0..<random.below(4)).map { _ in "g\(random.below(count + 1))" }
    }
    let groups = children.enumerated().map { number, names in
      JSONValue.object([
        .init(key: "name", value: .string("g\(number)")),
        .init(key: "subgroups", value: .array(names.map(JSONValue.string))),
      ])
    }
    let schema = try Schema(
      .object([.init(key: "run_groups", value: .array(groups))]), source: "made")
    for start in schema.runGroups {
      var seen: [String] = []
      func visit(_ name: String) {
        guard let number = Int(name.dropFirst()), number < count, !seen.contains(name) else {
          return
        }
        seen.append(name)
        children[number].forEach(visit)
      }
      visit(start.name)
      #expect(schema.expanded(start).map(\.name) == seen)
    }
  }

  @Test func variablesAreFilledIn() throws {
    func filled(
      _ name: String, _ split: String = "test",
      _ environment: [String: String] = ["a": "x", "b": ""]
    )
      throws -> String
    {
      let matcher = try Schema.Matcher(name: name, split: split).filled(environment)
      return matcher.name + "@" + matcher.split
    }
    #expect(try filled("plain") == "plain@test")
    #expect(try filled("${a}") == "x@test")
    #expect(try filled("${ a }_${a}${b}!") == "x_x!@test")
    #expect(try filled("$a {a} $") == "$a {a} $@test", "only ${…} is a variable")
    #expect(try filled("${a", "${a}") == "${a@x", "an open bracket stays as it is")
    #expect(
      try filled("${a}", "t", ["a": "${b}", "b": "y"]) == "${b}@t", "values are not filled in again"
    )
    for (name, split) in [("${c}", "test"), ("m", "${c}"), ("${}", "test")] {
      #expect(throws: MagnetError.self) { try filled(name, split) }
    }
    #expect {
      try filled("em", "${main_split}")
    } throws: {
      "\($0)" == "the schema's run group does not define ${main_split}"
    }
  }

  @Test(
    arguments: [
      ("2023-01-01", 2023.0), ("2023-02-01", 2023 + 30.4375 / 365.25), ("2023-1-1", 2023.0),
      ("2023-13-01", nil), ("2023-00-01", nil), ("2023-01-32", nil), ("2023-01", nil),
      ("23-01-01", nil),
      ("soon", nil), ("", nil), ("2023-01-01-01", nil), ("2023-01-x", nil),
    ] as [(String, Double?)])
  func datesOfReleaseAreYears(_ text: String, _ year: Double?) throws {
    let schema = try Self.schema(
      #"{"models": [{"name": "m", "release_date": "\#(text)", "num_parameters": 7}], "run_groups": []}"#
    )
    let facts = try #require(schema.modelFacts["m"])
    #expect(facts.year == year && facts.parameterCount == 7 && facts.organization == nil)
  }

  @Test func metricsOfGroupsAreThoseOfAllBelow() throws {
    let schema = try Self.schema(
      """
      {"metric_groups": [{"name": "a", "metrics": [{"name": "${m}", "split": "test"}]}],
       "run_groups": [
         {"name": "top", "subgroups": ["one", "two"]},
         {"name": "one", "environment": {"m": "quasi_exact_match"}, "metric_groups": ["a"]},
         {"name": "two", "environment": {"m": "f1"}}, {"name": "three", "environment": {"m": "bleu"}}]}
      """)
    let top = try #require(schema.group("top"))
    let three = try #require(schema.group("three"))
    #expect(schema.metricNames() == ["quasi_exact_match", "exact_match", "f1", "bleu"])
    #expect(schema.metricNames(of: top) == ["quasi_exact_match", "exact_match", "f1"])
    #expect(schema.metricNames(of: three) == ["bleu"])
  }

  @Test func builtInSchemasAreSound() throws {
    for name in BuiltInSchemas.order {
      let schema = try #require(BuiltInSchemas.named(name), "\(name)")
      #expect(!schema.runGroups.isEmpty && !schema.metricGroups.isEmpty, "\(name)")
      let groups = Set(schema.runGroups.map(\.name))
      for group in schema.runGroups {
        #expect(schema.expanded(group).first?.name == group.name)
        #expect(Set(schema.expanded(group).map(\.name)).isSubset(of: groups))
      }
    }
    #expect(BuiltInSchemas.named("no such schema") == nil)
    #expect(BuiltInSchemas.project(of: "lite/benchmark_output/runs/v1.0.0/x:y=1") != nil)
    #expect(
      BuiltInSchemas.project(of: "elite/runs/v1.0.0/x:y=1") == nil, "a part of a word is none")
  }

  @Test func documentsGoThroughJSON() throws {
    let schema = try JSONValue(
      parsing: #"{"run_groups": [{"name": "é"}], "x": 1e400}"#)
    let documents = [
      SchemaDocument(
        file: "a/schema.json", release: "v1.2.0", suites: ["runs/v1", ""], json: schema),
      SchemaDocument(file: "b \"c\"", release: nil, suites: [], json: .object([])),
    ]
    let json = SchemaDocument.json(documents)
    let back = try #require(SchemaDocument.documents(in: json))
    #expect(
      back.map(\.file) == documents.map(\.file) && back.map(\.release) == documents.map(\.release))
    #expect(
      back.map(\.suites) == documents.map(\.suites)
        && back.map(\.json.text) == documents.map(\.json.text))
    #expect(SchemaDocument.documents(in: .array([]))?.isEmpty == true)
    for text in [
      "{}", "[3]", #"[{"file": "a", "suites": []}]"#, #"[{"file": 1, "suites": [], "schema": {}}]"#,
    ] {
      #expect(SchemaDocument.documents(in: try JSONValue(parsing: text)) == nil, "\(text)")
    }
    #expect(documents[0].describes("runs/v1/boolq") && documents[0].describes("boolq"))
    #expect(!documents[0].describes("runs/v10/boolq") && !documents[1].describes("boolq"))
  }
}
