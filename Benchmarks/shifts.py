#!/usr/bin/env python3
"""magnet shift beside Python that computes the same: shifts.py MAGNET [FOLDER]

Makes a tree with as many evaluations as the 50 published tables are made of (2,850 files, 49 MB) and distributions, in
FOLDER (default: a temporary one), and prints the times of both in one run.

- metrics: all 50 tables of the tree, by `magnet shift metrics` and by Python's json and csv, and whether their bytes agree
- one: one table
- bag-of-words: training on 600 examples (1,800 pairs), by `magnet shift run` and, where scikit-learn is installed, by it
- windows: `magnet shift list --check` on a distribution of N examples (--examples, default 100,000), with its peak memory
"""
import argparse
import csv
import io
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

MODELS = ["alpha-7b", "alpha-13b", "beta-30b", "gamma-3b", "delta-9b"]
INTERVENTIONS = ["zero_shot", "mms", "lora_fine_tuning", "prompt_tuning", "few_shot"]


def specification(count, draw):
    names = [f"distribution_{n}" for n in range(61)]
    rows = []
    while len(rows) < count:
        source, target = draw.sample(names, 2)
        row = {"source": source, "target": target}
        if row not in rows:
            rows.append(row)
    return rows


def evaluation(draw, pairs):
    p = [draw.random() for _ in range(pairs)]
    accuracy = sum(x > 0.5 for x in p) / pairs
    return {"eval_accuracy": accuracy, "eval_average_probability": sum(p) / pairs, "eval_probabilities": p,
            "eval_rms_calibration_error": draw.random(), "model_dir": "models/x", "timestamp": "2023-11-17"}


def make_tree(root, draw):
    sets = {"GENIES": specification(15, draw), "all": specification(56, draw)}
    sets["all"] += sets["all"][:13]
    (root / "distribution_shifts").mkdir(parents=True)
    for name, rows in sets.items():
        (root / f"distribution_shifts/{name}.json").write_text(json.dumps(rows))
    rows = {(r["source"], r["target"]) for rows in sets.values() for r in rows}
    # A handful of texts for all files: what they hold does not matter to the time.
    texts = [json.dumps(evaluation(draw, 600), indent=4) for _ in range(40)]
    count = 0
    for model in MODELS:
        folder = root / "results/target_tuned_capability" / model
        folder.mkdir(parents=True)
        for _, target in sorted(rows):
            best = {"best_intervention": "mms", "best_intervention_accuracy": draw.random(), "target": target}
            (folder / f"{target}.json").write_text(json.dumps(best))
        for intervention in INTERVENTIONS:
            for source, target in sorted(rows):
                for distribution in (target, source):
                    path = root / f"results/evaluations/{intervention}/{model}-{source}/{distribution}.json"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if not path.exists():
                        path.write_text(draw.choice(texts))
                        count += 1
    return sets, count


def read(path, cache):
    if path not in cache:
        with open(path) as file:
            value = json.load(file)
        cache[path] = (value["eval_accuracy"], value.get("eval_rms_calibration_error"))
    return cache[path]


def python_tables(root, sets):
    """What magnet computes, by the definitions."""
    tables, cache = {}, {}
    for name, rows in sets.items():
        for intervention in INTERVENTIONS:
            for model in MODELS:
                out = io.StringIO()
                write = csv.writer(out, lineterminator="\n")
                write.writerow(["source", "target", "target_reference", "generalization_accuracy", "baseline_accuracy",
                                "baseline_intervention", "target_tuned_capability", "target_tuned_capability_intervention",
                                "source_ID_accuracy", "RMS_calibration_error", "differential_elicitation"])
                base = f"{root}/results/evaluations"
                for row in rows:
                    s, t = row["source"], row["target"]
                    g, rms = read(f"{base}/{intervention}/{model}-{s}/{t}.json", cache)
                    home, _ = read(f"{base}/{intervention}/{model}-{s}/{s}.json", cache)
                    b, _ = read(f"{base}/zero_shot/{model}-{s}/{t}.json", cache)
                    with open(f"{root}/results/target_tuned_capability/{model}/{t}.json") as file:
                        best = json.load(file)
                    c = best["best_intervention_accuracy"]
                    write.writerow([s, t, t, g, b, "zero_shot", c, best["best_intervention"], home, rms, (g - b) / c])
                tables[f"{model}/{intervention}/{name}.csv"] = out.getvalue()
    return tables


