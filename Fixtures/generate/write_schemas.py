#!/usr/bin/env python3
"""Writes Sources/Magnet/Scores/EmbeddedSchemas.swift: what HELM's schema_*.yaml say about headline metrics and
leaderboards, the display names and order of its models, and the main metrics that only scenario classes name.

    python3 Fixtures/generate/write_schemas.py [HELM_PACKAGE_FOLDER] > Sources/Magnet/Scores/EmbeddedSchemas.swift

HELM_PACKAGE_FOLDER is the folder `helm` of crfm-helm 0.5.16, by default that of the installed package. Needs PyYAML;
HELM itself is not imported. Descriptions and taxonomies are left out: they decide no number and no title.
"""

import ast
import importlib.util
import json
import pathlib
import sys

import yaml

VERSION = "0.5.16"
FIELDS = {
    "metrics": ["name", "display_name", "short_display_name", "lower_is_better"],
    "perturbations": ["name", "display_name", "short_display_name"],
    "metric_groups": [
        "name", "display_name", "short_display_name", "metrics", "hide_win_rates", "aggregation_strategies",
    ],
    "run_groups": [
        "name", "display_name", "short_display_name", "metric_groups", "subgroups", "sub_splits",
        "subgroup_display_mode", "subgroup_metric_groups_hidden", "environment", "category", "visibility",
        "adapter_keys_shown",
    ],
}


def main():
    if len(sys.argv) > 1:
        helm = pathlib.Path(sys.argv[1])
    else:
        helm = pathlib.Path(importlib.util.find_spec("helm").submodule_search_locations[0])
    schemas = {}
    for file in sorted((helm / "benchmark" / "static").glob("schema_*.yaml")):
        raw = yaml.safe_load(file.read_text())
        schemas[file.stem.removeprefix("schema_")] = {
            section: [kept(item, fields) for item in raw.get(section) or []] for section, fields in FIELDS.items()
        }
    known = {g["name"] for s in schemas.values() for g in s["run_groups"] if "main_name" in g.get("environment", {})}
    schemas["scenarios"] = scenario_schema(helm, known)
    models = yaml.safe_load((helm / "config" / "model_metadata.yaml").read_text())["models"]
    deployments = yaml.safe_load((helm / "config" / "model_deployments.yaml").read_text())["model_deployments"]
    names = [[m["name"], m["display_name"]] for m in models]
    renamed = [
        [d["name"], d["model_name"]] for d in deployments if d.get("model_name") and d["model_name"] != d["name"]
    ]
    print(f"// Written by Fixtures/generate/write_schemas.py from crfm-helm {VERSION} (Apache License 2.0). Not edited by hand.")
    print("// swift-format-ignore-file\n")
    print("enum EmbeddedSchemas {")
    print(f'  static let version = "{VERSION}"')
    print("  /// The schemas by name: one JSON text each, with the keys of HELM's schema.json.")
    print("  static let all: [(name: String, json: String)] = [")
    for name, schema in schemas.items():
        print(f'    ("{name}", {literal(schema)}),')
    print("  ]")
    print("  /// HELM's models in its order: [name, display name].")
    print(f"  static let models = {literal(names)}")
    print("  /// Deployments whose name is not their model's: [deployment, model].")
    print(f"  static let deployments = {literal(renamed)}")
    print("}")


def kept(item, fields):
    """The fields that decide something, in order, without those that are unset."""
    # An empty list of aggregation strategies means none; a missing one means the win rate.
    return {
        field: item[field]
        for field in fields
        if item.get(field) not in (None, [], {}) or (field == "aggregation_strategies" and field in item)
    }


def literal(value):
    """JSON as a literal of Swift, an item of a schema per line."""
    def compact(item):
        return json.dumps(item, ensure_ascii=False, separators=(",", ":"))

    def listed(items):
        return "[" + ",\n".join(compact(item) for item in items) + "]"

    if isinstance(value, dict):
        text = "{" + ",\n".join(f'"{key}":{listed(items)}' for key, items in value.items()) + "}"
    else:
        text = listed(value)
    assert '"##' not in text and "\\#" not in text
    return '##"""\n' + text + '\n"""##'


def scenario_schema(helm, known):
    """A schema of the groups that have a main metric in a scenario class only, read without running the class."""
    found = {}
    for file in sorted((helm / "benchmark" / "scenarios").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ScenarioMetadata"):
                continue
            values = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
            name, metric = values.get("name"), values.get("main_metric")
            if name and metric and metric != "unknown" and name not in known and values.get("main_split"):
                found[name] = {"main_name": metric, "main_split": values["main_split"]}
    matcher = {"name": "${main_name}", "split": "${main_split}"}
    return {
        "metrics": [],
        "perturbations": [],
        "metric_groups": [{"name": "accuracy", "display_name": "Accuracy", "metrics": [matcher]}],
        "run_groups": [
            {"name": name, "metric_groups": ["accuracy"], "environment": environment}
            for name, environment in sorted(found.items())
        ],
    }


main()
