#!/usr/bin/env python3
"""Writes expected/: what aiq-magnet (the Python MAGNET) and CPython make of the fixtures.

usage: write_expected.py FIXTURES_FOLDER

../README.md says what is in each file.
"""

import csv
import json
import random
import sys
from pathlib import Path

import kwarray
import pandas as pd
from loguru import logger
from magnet.backends.helm.helm_outputs import HelmRuns, HelmSuites
from magnet.example_perturbation_predictor import ExamplePerturbationPredictor
from magnet.instance_predictor import InstancePredictor
from magnet.predictor import RunPrediction

PLAIN = [
    "plain-v1/trivia:subject=calendar,model=acme_tiny",
    "plain-v1/trivia:subject=capitals,model=zeta_lite",
]

SWEEP = [
    "sweep-v1/trivia:subject=capitals,data_augmentation=misspelling0,model=acme_tiny",
    "sweep-v1/trivia:subject=capitals,data_augmentation=misspelling0.05,model=zeta_pro",
    "sweep-v1/trivia:subject=marine_biology,data_augmentation=misspelling0.2,model=acme_tiny",
]


# The tables


def cell(value):
    """A cell as JSON, or an empty field where there is no value."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    value = value.item() if hasattr(value, "item") else value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_table(frame, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(frame.columns)
        writer.writerows([cell(value) for value in row] for row in frame.itertuples(index=False, name=None))


def write_tables(fixtures, expected):
    runs = fixtures / "benchmark_output" / "runs"
    suites = {name: HelmSuites.coerce([runs / name]).runs() for name in ("plain-v1", "sweep-v1")}

    def some(names):
        return HelmRuns([runs / name for name in names])

    tables = [
        ("run_specs.sweep-v1.csv", "run_spec", suites["sweep-v1"]),
        ("run_specs.plain-v1.csv", "run_spec", suites["plain-v1"]),
        ("run_specs.plain-then-sweep.csv", "run_spec", some(PLAIN + SWEEP)),
        ("stats.sweep-v1.csv", "stats", suites["sweep-v1"]),
        ("stats.plain.csv", "stats", some(PLAIN)),
        ("scenario_states.sweep.csv", "scenario_state", some(SWEEP)),
        ("scenario_states.sweep-reversed.csv", "scenario_state", some(SWEEP[1::-1])),
        ("scenario_states.plain.csv", "scenario_state", some(PLAIN)),
        ("per_instance_stats.sweep.csv", "per_instance_stats", some(SWEEP)),
        ("per_instance_stats.plain.csv", "per_instance_stats", some(PLAIN)),
    ]
    index = []
    for file, table, helm_runs in tables:
        write_table(getattr(helm_runs, table)(), expected / file)
        paths = [str(Path(path).relative_to(fixtures)) for path in helm_runs.paths]
        index.append({"file": file, "table": table, "paths": paths})
    write_json(index, expected / "index.json")


# The random numbers


def random_vectors():
    seeds = [0, 1, 2, 3, 7, 42, 1234, 123456789, 2**31, 2**32 - 2, 2**32 - 1, 2**32, 2**32 + 1, 2**40 + 7, 2**64 - 1,
             2**64, 2**64 + 12345, 10**30, -1, -2, -42, -(2**32), -(2**70)]
    draws = [(24, 4, 8, 5), (24, 4, 40, 20), (5, 4, 7, 5), (100, 4, 16, 16), (400, 6, 100, 30), (5000, 11, 1000, 20),
             (22, 2, 21, 5), (90, 7, 85, 6), (21, 21, 1, 1), (300, 25, 5000, 90), (1, 1, 2, 0), (8, 1, 23, 22)]
    samples = []
    for number, seed in enumerate(seeds):
        # Every seed has the first draw, and five others in turn.
        for draw in [draws[0], *(draws[1 + (number + step) % (len(draws) - 1)] for step in range(0, 10, 2))]:
            n, k, m, s = draw
            rng = random.Random(seed % (2**32 - 1))
            names, ids = rng.sample(range(n), k), rng.sample(range(m), s)
            assert_same_as_kwarray(seed, draw, names + ids)
            samples.append({"seed": str(seed), "n": n, "k": k, "names": names, "m": m, "s": s, "ids": ids})
    streams = [
        {
            "seed": str(seed),
            "random": five(seed, lambda rng: rng.random()),
            "getrandbits32": five(seed, lambda rng: rng.getrandbits(32)),
            "randrange101": five(seed, lambda rng: rng.choice(range(101))),
        }
        for seed in seeds
    ]
    return {"samples": samples, "streams": streams}


def five(seed, draw):
    rng = random.Random(seed % (2**32 - 1))
    return [draw(rng) for _ in range(5)]


def assert_same_as_kwarray(seed, draw, drawn):
    n, k, m, s = draw
    rng = kwarray.ensure_rng(seed, api="python")
    assert rng.sample(range(n), k) + rng.sample(range(m), s) == drawn, (seed, draw)


# The perturbation predictor


TABLES = ("run_specs", "scenario_state", "stats", "per_instance_stats")


def perturbation_case(helm_runs, seed, example_runs=3, eval_samples=20):
    predictor = ExamplePerturbationPredictor(
        num_example_runs=example_runs, num_eval_samples=eval_samples, random_seed=seed
    )
    train, test = predictor.prepare_all_dataframes(helm_runs)
    names = kwarray.ensure_rng(seed, api="python").sample([path.name for path in helm_runs.paths], example_runs + 1)
    assert set(names[:-1]) == set(train.run_specs["run_spec.name"])
    assert names[-1:] == list(test.run_specs["run_spec.name"])
    case = {
        "seed": seed,
        "example_runs": example_runs,
        "eval_samples": eval_samples,
        "train_runs": names[:-1],
        "eval_run": names[-1],
        "eval_instance_ids": list(test.scenario_state["scenario_state.request_states.instance.id"].unique()),
        "rows": {
            part: {table: len(getattr(split, table)) for table in TABLES}
            for part, split in (("train", train), ("eval", test))
        },
    }
    try:
        predictions = predictor.predict(train, test.sequester())
    except ValueError as error:
        # scikit-learn fits no line where the train runs have no perturbed statistic.
        return {**case, "error": str(error).splitlines()[0]}
    comparison = predictor.compare_predicted_to_actual(RunPrediction.to_df(predictions), test.stats)
    actual = comparison["actual_mean"]
    return {
        **case,
        "predicted": records(RunPrediction.to_df(predictions)),
        "actual_mean": None if actual.empty else float(actual.iloc[0]),
        "comparison": records(comparison),
    }


def records(frame):
    """The rows as JSON objects. A value that is missing is null."""
    return [
        {name: json.loads(cell(value) or "null") for name, value in zip(frame.columns, row)}
        for row in frame.itertuples(index=False, name=None)
    ]


def perturbation_cases(helm_runs):
    settings = [(seed, 3, 20) for seed in range(1, 31)]
    settings += [(seed, runs, 20) for runs in (1, 5, 8) for seed in (1, 2, 3)]
    settings += [(seed, 3, samples) for samples in (2, 5) for seed in (1, 2, 3)]
    settings += [(4, 8, 5), (5, 1, 2)]
    return [perturbation_case(helm_runs, *setting) for setting in settings]


# The instance ids


def instance_case(suite, helm_runs, seed, example_runs=3, eval_samples=20):
    predictor = InstancePredictor(num_example_runs=example_runs, num_eval_samples=eval_samples, random_seed=seed)
    train, test = predictor.prepare_all_dataframes(helm_runs)
    return {
        "suite": suite,
        "seed": seed,
        "example_runs": example_runs,
        "eval_samples": eval_samples,
        "eval_run": test.run_specs["run_spec.name"].iloc[0],
        "rows": {"train": len(train.per_instance_stats), "eval": len(test.per_instance_stats)},
        "columns": {
            "scenario_state": list(test.scenario_state.columns),
            "per_instance_stats": list(test.per_instance_stats.columns),
        },
        "requests": listed(test.scenario_state, [
            "magnet.instance_predict_id",
            "scenario_state.request_states.instance.id",
            "scenario_state.request_states.instance.split",
            "scenario_state.request_states.instance.perturbation.name",
        ]),
        "stats": listed(test.per_instance_stats, [
            "magnet.instance_predict_id",
            "per_instance_stats.instance_id",
            "per_instance_stats.stats.name.name",
            "per_instance_stats.stats.name.perturbation.name",
            "per_instance_stats.stats.mean",
        ]),
    }


def listed(frame, columns):
    """The rows as lists of these columns. A column which the table has not is null."""
    frame = frame.reindex(columns=columns)
    return [[json.loads(cell(value) or "null") for value in row] for row in frame.itertuples(index=False, name=None)]


def write_json(value, path):
    """JSON with one line for each element of an outer list: short, and a change shows in a diff."""
    def outer(value, indent):
        if isinstance(value, dict) and any(isinstance(part, list) and part for part in value.values()) and indent < 2:
            parts = [f"{json.dumps(key)}: {outer(part, indent + 1)}" for key, part in value.items()]
            return "{\n" + ",\n".join(parts) + "\n}"
        if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
            return "[\n" + ",\n".join(json.dumps(part, ensure_ascii=False) for part in value) + "\n]"
        return json.dumps(value, ensure_ascii=False)

    path.write_text(outer(value, 0) + "\n", encoding="utf-8")


def main():
    fixtures = Path(sys.argv[1]).resolve()
    expected = fixtures / "expected"
    expected.mkdir(exist_ok=True)
    # aiq-magnet logs each comparison.
    logger.remove()

    write_tables(fixtures, expected)
    write_json(random_vectors(), expected / "python_random.json")

    suites = {
        name: HelmSuites.coerce([fixtures / "benchmark_output" / "runs" / name]).runs()
        for name in ("sweep-v1", "plain-v1")
    }
    write_json(perturbation_cases(suites["sweep-v1"]), expected / "perturbation.json")
    cases = [("sweep-v1", 1), ("sweep-v1", 2, 3, 5), ("plain-v1", 1, 3, 4), ("plain-v1", 5, 3, 4)]
    write_json(
        [instance_case(suite, suites[suite], *setting) for suite, *setting in cases],
        expected / "instance_predict_id.json",
    )


if __name__ == "__main__":
    main()
