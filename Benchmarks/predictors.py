#!/usr/bin/env python3
"""Judges the predictors of scores that ship with magnet, and keeps the result.

    predictors.py MAGNET [PATH...] [--out FOLDER] [--repeats 40] [--jobs N] [--quick]

MAGNET is the built command. Without paths, runs are made with make_scores.py in a temporary folder; with paths (folders
of real runs, shaped like those that make_scores.py makes) these are judged. The fixtures' sweep is a third set of perturbed
runs. Prints Markdown, and with --out writes DATE.md and DATE.json there.

What is checked, each a line of the result: auto no worse than the sample mean in any cell of {held-out models, frontier}
x {10, 25, 50, 100} instances and better in most, and worse in at most one of seven cells of single scenarios; 95% intervals
of every predictor of samples covering 93 to 97%, or none being given, those of auto 93.5 to 96.5%, those of 2pl at the
frontier at least 94% from 10 instances; probabilities of instances with an expected calibration error of at most .02; the
best way to choose instances erring at most three quarters of random samples for held-out models and no more at the frontier;
the perturbation difference model at most as far off as the clean score and the seed's regression, and within .07 on made
runs. The exit status is 1 when one does not hold. Standard library only.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "Fixtures/benchmark_output/runs"
OBSERVED = [10, 25, 50, 100]
SAMPLED = ["sample-mean", "control-variate", "aipw", "rasch", "2pl", "auto", "nearest-models", "ridge", "dkps"]
BOARD = ["train-mean", "scenario-mean", "family-mean", "item-mean"]
COMPLETION = ["ridge-on-others", "rank-1-logit"]
INSTANCES = ["item-mean", "sample-mean", "nearest-models", "rasch", "2pl", "auto"]
METHODS = ["random", "stratified", "anchors", "adaptive"]
PERTURBED = ["perturbation", "clean-score", "perturbation-difference"]
SPLITS = {"held-out models": "model", "frontier": "frontier"}


class Bench:
    def __init__(self, options):
        self.options = options
        self.calls = []

    def backtest(self, predictors, paths, *more):
        """A dictionary from (predictor, observed, measure) to the value and its interval."""
        command = [self.options.magnet, "backtest", ",".join(predictors), *map(str, paths), "--format", "json",
                   "--seed", "1", *more]
        if self.options.jobs:
            command += ["--jobs", str(self.options.jobs)]
        start = time.perf_counter()
        found = subprocess.run(command, capture_output=True, text=True)
        if found.returncode not in (0, 1) or not found.stdout:
            sys.exit(f"{' '.join(command)} ended with status {found.returncode}:\n{found.stderr}")
        seconds = time.perf_counter() - start
        self.calls.append({"arguments": command[1:2] + [predictors] + list(more), "seconds": round(seconds, 1)})
        print(f"{','.join(predictors)} {' '.join(more)}: {seconds:.0f} s", file=sys.stderr)
        kept = ("predictor", "observed", "measure", "value", "lower", "upper", "targets", "intervals")
        rows = [{key: round(row[key], 6) if isinstance(row[key], float) else row[key] for key in kept}
                for row in json.loads(found.stdout)]
        return {(row["predictor"], row["observed"], row["measure"]): row for row in rows}


def value(found, *key):
    row = found.get(key)
    return None if row is None else row["value"]


def number(x, digits=3):
    return "—" if x is None else f"{x:.{digits}f}"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def by_scenario(file):
    """Mean absolute errors by (predictor, observed, scenario), each run counting once, from a score file."""
    targets, errors = {}, {}
    with open(file) as lines:
        next(lines)
        for line in map(json.loads, lines):
            if "predictor" not in line:
                targets[line["target"]] = (line["task"], line["actual"])
            elif "predicted" in line and "observed" in line:
                scenario, actual = targets[line["target"]]
                sizes = [abs(x - actual) for x in line["predicted"] if x is not None]
                key = (line["predictor"], line["observed"], scenario)
                errors.setdefault(key, []).append(sum(sizes) / len(sizes))
    return {key: sum(sizes) / len(sizes) for key, sizes in errors.items()}


def scores(bench, paths, parts, checks, kept, scratch):
    repeats = ["--repeats", str(bench.options.repeats)]
    found, worse, cells_of_scenarios = {}, [], 0
    for title, split in SPLITS.items():
        sizes = ",".join(map(str, OBSERVED))
        file = Path(scratch) / f"{split}.ndjson"
        found[title] = bench.backtest(SAMPLED + BOARD, paths, "--hold-out", split, "--observed", sizes, "--scores", str(file),
                                      *repeats)
        single = by_scenario(file)
        file.unlink()
        for (name, n, scenario), error in single.items():
            if name == "auto":
                cells_of_scenarios += 1
                sample = single["sample-mean", n, scenario]
                if error > sample:
                    worse.append(f"{scenario} {title} {n}: {error:.4f}, the sample mean {sample:.4f}")
    header = ["predictor"] + [f"{title} {n}" for title in SPLITS for n in OBSERVED]
    rows = []
    for name in BOARD + SAMPLED:
        row = [name]
        for title in SPLITS:
            for n in OBSERVED:
                mae = value(found[title], name, n, "mae")
                row.append(number(value(found[title], name, None, "mae") if mae is None else mae))
        rows.append(row)
    parts.append("## Mean absolute error of a run's score, by instances seen\n\n" + table(header, rows))
    header = ["predictor"] + [f"{title} {n}" for title in SPLITS for n in OBSERVED]
    rows = [[name] + [number(value(found[title], name, n, "coverage95")) for title in SPLITS for n in OBSERVED]
            for name in SAMPLED]
    parts.append("## Coverage of 95% intervals\n\n" + table(header, rows))
    rows = [[name] + [number(value(found[title], name, n, "width95")) for title in SPLITS for n in OBSERVED]
            for name in SAMPLED]
    parts.append("## Width of 95% intervals\n\n" + table(header, rows))
    cells, better = [], 0
    for title in SPLITS:
        for n in OBSERVED:
            auto, sample = (value(found[title], name, n, "mae") for name in ("auto", "sample-mean"))
            if auto is None or sample is None:
                continue
            cells.append(auto <= sample)
            better += auto < sample
    checks.append((f"auto no worse than the sample mean in {sum(cells)} of {len(cells)} cells, better in {better}",
                   bool(cells) and all(cells) and better > len(cells) / 2))
    checks.append((f"auto worse than the sample mean in {len(worse)} of {cells_of_scenarios} cells of single scenarios",
                   len(worse) * 7 <= cells_of_scenarios))
    if worse:
        parts.append("Cells of single scenarios where auto errs more than the sample mean: " + "; ".join(worse) + "\n")
    for title in SPLITS:
        errors = [value(found[title], "auto", n, "mae") for n in OBSERVED]
        parts.append(f"auto, {title}: mean absolute error " + " ".join(number(x, 4) for x in errors) + "\n")
    coverages = [value(found[title], "auto", n, "coverage95") for title in SPLITS for n in OBSERVED]
    coverages = [x for x in coverages if x is not None]
    checks.append((f"95% intervals of auto cover {min(coverages):.3f} to {max(coverages):.3f}",
                   all(0.935 <= x <= 0.965 for x in coverages)))
    beyond = value(found["frontier"], "2pl", 10, "coverage95")
    checks.append((f"95% intervals of 2pl cover {number(beyond)} at the frontier from 10 instances",
                   beyond is not None and beyond >= 0.94))
    for name in ("nearest-models", "ridge", "dkps"):
        rows = [row for (other, _, measure), row in found["frontier"].items()
                if other == name and measure == "coverage95" and row["intervals"] == "own"]
        covered = ", ".join(number(row["value"]) for row in rows) or "none given"
        checks.append((f"own 95% intervals of {name} at the frontier: {covered}",
                       all(row["value"] >= 0.9 for row in rows)))
    for name in SAMPLED:
        rows = [row for title in SPLITS for (other, _, measure), row in found[title].items()
                if other == name and measure == "coverage95" and row["intervals"] == "own"]
        coverages = [row["value"] for row in rows]
        text = f"cover {min(coverages):.3f} to {max(coverages):.3f}" if coverages else "are not given"
        checks.append((f"own 95% intervals of {name} {text}", all(0.93 <= x <= 0.97 for x in coverages)))
    kept["scores"] = {title: list(rows.values()) for title, rows in found.items()}


def known_elsewhere(bench, paths, parts, checks, kept):
    """auto where the model's other scenarios are known: a run held out alone."""
    sizes = ",".join(map(str, OBSERVED))
    found = bench.backtest(["auto", "ridge-on-others"], paths, "--hold-out", "run", "--observed", sizes, "--repeats",
                           str(min(20, bench.options.repeats)))
    rows = [[measure] + [number(value(found, "auto", n, measure), 4) for n in OBSERVED]
            for measure in ("mae", "coverage95", "width95")]
    parts.append("## auto, the model's other scenarios known\n\n" + table(["measure"] + [str(n) for n in OBSERVED], rows))
    coverages = [value(found, "auto", n, "coverage95") for n in OBSERVED]
    coverages = [x for x in coverages if x is not None]
    if coverages:
        checks.append((f"95% intervals of auto, other scenarios known, cover {min(coverages):.3f} to {max(coverages):.3f}",
                       all(0.935 <= x <= 0.965 for x in coverages)))
    kept["known_elsewhere"] = list(found.values())


