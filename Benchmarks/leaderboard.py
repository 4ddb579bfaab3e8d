"""Times a leaderboard of many runs with magnet and, where it is installed, with helm-summarize.

    python3 Benchmarks/leaderboard.py MAGNET [RUNS]

MAGNET is the built binary, RUNS the number of runs (default: 1000). The runs have a run_spec.json and a stats.json of 60
statistics each, 50 models by 20 scenarios of HELM Lite's groups. Each program is run three times and the fastest counts;
helm-summarize also writes its other files.
"""

import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

GROUPS = [
    ("narrative_qa", "f1_score", "test"), ("natural_qa_closedbook", "f1_score", "valid"),
    ("openbookqa", "exact_match", "test"), ("mmlu", "exact_match", "test"),
    ("math_chain_of_thought", "math_equiv_chain_of_thought", "test"), ("gsm", "final_number_exact_match", "test"),
    ("legalbench", "quasi_exact_match", "test"), ("med_qa", "quasi_exact_match", "test"), ("wmt_14", "bleu_4", "test"),
]


def stat(name, split, value):
    return {
        "name": {"name": name, "split": split}, "count": 1, "sum": value, "sum_squared": value * value, "min": value,
        "max": value, "mean": value, "variance": 0, "stddev": 0.0,
    }


def write(folder, number, draw):
    group, metric, split = GROUPS[number // 50 % len(GROUPS)]
    model = f"maker/model-{number % 50}"
    subject = f"s{number // 50}"
    name = f"{group}:subject={subject},model={model.replace('/', '_')}"
    spec = {
        "name": name, "scenario_spec": {"class_name": f"made.{group}", "args": {"subject": subject}},
        "adapter_spec": {"method": "generation", "model": model, "model_deployment": model}, "metric_specs": [],
        "groups": [group],
    }
    stats = [stat(metric, split, draw.random())]
    stats += [stat(f"other_{i}", s, draw.random()) for i in range(29) for s in ("test", "valid")]
    run = folder / name
    run.mkdir(parents=True)
    (run / "run_spec.json").write_text(json.dumps(spec, indent=2))
    (run / "stats.json").write_text(json.dumps(stats, indent=2))


def fastest(command, times=3):
    best = None
    for _ in range(times):
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        seconds = time.perf_counter() - start
        if done.returncode != 0:
            sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
        best = seconds if best is None else min(best, seconds)
    return best


def main():
    magnet = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as scratch:
        output = pathlib.Path(scratch) / "benchmark_output"
        draw = random.Random(1)
        for number in range(count):
            write(output / "runs" / "v1", number, draw)
        own = fastest([magnet, "leaderboard", str(output), "--schema", "lite", "--format", "csv"])
        print(f"magnet leaderboard  {count} runs  {own:.3f} s")
        summarize = shutil.which("helm-summarize")
        if summarize is None:
            print("helm-summarize is not installed: no ratio")
            return
        peer = fastest([summarize, "--suite", "v1", "-o", str(output), "--schema-path", lite_schema()], times=1)
        print(f"helm-summarize      {count} runs  {peer:.3f} s  {peer / own:.1f} times as long")


def lite_schema():
    import importlib.util

    helm = importlib.util.find_spec("helm").submodule_search_locations[0]
    return str(pathlib.Path(helm) / "benchmark" / "static" / "schema_lite.yaml")


main()
