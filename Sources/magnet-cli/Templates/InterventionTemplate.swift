/// The files of an intervention: two programs in Python, or a package in Swift. Both prefer the words that best answers
/// had more often than worse ones.
enum InterventionTemplate {
  static func python(_ name: String) -> [(path: String, text: String)] {
    [("README.md", pythonReadme(name)), ("train.py", train), ("eval.py", eval), ("words.py", words)]
  }

  /// - Parameter magnet: where the package magnet is, a folder or an address.
  static func swift(_ name: String, magnet: String) -> [(path: String, text: String)] {
    [
      ("Package.swift", package(name, magnet)), ("README.md", swiftReadme(name)),
      ("Sources/\(name)/main.swift", source(name)), (".gitignore", ".build/\nresults/\n"),
    ]
  }

  private static func pythonReadme(_ name: String) -> String {
    """
    # \(name)

    An intervention on distributions of preference examples, for magnet: `train.py` learns from a training half, `eval.py`
    evaluates on test halves. They need Python 3 alone.

        magnet shift run SHIFTS.json --distributions DISTRIBUTIONS --intervention \(name)

    magnet starts them in a folder of their own, which holds what they may see and nothing else:

        train.py --model_dir DIR --train_distribution DIR --output_dir DIR
        eval.py  --model_dir DIR --distribution_dirs '["DIR", ...]' --output_paths '["FILE", ...]'

    The article "Interventions in any language" has the whole contract. What they print on standard error is shown when
    something goes wrong.

    """
  }

  private static let words = #"""
    """What train.py and eval.py share: the words of an answer, and pairs of a best answer and a worse one."""
    import re


    def words(text):
        return set(re.findall(r"\w+", text.lower()))


    def pairs(examples):
        for example in examples:
            responses = example["responses"]
            best = next(text for text, value in responses.items() if value == 1)
            for text, value in responses.items():
                if value == 0:
                    yield best, text

    """#

  private static let train = #"""
    """train.py --model_dir DIR --train_distribution DIR --output_dir DIR

    Counts in how many best and worse answers each word is, and keeps the logarithm of their ratio.
    """
    import argparse
    import collections
    import json
    import math
    import os

    from words import pairs, words

    parser = argparse.ArgumentParser()
    parser.add_argument("--model_dir", required=True)
    parser.add_argument("--train_distribution", required=True)
    parser.add_argument("--output_dir", required=True)
    options = parser.parse_args()

    with open(os.path.join(options.train_distribution, "train.json"), encoding="utf-8") as file:
        examples = json.load(file)
    best, worse = collections.Counter(), collections.Counter()
    for a, b in pairs(examples):
        best.update(words(a))
        worse.update(words(b))
    weights = {word: math.log((best[word] + 1) / (worse[word] + 1)) for word in sorted(set(best) | set(worse))}

    os.makedirs(options.output_dir, exist_ok=True)
    with open(os.path.join(options.output_dir, "weights.json"), "w") as file:
        json.dump(weights, file)

    """#

  private static let eval = #"""
    """eval.py --model_dir DIR --distribution_dirs '["DIR", ...]' --output_paths '["FILE", ...]'"""
    import argparse
    import json
    import math
    import os

    from words import pairs, words

    parser = argparse.ArgumentParser()
    parser.add_argument("--model_dir", required=True)
    parser.add_argument("--distribution_dirs", required=True)
    parser.add_argument("--output_paths", required=True)
    options = parser.parse_args()

    with open(os.path.join(options.model_dir, "weights.json")) as file:
        weights = json.load(file)


    def reward(text):
        return math.fsum(weights.get(word, 0.0) for word in words(text))


    for folder, path in zip(json.loads(options.distribution_dirs), json.loads(options.output_paths)):
        with open(os.path.join(folder, "test.json"), encoding="utf-8") as file:
            examples = json.load(file)
        # The probability given to the best answer of each pair.
        p = [1 / (1 + math.exp(-max(-700, min(700, reward(a) - reward(b))))) for a, b in pairs(examples)]
        # A tie is half right.
        accuracy = sum(1.0 if x > 0.5 else 0.5 if x == 0.5 else 0.0 for x in p) / len(p)
        with open(path, "w") as file:
            json.dump({"eval_accuracy": accuracy, "eval_probabilities": p}, file)

    """#

  // MARK: - Swift

  private static func package(_ name: String, _ magnet: String) -> String {
    let magnet = PackageReference(magnet)
    return """
      // swift-tools-version: 6.1
      import PackageDescription

      let package = Package(
        name: "\(name)",
        platforms: [.macOS(.v15)],
        dependencies: [.package(\(magnet.place))],
        targets: [
          .executableTarget(
            name: "\(name)",
            dependencies: [
              .product(name: "Magnet", package: "\(magnet.identity)"), .product(name: "Shifts", package: "\(magnet.identity)"),
            ])
        ]
      )

      """
  }

  private static func swiftReadme(_ name: String) -> String {
    """
    # \(name)

    An intervention on distributions of preference examples, for magnet: a reward model in `Sources/\(name)/main.swift`.

        swift run \(name) SHIFTS.json DISTRIBUTIONS

    trains it on the source of each shift, evaluates it on the targets, and prints the metrics. Results are kept in the
    folder `results`, which `magnet shift table results SHIFTS.json --baseline chance` compares with others.

    """
  }

  private static func source(_ name: String) -> String {
    """
    import Magnet
    import Shifts

    /// Prefers the words that best answers had more often than worse ones.
    struct \(name): RewardIntervention {
      let name = "\(name)"

      func fit(_ pairs: [PreferencePair], seed: Int) -> any RewardModel {
        var weights: [String: Double] = [:]
        for pair in pairs {
          for word in words(of: pair.best) { weights[word, default: 0] += 1 }
          for word in words(of: pair.worse) { weights[word, default: 0] -= 1 }
        }
        return WordRewards(weights: weights.mapValues { $0 / Double(max(1, pairs.count)) })
      }

      func load(_ value: JSONValue) throws -> any RewardModel {
        guard case .object(let members) = value else { return WordRewards(weights: [:]) }
        return WordRewards(
          weights: Dictionary(members.map { ($0.key, $0.value.double ?? 0) }, uniquingKeysWith: { $1 }))
      }
    }

    struct WordRewards: RewardModel {
      let weights: [String: Double]

      func reward(prompt: String, response: String) -> Double {
        // In order: equal answers have equal rewards to the last bit.
        words(of: response).sorted().reduce(0) { $0 + (weights[$1] ?? 0) }
      }

      var json: JSONValue {
        .object(weights.keys.sorted().map { JSONValue.Member(key: $0, value: .double(weights[$0] ?? 0)) })
      }
    }

    func words(of text: String) -> Set<String> {
      Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
    }

    let arguments = CommandLine.arguments
    if arguments.count != 3 {
      print("usage: \\(arguments[0]) SHIFTS.json DISTRIBUTIONS")
    } else {
      var run = ShiftRun(
        shifts: try ShiftSet(file: arguments[1]), distributions: arguments[2], results: "results")
      run.interventions = [\(name)()]
      let outcome = try await run.perform()
      for failure in outcome.failures { print(failure) }
      print(outcome.metrics[0].table)
    }

    """
  }
}