def completion(bench, paths, parts, kept):
    found = bench.backtest(COMPLETION + BOARD, paths, "--hold-out", "run", "--observed", "10", "--repeats", "1")
    rows = [[name] + [number(value(found, name, None, measure))
                      for measure in ("mae", "rmse", "spearman", "coverage95", "width95")]
            for name in COMPLETION + BOARD]
    parts.append("## A run's score from the table of the others, the model's other scenarios among them\n\n"
                 + table(["predictor", "mae", "rmse", "spearman", "coverage95", "width95"], rows))
    kept["completion"] = list(found.values())


def instances(bench, paths, parts, checks, kept):
    found = bench.backtest(INSTANCES, paths, "--hold-out", "family", "--observed", "25", "--level", "instance")
    measures = sorted({measure for _, _, measure in found})
    rows = []
    for name in INSTANCES:
        keys = [key for key in found if key[0] == name]
        rows.append([name] + [number(next((found[key]["value"] for key in keys if key[2] == measure), None))
                              for measure in measures])
    errors = {name: value(found, name, 25, "ece") for name in ("2pl", "rasch", "auto")}
    checks.append(("expected calibration error of single instances' probabilities: "
                   + ", ".join(f"{name} {number(error)}" for name, error in errors.items()),
                   all(error is not None and error <= 0.02 for error in errors.values())))
    parts.append("## Single instances, family held out, 25 seen\n\n" + table(["predictor"] + measures, rows))
    kept["instances"] = list(found.values())


