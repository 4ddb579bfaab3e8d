#!/usr/bin/env python3
"""Makes HELM-shaped runs whose scores come from an item response model, to judge predictors of scores on.

    make_scores.py DIR [--models 64] [--seed 1] [--small]

Writes DIR/benchmark_output/runs/scores-v1, a run of each model on each of six scenarios, and
DIR/benchmark_output/runs/perturbed-v1, runs of 24 of the models under misspellings of four strengths.

A model's chance to answer an item right is g + (1 - g) / (1 + exp(-(a (θ - b) + c φ))): θ its ability, from its
family, its size and chance, with its own shift in each scenario; φ a second ability, which items need more or less or
the less of the better (c); g the chance to guess. The last of the families' models are the frontier, well above the
rest. It is not the model that any of magnet's predictors assumes: besides φ and g, in each scenario 5% of the items
have a faulty key (right at random for everybody) and 4% of the models fail at the format of the answers two times out
of three. A misspelled item is as much harder as it is misspelled, by a slope of the model's own.

The files hold what magnet reads: run_spec.json, scenario.json, scenario_state.json (answers: one of four options, wrong
ones alike among models), stats.json, per_instance_stats.json. The same arguments give the same bytes. Standard library
only. DIR must not exist; it appears complete or not at all.
"""

import argparse
import json
import math
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

SCENARIOS = [  # name, instances, mean easiness, guessing
    ("astronomy", 120, 0.5, 0.0),
    ("grammar", 200, 1.2, 0.25),
    ("proofs", 400, -0.6, 0.0),
    ("law", 500, 0.3, 0.25),
    ("recipes", 300, 2.2, 0.0),
    ("chess", 250, 0.2, 0.0),
]
PERTURBED_SCENARIOS = ["astronomy", "chess"]
STRENGTHS = [0.05, 0.1, 0.2, 0.4]
PERTURBED_MODELS = 24
FAMILIES = 14
FRONTIER = 4
OPTIONS = "ABCD"


def share(logit):
    return 1 / (1 + math.exp(-max(-60, min(60, logit))))