def timed(command, **options):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command}: status {status}: {errors}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def examples(draw, count, words, answers=4):
    good, bad = [f"good{n}" for n in range(200)], [f"bad{n}" for n in range(200)]
    neutral = [f"word{n}" for n in range(4000)]
    out = []
    for number in range(count):
        responses = {}
        for answer in range(answers):
            kinds = draw.choices([good, bad, neutral], weights=(3, 2, 20) if answer == 0 else (2, 3, 20), k=words)
            responses[" ".join(draw.choice(kind) for kind in kinds) + f" {number} {answer}"] = 1.0 if answer == 0 else 0.0
        out.append({"prompt": f"question {number}", "responses": responses})
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("magnet")
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--examples", type=int, default=100_000)
    options = parser.parse_args()
    magnet = os.path.abspath(options.magnet)
    root = pathlib.Path(options.folder or tempfile.mkdtemp(prefix="magnet-shifts-"))
    draw = random.Random(1)
    tree = root / "tree"
    sets, count = make_tree(tree, draw)
    size = sum(f.stat().st_size for f in tree.rglob("*.json")) / 1e6
    print(f"{count} evaluations, {size:.0f} MB")

    start = time.perf_counter()
    tables = python_tables(tree, sets)
    python = time.perf_counter() - start
    specifications = [f"{tree}/distribution_shifts/{name}.json" for name in sets]
    command = [magnet, "shift", "metrics", str(tree), *specifications, "--as", "published"]
    times = [timed(command + ["--tables", str(root / f"tables-{n}")]) for n in range(3)]
    agree = all((root / "tables-0" / name).read_text() == text for name, text in tables.items())
    best, memory = min(times)[0], max(m for _, m in times)
    print(f"metrics: {len(tables)} tables, magnet {best:.2f} s, {memory:.0f} MB; Python {python:.2f} s; "
          f"ratio {python / best:.1f}; bytes {'agree' if agree else 'DIFFER'}")
    one = [magnet, "shift", "metrics", str(tree), specifications[0], "--as", "published", "--model", MODELS[0],
           "--intervention", "mms"]
    print(f"one table: magnet {min(timed(one)[0] for _ in range(5)):.3f} s")

    folder = root / "distributions"
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for half, n in (("train", 600), ("test", 250)):
            (folder / name / f"{half}.json").write_text(json.dumps(examples(draw, n, 120), indent=4))
    shifts = root / "shifts.json"
    shifts.write_text(json.dumps([{"source": "a", "target": "b"}]))
    run = [magnet, "shift", "run", str(shifts), "--distributions", str(folder), "--intervention", "bag-of-words"]
    full = timed(run + ["--results", str(root / "results")])[0]
    again = min(timed(run + ["--results", str(root / "results")])[0] for _ in range(3))
    print(f"bag-of-words: 2 trainings (1,800 pairs each) and 5 evaluations {full:.2f} s; a second run {again:.3f} s")
    # In pieces, and before scikit-learn is loaded: a child that is started by vfork is charged with its parent's memory.
    large = root / "large/big"
    large.mkdir(parents=True)
    text = json.dumps({"prompt": "p " * 400, "responses": {"a " * 300: 1.0, "b " * 300: 0.0}})
    with open(large / "train.json", "w") as file:
        for number in range(options.examples):
            file.write(("[" if number == 0 else ",\n") + text)
        file.write("]")
    (large / "test.json").write_text(f"[{text}]")
    (root / "big.json").write_text(json.dumps([{"source": "big", "target": "big"}]))
    seconds, memory = timed([magnet, "shift", "list", str(root / "big.json"), "--distributions", str(root / "large"), "--check"])
    size = (large / "train.json").stat().st_size / 1e6
    print(f"windows: {options.examples} examples, {size:.0f} MB, {seconds:.1f} s, {memory:.0f} MB")

    try:
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Fixtures/generate"))
        import numpy as np
        from scipy import sparse
        from sklearn.linear_model import LogisticRegression
        import importlib.util
        script = pathlib.Path(__file__).resolve().parent.parent / "Fixtures/generate/write_interventions.py"
        source = script.read_text().split("draw = random.Random(7)")[0]
        space = {"__name__": "definitions"}
        exec(compile(source, str(script), "exec"), space)
        training = json.loads((folder / "a/train.json").read_text())
        start = time.perf_counter()
        space["bag_of_words"](training, training[:1])
        print(f"bag-of-words: scikit-learn, one training {time.perf_counter() - start:.2f} s")
    except ImportError:
        print("bag-of-words: scikit-learn is not installed")

main()
