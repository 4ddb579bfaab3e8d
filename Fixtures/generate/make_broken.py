#!/usr/bin/env python3
"""Makes Fixtures/broken: one small run for each fault, from a cut-down run of plain-v1, and `whole` without any.

    make_broken.py

Needs nothing but Python. What it removes and writes is Fixtures/broken alone.
"""
import json
import os
import shutil
from pathlib import Path

fixtures = Path(__file__).resolve().parent.parent
source = fixtures / "benchmark_output/runs/plain-v1/trivia:subject=capitals,model=acme_base"
target = fixtures / "broken"


def load(name):
    return json.loads((source / name).read_text())


def small_run(fault):
    """One request, three statistics, one bundle of three statistics."""
    spec = load("run_spec.json")
    spec["name"] = f"tiny:fault={fault},model=acme_base"
    state = load("scenario_state.json")
    state["request_states"] = state["request_states"][:1]
    bundle = load("per_instance_stats.json")[0]
    bundle["stats"] = bundle["stats"][:3]
    return {
        "run_spec.json": spec,
        "scenario_state.json": state,
        "stats.json": load("stats.json")[:3],
        "per_instance_stats.json": [bundle],
    }


def write(fault, change=None, folder=None):
    """Writes a run; `change` alters its files, a dictionary from names to JSON values or bytes."""
    files = small_run(fault)
    if change:
        change(files)
    path = target / (folder or fault)
    path.mkdir(parents=True)
    for name, value in files.items():
        data = value if isinstance(value, bytes) else json.dumps(value, indent=2).encode()
        (path / name).write_bytes(data)
    return path


def text(files, name):
    return json.dumps(files[name], indent=2).encode()


def replacing(name, value):
    def change(files):
        files[name] = value(files) if callable(value) else value

    return change


def setting(name, *path_and_value):
    *path, last, value = path_and_value

    def change(files):
        at = files[name]
        for key in path:
            at = at[key]
        at[last] = value

    return change


def removing(name, *path):
    def change(files):
        if not path:
            del files[name]
            return
        at = files[name]
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]

    return change


shutil.rmtree(target, ignore_errors=True)
write("whole")

empty = target / "empty:model=acme_base"
empty.mkdir()
(empty / ".gitkeep").touch()  # git keeps no empty folder; hidden files do not count

for name in ["run_spec", "scenario_state", "stats", "per_instance_stats"]:
    write(f"missing-{name.replace('_', '-')}", removing(f"{name}.json"))
write("empty-file", replacing("stats.json", b""))
write("blank-file", replacing("stats.json", b" \n\n"))
write("truncated-run-spec", replacing("run_spec.json", lambda f: text(f, "run_spec.json")[:200]))
write("truncated-state", replacing("scenario_state.json", lambda f: text(f, "scenario_state.json")[:700]))
write("truncated-stats", replacing("stats.json", lambda f: text(f, "stats.json")[:100]))
write(
    "truncated-instance-stats",
    replacing("per_instance_stats.json", lambda f: text(f, "per_instance_stats.json")[:-3]),
)
write(
    "not-utf8",
    replacing("stats.json", lambda f: text(f, "stats.json").replace(b"num_references", b"num\xffreferences", 1)),
)
write("not-json", replacing("stats.json", b"<html><body>404 Not Found</body></html>\n"))
write("object-for-list", replacing("stats.json", {"stats": []}))
write("list-for-object", replacing("scenario_state.json", []))
write("string-run-spec", replacing("run_spec.json", "run"))
write("number-for-run-name", setting("run_spec.json", "name", 3))
write("number-for-stat-name", setting("stats.json", 1, "name", "name", 7))
write("string-for-metric-name", setting("stats.json", 2, "name", "exact_match"))
write("number-for-instance-stat-name", setting("per_instance_stats.json", 0, "stats", 1, "name", "name", 7))
write("numbers-for-stats", replacing("stats.json", [1, 2]))
write("no-request-states", removing("scenario_state.json", "request_states"))
write("number-for-request-states", setting("scenario_state.json", "request_states", 5))
write("string-for-request-state", setting("scenario_state.json", "request_states", 0, "request"))
write("no-stats-in-bundle", removing("per_instance_stats.json", 0, "stats"))
write("stat-without-name", removing("stats.json", 0, "name"))
path = write("unreadable", removing("stats.json"))
os.symlink("stats.json", path / "stats.json")  # a link to itself: even root cannot read it
