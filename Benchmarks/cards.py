#!/usr/bin/env python3
"""Measures `magnet card evaluate` beside MAGNET's own command. usage: cards.py BINARY [--repeats N]

A Python with aiq-magnet[helm] is named by MAGNET_BENCH_PYTHON_MAGNET, or is that of MAGNET_BENCH_VENV (README.md); where
there is none, the rows beside ours are left out. All cards and runs are made in a temporary folder, from Fixtures/.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

fixtures = pathlib.Path(__file__).resolve().parent.parent / "Fixtures"
MODELS = [f"meta/llama-{n}" for n in ("2-13b", "2-70b", "2-7b", "3-70b", "3-8b", "65b")]
HEADER = """title: t
description: d
version: 1.0
organizations: [b]
submitter: {name: n, email: e}
tags: []
links: []
"""
SMALL = HEADER + """claim:
  python: |
    for even, odd in zip(evens, odds):
      assert even + odd == odd + even
symbols:
  evens: {type: "List[int]", python: "evens = list(range(-10, 11, 2))"}
  odds: {type: "List[int]", depends_on: [evens], python: "odds = [n + 1 for n in evens]"}
"""
SWEEP = "[" + ", ".join(MODELS) + "]"
LLAMA_SQL = HEADER + f"""claim:
  expr: abs(comp_score - base_score) < threshold
symbols:
  threshold: {{type: float, value: 0.1}}
  base_model: {{type: str, sweep: {SWEEP}}}
  base_score:
    type: float
    depends_on: [base_model]
    sql: SELECT avg(mean) FROM scores WHERE metric = 'exact_match' AND perturbation IS NULL AND model = :base_model
  comp_model: {{type: str, sweep: {SWEEP}}}
  comp_score:
    type: float
    depends_on: [comp_model]
    sql: SELECT avg(mean) FROM scores WHERE metric = 'exact_match' AND perturbation IS NULL AND model = :comp_model
"""
LLAMA_PYTHON = HEADER + f"""claim:
  python: assert abs(comp_score - base_score) < threshold
symbols:
  threshold: {{type: float, value: 0.1}}
  base_model: {{type: str, sweep: {SWEEP}}}
  comp_model: {{type: str, sweep: {SWEEP}}}
  runs:
    type: object
    python: |
      import ubelt as ub
      from magnet.backends.helm.helm_outputs import HelmOutputs, HelmSuiteRuns
      paths = []
      for suite in HelmOutputs(ub.Path('./benchmark_output')).suites():
        paths.extend(suite.runs('*').paths)
      runs = HelmSuiteRuns.coerce(paths)
  scores:
    type: Any
    depends_on: [runs]
    python: |
      stats = runs.stats()
      stats = stats[(stats['stats.name.name'] == 'exact_match') & stats['stats.name.perturbation.name'].isna()]
      models = runs.run_spec().set_index('run_spec.name')['run_spec.adapter_spec.model'].to_dict()
      stats = stats.assign(model=stats['run_spec.name'].map(models))
      scores = stats.groupby('model')['stats.mean'].mean().to_dict()
  base_score: {{type: float, depends_on: [scores, base_model], python: "base_score = float(scores[base_model])"}}
  comp_score: {{type: float, depends_on: [scores, comp_model], python: "comp_score = float(scores[comp_model])"}}
"""
MANY_SQL = HEADER + "claim: {expr: n >= 0}\nsymbols:\n  n: {type: int, sweep: [" + ", ".join(map(str, range(10_000))) + "]}\n"
MANY_PYTHON = MANY_SQL.replace("claim: {expr: n >= 0}", "claim: {python: assert n >= 0}")


def make_runs(folder):
    """Runs of six models on two subjects, out of a run that HELM wrote."""
    template = fixtures / "benchmark_output/runs/plain-v1"
    source = sorted(p for p in template.iterdir() if "model=acme_tiny" in p.name)[0]
    for model in MODELS:
        for subject in ("algebra", "chemistry"):
            name = f"mmlu:subject={subject},model={model.replace('/', '_')}"
            run = folder / "benchmark_output/runs/v1" / name
            shutil.copytree(source, run)
            spec = json.loads((run / "run_spec.json").read_text())
            spec["name"] = name
            spec["adapter_spec"]["model"] = model
            (run / "run_spec.json").write_text(json.dumps(spec))


def measure(command, folder, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        times.append(time.perf_counter() - start)
        if done.returncode not in (0, 1):
            sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr[-2000:]}")
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.binary).resolve())
    venv = os.environ.get("MAGNET_BENCH_VENV", os.path.join(tempfile.gettempdir(), "magnet-bench/venv"))
    python = os.environ.get("MAGNET_BENCH_PYTHON_MAGNET", venv + "/bin/python")
    has_magnet = subprocess.run([python, "-c", "import magnet, helm"], capture_output=True).returncode == 0 if os.path.exists(python) else False
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_runs(folder)
        cards = dict(small=SMALL, llama_sql=LLAMA_SQL, llama_python=LLAMA_PYTHON, many_sql=MANY_SQL, many_python=MANY_PYTHON)
        for key, text in cards.items():
            (folder / f"{key}.yaml").write_text(text)
        own = [binary, "card", "evaluate"]
        # The same interpreter on both sides: one behind a shim takes longer to start.
        asked = ["--allow-python", "--sandbox", "off"] + (["--python", python] if has_magnet else [])
        pandas = python if has_magnet else os.environ.get("MAGNET_BENCH_PYTHON_PANDAS")
        rows = [
            ("help", [binary, "--help"], None),
            ("a small card in Python", own + ["small.yaml"] + asked, "small"),
            ("36 settings in SQL", own + ["llama_sql.yaml", "benchmark_output"], "llama_python"),
            ("10,000 settings of an expression", own + ["many_sql.yaml"], None),
            ("10,000 settings of a Python claim", own + ["many_python.yaml"] + asked, None),
        ]
        if pandas:
            rows.insert(3, ("36 settings in Python", own + ["llama_python.yaml", "--allow-python", "--sandbox", "off", "--python", pandas], "llama_python"))
        known = {}
        print(f"| what | magnet, s | MAGNET, s | ratio |\n|---|---|---|---|")
        for title, command, peer in rows:
            ours = measure(command, folder, arguments.repeats)
            theirs = None
            if peer and has_magnet:
                if peer not in known:
                    known[peer] = measure([python, "-m", "magnet", "evaluate", f"{peer}.yaml"], folder, max(1, arguments.repeats // 2))
                theirs = known[peer]
            print(f"| {title} | {ours:.3f} | {f'{theirs:.2f}' if theirs else ''} | {f'{theirs / ours:.0f}' if theirs else ''} |", flush=True)


if __name__ == "__main__":
    main()