def chosen(bench, paths, parts, checks, kept):
    """Ways to choose the instances that are seen."""
    sizes = [10, 25, 50]
    found = {(title, method): bench.backtest(
                ["2pl"], paths, "--hold-out", split, "--observed", ",".join(map(str, sizes)), "--sample", method,
                "--repeats", str(min(4, bench.options.repeats)))
             for title, split in SPLITS.items() for method in METHODS}
    rows = [[method] + [" / ".join(number(value(found[title, method], "2pl", n, measure)) for measure in ("mae", "coverage95"))
                        for title in SPLITS for n in sizes] for method in METHODS]
    parts.append("## Ways to choose instances: 2pl's mean absolute error / coverage of its 95% intervals\n\n"
                 + table(["method"] + [f"{title} {n}" for title in SPLITS for n in sizes], rows))

    def ratios(title, method):
        return [value(found[title, method], "2pl", n, "mae") / value(found[title, "random"], "2pl", n, "mae")
                for n in sizes]
    best = min(METHODS[1:], key=lambda method: max(ratios("held-out models", method)))
    inside, beyond = max(ratios("held-out models", best)), max(ratios("frontier", best))
    checks.append((f"instances chosen by {best}: at most {inside:.2f} of random samples' error for held-out models, "
                   f"{beyond:.2f} at the frontier", inside <= 0.75 and beyond <= 1))
    kept["chosen"] = {f"{title}, {method}": list(rows.values()) for (title, method), rows in found.items()}