class World:
    """Models, scenarios and what each model answers."""

    def __init__(self, models, seed, small):
        self.random = random.Random(seed)
        draw = self.random.gauss
        offsets = [(draw(0, 0.5), draw(0, 0.6)) for _ in range(FAMILIES)]
        self.models = []
        for number in range(models):
            family = number % FAMILIES
            size = number // FAMILIES
            frontier = 1.6 if number >= models - FRONTIER else 0
            self.models.append({
                "name": f"maker{family:02d}/model-{size}",
                "ability": offsets[family][0] + 0.3 * (size - models / FAMILIES / 2) + draw(0, 0.8) + frontier,
                "second": offsets[family][1] + draw(0, 0.4),
                "sensitivity": math.exp(draw(0, 0.35)),
            })
        self.scenarios = {}
        for name, instances, easiness, guess in SCENARIOS:
            items = []
            for _ in range(instances // 4 if small else instances):
                items.append({
                    "a": math.exp(draw(0, 0.45)), "b": draw(-easiness, 1.4), "c": draw(0.2, 0.7),
                    "flat": self.random.random() if self.random.random() < 0.05 else None,
                    "right": self.random.choice(OPTIONS), "lure": self.random.choice(OPTIONS),
                })
            shifts = [draw(0, 0.45) for _ in self.models]
            misfits = [self.random.random() < 0.04 for _ in self.models]
            self.scenarios[name] = (items, shifts, misfits, guess)

    def chance(self, scenario, model, item, harder=0.0):
        items, shifts, misfits, guess = self.scenarios[scenario]
        it, one = items[item], self.models[model]
        if it["flat"] is not None:
            return it["flat"]
        logit = it["a"] * (one["ability"] + shifts[model] - it["b"]) + it["c"] * one["second"] - harder
        chance = guess + (1 - guess) * share(logit)
        return chance * 0.35 if misfits[model] else chance

    def answer(self, it, right):
        if right:
            return it["right"]
        wrong = [option for option in OPTIONS if option != it["right"]]
        return it["lure"] if it["lure"] in wrong and self.random.random() < 0.6 else self.random.choice(wrong)


def stat(name, value):
    return {"name": name, "count": 1, "sum": value, "sum_squared": value * value, "min": value, "max": value,
            "mean": value, "variance": 0.0, "stddev": 0.0}


def run_spec(name, scenario, model, perturbations):
    spec = {
        "name": name,
        "scenario_spec": {"class_name": "synthetic.AbilityScenario", "args": {"subject": scenario}},
        "adapter_spec": {"method": "multiple_choice_joint", "model": model, "model_deployment": model},
        "metric_specs": [{"class_name": "helm.benchmark.metrics.basic_metrics.BasicGenerationMetric",
                          "args": {"names": ["exact_match"]}}],
        "groups": ["synthetic"],
    }
    if perturbations:
        spec["data_augmenter_spec"] = {
            "perturbation_specs": perturbations, "should_augment_eval_instances": True,
            "should_include_original_eval": True, "seeds_per_instance": 1}
    return spec


def write(folder, documents):
    folder.mkdir(parents=True)
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")))


def write_run(root, suite, name, scenario, model, split, rows, specs, world):
    """rows: (item, perturbation or None, right)."""
    items = world.scenarios[scenario][0]
    states, instances = [], []
    for item, perturbation, right in rows:
        it = items[item]
        instance = {
            "input": {"text": f"{scenario} {item}?"},
            "references": [{"output": {"text": option}, "tags": ["correct"] if option == it["right"] else []}
                           for option in OPTIONS],
            "split": split, "id": f"id{item}"}
        metric = {"name": "exact_match", "split": split}
        line = {"instance_id": f"id{item}", "train_trial_index": 0}
        if perturbation:
            instance["perturbation"] = metric["perturbation"] = line["perturbation"] = perturbation
        line["stats"] = [stat(metric, float(right))]
        instances.append(line)
        states.append({
            "instance": instance, "train_trial_index": 0,
            "request": {"model": model, "model_deployment": model, "prompt": f"{scenario} {item}?"},
            "result": {"success": True, "cached": False,
                       "completions": [{"text": " " + world.answer(it, right), "logprob": 0.0, "tokens": []}]}})
    stats = []
    for key in [None] + ([rows[-1][1]] if specs else []):
        scored = [right for _, perturbation, right in rows if perturbation == key]
        metric = {"name": "exact_match", "split": split}
        if key:
            metric["perturbation"] = key
        stats.append(stat(metric, sum(scored) / len(scored)))
        if key:
            # The same instances as they were.
            changed = {item for item, perturbation, _ in rows if perturbation}
            clean = [right for item, perturbation, right in rows if not perturbation and item in changed]
            original = dict(metric, perturbation=dict(key, computed_on="original"))
            stats.append(stat(original, sum(clean) / len(clean)))
    write(root / "benchmark_output/runs" / suite / name.replace("/", "_"), {
        "run_spec": run_spec(name, scenario, model, specs),
        "scenario": {"name": "synthetic", "description": scenario, "tags": []},
        "scenario_state": {"adapter_spec": {"method": "multiple_choice_joint", "model": model},
                           "request_states": states},
        "stats": stats, "per_instance_stats": instances})


def make(root, models, seed, small):
    world = World(models, seed, small)
    clean = {}
    for scenario in world.scenarios:
        items = world.scenarios[scenario][0]
        for number, model in enumerate(world.models):
            right = [world.random.random() < world.chance(scenario, number, item) for item in range(len(items))]
            clean[scenario, number] = right
            rows = [(item, None, value) for item, value in enumerate(right)]
            name = f"synthetic:subject={scenario},model={model['name']}"
            write_run(root, "scores-v1", name, scenario, model["name"], "test", rows, None, world)
    for scenario in PERTURBED_SCENARIOS:
        items = world.scenarios[scenario][0]
        for number in sorted({place * models // PERTURBED_MODELS for place in range(PERTURBED_MODELS)}):
            model = world.models[number]
            for strength in STRENGTHS:
                perturbation = {"name": "misspellings", "robustness": True, "fairness": False,
                                "computed_on": "perturbed", "prob": strength}
                rows = []
                for item, right in enumerate(clean[scenario, number]):
                    rows.append((item, None, right))
                for item, right in enumerate(clean[scenario, number]):
                    if world.random.random() < 0.1:
                        continue  # nothing to misspell
                    harder = 4 * strength * model["sensitivity"]
                    before = world.chance(scenario, number, item)
                    after = world.chance(scenario, number, item, harder)
                    # What was right may be lost; what was wrong is seldom won.
                    keeps = world.random.random() < after / before if right else world.random.random() < 0.03
                    rows.append((item, perturbation, keeps))
                name = f"synthetic:subject={scenario},data_augmentation=misspelling{strength},model={model['name']}"
                specs = [{"class_name": "helm.benchmark.augmentations.misspelling_perturbation.MisspellingPerturbation",
                          "args": {"prob": strength}}]
                write_run(root, "perturbed-v1", name, scenario, model["name"], "valid", rows, specs, world)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir", type=Path)
    parser.add_argument("--models", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="a quarter of the instances")
    options = parser.parse_args()
    if options.dir.exists():
        sys.exit(f"{options.dir} is there already; name a new folder")
    if options.models < FAMILIES:
        sys.exit(f"--models takes {FAMILIES} or more, a model of each family")
    options.dir.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=options.dir.parent, prefix=".make_scores-"))
    try:
        make(scratch, options.models, options.seed, options.small)
        os.chmod(scratch, 0o755)
        scratch.rename(options.dir)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


if __name__ == "__main__":
    main()
