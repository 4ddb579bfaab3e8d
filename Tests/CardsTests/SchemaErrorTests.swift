import Magnet
import Testing

@testable import Cards

/// One card for each sentence that the schema can say, with what would help.
@Suite struct SchemaErrorTests {
  /// The faults of a card with a sound header of seven lines, without their places.
  static func problems(_ body: String) throws -> [String] {
    let body = body.contains("claim:") ? body : "claim: {expr: '1'}\n" + body
    let whole = body.contains("symbols:") || body.contains("kwdagger:") ? body : body + "\nsymbols: {}"
    return try EvaluationCard(text: SchemaTests.header + whole, path: "c.yaml").faults.map { fault in
      fault.problem + (fault.advice.map { "; " + $0 } ?? "")
    }
  }

  @Test(
    arguments: [
      ("where: [1]", "where is a text, not a list"),
      ("where: 1", "where is a text, not an int; put it in quotes"),
      ("data: {a: 1}", "data is a path or a list of paths, not a mapping"),
      ("data: [1]", "data[0] is a text, not an int; put it in quotes"),
      ("attach: [a]", "attach is a mapping of names to files, not a list"),
      ("attach: {1a: x}", "'1a' is not a name: letters, digits and _"),
      ("attach: {a b: x}", "'a b' is not a name: letters, digits and _"),
      ("attach: {a: [x]}", "attach.a is a text, not a list"),
      ("category: 1", "category is a text, not an int; put it in quotes"),
      ("symbols: 3", "symbols is a mapping of names to symbols, not an int"),
      ("symbols: {1: {value: 2}}", "the name of a symbol is a text, not an int; put it in quotes"),
      ("symbols: {x: {value: 1, 2: 3}}", "the key 2 of symbol 'x' is not a text; put it in quotes"),
      ("symbols: {x: {type: 1, value: 1}}", "the type of symbol 'x' is a text, not an int; put it in quotes"),
      ("symbols: {x: {python: a, sql: b, type: int}}", "symbol 'x' has python and sql; give one of them"),
      (
        "symbols: {x: {value: 1, depends: [y], depends_on: [z]}, y: {value: 1}, z: {value: 1}}",
        "depends and depends_on of symbol 'x' differ; keep depends_on"
      ),
      ("symbols: {x: {value: 1, depends_on: y}}", "depends_on of symbol 'x' is a list of texts, not a text"),
      (
        "symbols: {x: {value: 1, depends_on: [1]}}",
        "depends_on of symbol 'x'[0] is a text, not an int; put it in quotes"
      ),
      ("symbols: {x: {value: 1, metadata: 1}}", "metadata of symbol 'x' is a mapping, not an int"),
      ("symbols: {x: {value: 1, metadata: {display: 1}}}", "display is true or false, not an int"),
      (
        "symbols: {x: {value: 1, metadata: {define_metric: {}}}}",
        "define_metric has no aggregation_strategy; such as {type: mean}"
      ),
      (
        "symbols: {x: {value: 1, metadata: {define_metric: {aggregation_strategy: {}}}}}",
        "aggregation_strategy has no type; it is mean, max or min"
      ),
      (
        "symbols: {x: {value: 1, metadata: {define_metric: {aggregation_strategy: {type: median}}}}}",
        "the type of the aggregation is mean, max or min, not 'median'"
      ),
      (
        "symbols: {x: {value: 1, metadata: {define_metric: {objective: up, aggregation_strategy: {type: max}}}}}",
        "objective is maximize or minimize, not 'up'"
      ),
      ("symbols: {x: {python: ' '}}", "the python of symbol 'x' is empty; it assigns x"),
      (
        "symbols: {a-b: {type: int, sql: SELECT 1}}",
        "'a-b' is not a name that SQL can use: letters, digits and _"
      ),
      (
        "symbols: {x: {type: complex, sql: SELECT 1}}",
        "the type of symbol 'x', complex, is none that a query can give; use int, float, str, bool, a List of these, List[Tuple[str, float]], Dict[str, float] or table"
      ),
      (
        "symbols: {x: {type: 'int | str', python: x = 1}}",
        "the type of symbol 'x', int | str, accepts no value in MAGNET; use Any"
      ),
      (
        "symbols: {x: {type: 'Tuple[int, ...]', python: x = 1}}",
        "the type of symbol 'x', Tuple[int, ...], stops MAGNET; name each element, or use tuple"
      ),
      (
        "symbols: {x: {type: callable, python: x = 1}}",
        "the type of symbol 'x', callable, is not a type; use Any"
      ),
      ("claim_aggregation_strategy: {}", "claim_aggregation_strategy has no type"),
      (
        "claim_aggregation_strategy: {type: fraction, parameters: {}}",
        "claim_aggregation_strategy.parameters has no threshold"
      ),
      (
        "claim_aggregation_strategy: {type: fraction, parameters: {threshold: .nan}}",
        "threshold is not a number"
      ),
      (
        "claim_aggregation_strategy: {type: fraction, parameters: {threshold: 0}}",
        "a threshold of 0 is always reached; it is a share, such as 0.8"
      ),
      (
        "claim_aggregation_strategy: {type: fraction, parameters: {threshold: 80}}",
        "a threshold of 80 is never reached; it is a share, such as 0.8"
      ),
      ("claim: {expr: ' '}", "the claim is empty"),
      ("claim: {expr: a, sql: b}", "claim has expr and sql; give one of them"),
      (
        "claim: {python: assert x, message: m}",
        "claim.message goes with expr and sql; in Python, write it into the claim"
      ),
      (
        "claim: {python: assert x, unsure: u}",
        "claim.unsure goes with expr and sql; in Python, write it into the claim"
      ),
      ("claim: {python: '# later'}", "the claim is empty, so nothing is checked"),
      ("titel: t", "unknown key 'titel' (did you mean title?)"), ("zzzzzz: t", "unknown key 'zzzzzz'"),
    ] as [(String, String)])
  func eachFaultHasItsSentence(_ body: String, _ expected: String) throws {
    #expect(try Self.problems(body) == [expected])
  }

