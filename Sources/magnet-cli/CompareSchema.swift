/// The JSON Schema (draft 2020-12) of what `compare --format json` writes.
enum CompareSchema {
  static let text = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "magnet compare",
      "type": "object",
      "required": ["schema_version", "a", "b", "difference", "seed", "level", "correction", "summary", "flips", "unmatched", "files"],
      "additionalProperties": false,
      "properties": {
        "schema_version": {"const": 1},
        "a": {"type": "string"},
        "b": {"type": "string"},
        "difference": {"const": "b - a"},
        "seed": {"type": "integer"},
        "level": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "correction": {"enum": ["holm", "bh", "none"]},
        "draws": {"type": "integer", "minimum": 100},
        "equivalence_margin": {"type": "number", "exclusiveMinimum": 0},
        "summary": {
          "type": "array",
          "items": {
            "type": "object",
            "required": ["task", "metric", "split", "n", "only_a", "only_b", "mean_a", "mean_b", "diff", "lower", "upper", "p", "p_adjusted", "flips_gained", "flips_lost", "detectable", "method", "note"],
            "additionalProperties": false,
            "properties": {
              "task": {"type": "string"},
              "metric": {"type": "string"},
              "split": {"type": ["string", "null"]},
              "n": {"type": "integer", "minimum": 1},
              "only_a": {"type": ["integer", "null"], "minimum": 0},
              "only_b": {"type": ["integer", "null"], "minimum": 0},
              "mean_a": {"type": "number"},
              "mean_b": {"type": "number"},
              "diff": {"type": "number"},
              "lower": {"type": ["number", "null"]},
              "upper": {"type": ["number", "null"]},
              "p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
              "p_adjusted": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
              "flips_gained": {"type": ["integer", "null"], "minimum": 0},
              "flips_lost": {"type": ["integer", "null"], "minimum": 0},
              "detectable": {"type": ["number", "null"], "minimum": 0},
              "method": {"type": "string"},
              "note": {"type": ["string", "null"]},
              "p_equivalent": {"type": ["number", "null"], "minimum": 0, "maximum": 1}
            }
          }
        },
        "flips": {
          "type": "array",
          "items": {
            "type": "object",
            "required": ["task", "instance", "split", "perturbation", "score_a", "score_b", "answer_a", "answer_b", "input", "target"],
            "additionalProperties": false,
            "properties": {
              "task": {"type": "string"},
              "instance": {"type": "string"},
              "split": {"type": ["string", "null"]},
              "perturbation": {"type": ["string", "null"]},
              "score_a": {"type": "number"},
              "score_b": {"type": "number"},
              "answer_a": {"type": ["string", "null"]},
              "answer_b": {"type": ["string", "null"]},
              "input": {"type": ["string", "null"]},
              "target": {"type": ["string", "null"]}
            }
          }
        },
        "unmatched": {
          "type": "array",
          "items": {
            "type": "object",
            "required": ["task", "side", "instance", "split", "perturbation", "reason"],
            "additionalProperties": false,
            "properties": {
              "task": {"type": "string"},
              "side": {"enum": ["a", "b"]},
              "instance": {"type": "string"},
              "split": {"type": ["string", "null"]},
              "perturbation": {"type": ["string", "null"]},
              "reason": {"type": "string"}
            }
          }
        },
        "files": {
          "type": "array",
          "items": {
            "type": "object",
            "required": ["path", "sha256"],
            "additionalProperties": false,
            "properties": {
              "path": {"type": "string"},
              "sha256": {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
            }
          }
        }
      }
    }

    """#
}