def perturbed(bench, sets, parts, checks, kept):
    rows = []
    kept["perturbed"] = {}
    for title, paths in sets.items():
        found = bench.backtest(PERTURBED, paths, "--hold-out", "model", "--target", "perturbed", "--observed", "10",
                               "--repeats", "20")
        errors = {}
        for name in PERTURBED:
            every = [row["value"] for (other, _, measure), row in found.items() if other == name and measure == "mae"]
            errors[name] = every[0] if every else None
        rows.append([title] + [number(errors[name]) for name in PERTURBED])
        seed, clean, ours = (errors[name] for name in PERTURBED)
        if None not in (seed, clean, ours):
            checks.append((f"{title}: perturbation-difference at {ours:.3f}, the seed's regression at {seed:.3f}, the "
                           f"clean score at {clean:.3f}",
                           ours <= min(seed, clean) and (title != "made" or ours <= 0.07)))
        else:
            checks.append((f"{title}: no prediction to compare", False))
        kept["perturbed"][title] = list(found.values())
    parts.append("## Mean absolute error of a score under misspellings\n\n" + table(["runs"] + PERTURBED, rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("magnet")
    parser.add_argument("paths", nargs="*", help="runs without perturbations; made when absent")
    parser.add_argument("--out", type=Path, help="a folder for the result")
    parser.add_argument("--repeats", type=int, default=40, help="samples of each run")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--quick", action="store_true", help="small runs, few samples")
    options = parser.parse_args()
    if options.quick:
        options.repeats = min(options.repeats, 5)
    bench, parts, checks, kept = Bench(options), [], [], {}
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "scores"
        maker = [sys.executable, str(HERE / "make_scores.py"), str(made)]
        subprocess.run(maker + (["--small"] if options.quick else []), check=True)
        suites = made / "benchmark_output/runs"
        paths = options.paths or [suites / "scores-v1"]
        scores(bench, paths, parts, checks, kept, scratch)
        known_elsewhere(bench, paths, parts, checks, kept)
        completion(bench, paths, parts, kept)
        instances(bench, paths, parts, checks, kept)
        chosen(bench, paths, parts, checks, kept)
        sweeps = {"made": [suites / "perturbed-v1"], "fixtures": [FIXTURES / "sweep-v1"]}
        perturbed(bench, sweeps, parts, checks, kept)
    today = datetime.date.today().isoformat()
    title = (f"# Predictors of scores, {today}\n\n`make bench-predictors`: {options.repeats} samples of each run, seed 1, "
             + ("the runs given" if options.paths else "runs of make_scores.py"
                + (" --small" if options.quick else ""))
             + f"; {platform.system()} {platform.machine()}, {os.cpu_count()} processors.\n")
    checked = "\n".join(f"- {'holds' if good else '**falls short**'}: {text}" for text, good in checks) + "\n"
    text = "\n".join([title, checked] + parts)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        kept["checks"] = [{"text": text, "holds": good} for text, good in checks]
        kept["calls"] = bench.calls
        for suffix, content in (("md", text), ("json", json.dumps(kept, separators=(",", ":")).replace("},{", "},\n{"))):
            scratch = options.out / f".predictors-{today}.{suffix}"
            scratch.write_text(content)
            scratch.rename(options.out / f"predictors-{today}.{suffix}")
    sys.exit(0 if all(good for _, good in checks) else 1)


if __name__ == "__main__":
    main()