  @Test(
    arguments: [
      ("title: 1", "title is a text, not an int; put it in quotes"),
      ("version: [1]", "version is a text or a number, not a list"),
      ("tags: a", "tags is a list of texts, not a text"),
      ("organizations: [a, 1]", "organizations[1] is a text, not an int; put it in quotes"),
      ("submitter: {name: a}", "submitter has no email"),
      ("submitter: a", "submitter is a mapping, not a text"),
      ("submitter: {name: a, email: 1}", "submitter.email is a text, not an int; put it in quotes"),
      ("links: a", "links is a list of {title, url, type}, not a text"),
      ("links: [a]", "links[0] is a mapping, not a text"),
      ("links: [{title: a, url: b}]", "links[0] has no type"),
    ] as [(String, String)])
  func headersHaveTheirSentences(_ line: String, _ expected: String) throws {
    let key = line.prefix { $0 != ":" } + ":"
    let lines = SchemaTests.header.split(separator: "\n").map { $0.hasPrefix(key) ? line : String($0) }
    let text = lines.joined(separator: "\n") + "\nclaim: {expr: '1'}\nsymbols: {}\n"
    let faults = try EvaluationCard(text: text, path: "c.yaml").faults
    #expect(faults.map { $0.problem + ($0.advice.map { "; " + $0 } ?? "") } == [expected])
    #expect(faults.first?.severity == .error && faults.first?.mark != nil)
  }

  @Test(
    arguments: [
      ("theory: {entrys: []}", ["unknown key 'entrys' (did you mean entries?) in theory"]),
      ("theory: 1", ["theory is a mapping, not an int"]),
      ("theory: {links: 1}", ["theory.links is a list, not an int"]),
      ("theory: {links: [{relation: tests}]}", ["theory.links[0] has no ref"]),
      ("theory: {links: [{ref: a}]}", ["theory.links[0] has no relation"]),
      (
        "theory: {links: [{relation: proves, ref: a}]}",
        ["theory.links[0].relation is tests, approximates or motivates, not 'proves'"]
      ),
      (
        "theory: {links: [{relation: tests, ref: 'a::b'}]}",
        ["theory.links[0] names a premise; a card's links name entries"]
      ),
      (
        "theory: {links: [{relation: tests, ref: ''}]}",
        ["theory.links[0].ref is empty; a card's links name entries"]
      ),
      (
        "theory: {entries: [{id: a, kind: theorem}]}",
        ["theory.entries[0] has neither a statement nor a declaration"]
      ),
      (
        "theory: {entries: [{id: a, kind: lemma, statement: s}]}",
        ["theory.entries[0].kind is theorem, conjecture, question or definition, not 'lemma'"]
      ),
      ("theory: {entries: [{kind: theorem, statement: s}]}", ["theory.entries[0] has no id"]),
      (
        "theory: {entries: [{id: 'a::b', kind: theorem, statement: s}]}",
        ["the id of theory.entries[0] has ::"]
      ),
      ("theory: {entries: [{id: a, statement: s}]}", ["theory.entries[0] has no kind"]),
      (
        "theory: {entries: [{id: a, kind: theorem, statement: s, formalization: {}}]}",
        ["the formalization of theory.entries[0] has no system"]
      ),
      (
        "theory: {entries: [{id: a, kind: theorem, statement: s, formalization: {system: L, repository: r}}]}",
        ["the formalization of theory.entries[0] has a repository and no revision"]
      ),
      (
        "theory: {entries: [{id: a, kind: theorem, statement: s, premises: [{id: p}, {id: p}]}]}",
        ["the premise 'p' is there twice"]
      ),
      (
        "theory: {entries: [{id: a, kind: theorem, statement: s, premises: [{id: 'p::q'}, {type: t}]}]}",
        ["the id of theory.entries[0].premises[0] has ::", "theory.entries[0].premises[1] has no id"]
      ),
      ("theory: {indexes: a}", ["theory.indexes is a list of texts, not a text"]), ("theory:", []),
      ("theory: {}", []),
    ] as [(String, [String])])
  func theoriesHaveTheirSentences(_ body: String, _ expected: [String]) throws {
    #expect(try Self.problems(body) == expected)
  }

  @Test(
    arguments: [
      ("kwdagger: 1", "kwdagger is a mapping, not an int"),
      ("kwdagger: {}", "kwdagger has no pipeline; it is a mapping with nodes, or a file with one"),
      ("kwdagger: {pipeline: {}}", "kwdagger.pipeline has no nodes"),
      ("kwdagger: {pipeline: {nodes: 1}}", "kwdagger.pipeline.nodes is a mapping, not an int"),
      (
        "kwdagger: {result_node: b, pipeline: {nodes: {a: {}}}}",
        "result_node 'b' is not a node of the pipeline (did you mean a?)"
      ),
      (
        "kwdagger: {pipeline: {nodes: {a: {out_paths: {x: y}, primary_out_key: z}}}}",
        "primary_out_key 'z' of node 'a' is not one of its out_paths (did you mean x?)"
      ),
      (
        "kwdagger: {pipeline: {nodes: {node: {}}, edges: ['node.x -> nodes.y']}}",
        "an edge names 'nodes', which is not a node (did you mean node?)"
      ),
      (
        "kwdagger: {pipeline: {nodes: {node: {}}, edges: [{src: other.x, dst: node}]}}",
        "an edge names 'other', which is not a node"
      ),
      (
        "kwdagger: {pipeline: {nodes: {a: {}}}, matrix: 1}",
        "kwdagger.matrix is a mapping of parameters to values, not an int"
      ),
      (
        "kwdagger: {pipeline: {nodes: {a: {}}}, matrix: {1: 2}}",
        "the name of a parameter is a text, not an int"
      ),
      (
        "kwdagger: {pipeline: {nodes: {a: {}}}}\nname: a b",
        "name 'a b' is not a folder's name; use letters, digits, _ and -, and put the readable name into title"
      ),
      (
        "kwdagger: {pipeline: {nodes: {a: {}}}}\nevidence: {scope: some}",
        "evidence.scope is all or requested, not 'some'"
      ),
      (
        "kwdagger: {pipeline: {nodes: {a: {}}}}\nsymbols: {v: {sweep: [1]}}",
        "symbol 'v' is swept, and the card runs a pipeline; vary parameters in kwdagger.matrix"
      ),
      (
        "kwdagger: {pipeline: {nodes: {a: {}}}}\nsymbols: {metrics: {}}",
        "'metrics' is the name of columns of the results; give the symbol another name"
      ),
      ("pipeline: 1\nsymbols: {}", "pipeline is a mapping of names to nodes, not an int"),
      ("pipeline: {}\nsymbols: {}", "the pipeline has no nodes"),
      ("pipeline: {a: 1}\nsymbols: {}", "pipeline.a is a mapping, not an int"),
      (
        "pipeline: {a: {}}\nkwdagger: {pipeline: x.yaml}\nsymbols: {}",
        "a card has pipeline or kwdagger, not both"
      ),
    ] as [(String, String)])
  func pipelinesHaveTheirSentences(_ body: String, _ expected: String) throws {
    #expect(try Self.problems(body) == [expected])
  }

  /// What types of queries are: a grammar of five forms, whatever blanks they have.
  @Test func typesOfQueries() {
    let scalars: [SQLType.Scalar] = [.int, .float, .str, .bool]
    for scalar in scalars {
      #expect(SQLType(scalar.rawValue) == .scalar(scalar))
      for list in ["List[\(scalar)]", "list[\(scalar)]", " List[ \(scalar) ] "] {
        #expect(SQLType(list) == .list(scalar))
      }
      for other in scalars {
        #expect(SQLType("List[Tuple[\(scalar), \(other)]]") == .rows([scalar, other]))
        #expect(SQLType("list[tuple[\(scalar),Any,\(other)]]") == .rows([scalar, nil, other]))
        #expect(SQLType("Dict[\(scalar), \(other)]") == .pairs(key: scalar, value: other))
        #expect(SQLType("dict[Any,\(other)]") == .pairs(key: nil, value: other))
      }
    }
    #expect(
      SQLType("table") == .table && SQLType("table")?.isTable == true && SQLType("int")?.isTable == false)
    for text in [
      "", "Table", "List", "List[]", "List[List[int]]", "Dict[int]", "Dict[int,int,int]", "Tuple[int]",
      "List[Tuple[]]",
      "List[Tuple[int]", "List[int", "Int", "Any", "List[Any]", "Optional[int]",
    ] { #expect(SQLType(text) == nil, "\(text)") }
  }

  @Test(arguments: [
    ("a", true), ("_", true), ("a1_", true), ("é", true), ("漢", true), ("", false), ("1a", false),
    ("a-b", false), ("a b", false),
    ("a.b", false), ("a\n", false), ("😀", false),
  ])
  func namesArePythons(_ text: String, _ isName: Bool) { #expect(CardSyntax.isIdentifier(text) == isName) }
}
