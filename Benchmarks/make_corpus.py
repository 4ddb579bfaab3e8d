#!/usr/bin/env python3
"""Makes a corpus of HELM-shaped runs out of the project's Fixtures.

    make_corpus.py DIR [--runs 400] [--megabytes 720] [--seed 1]    many runs of real size
    make_corpus.py DIR --small-runs 20000                           many runs of a few KB
    make_corpus.py DIR --giant 4                                    one run, its scenario_state.json of 4 GB

Keys, metric names and the order of rows are those of HELM 0.5.16 in the fixtures; names, ids, texts and numbers are
new in every run. A run's statistics are computed from its instances, as HELM does. The files are what
json.dump(indent=2) writes. The same arguments give the same bytes.

DIR must not exist. It appears complete or not at all; DIR/corpus.json tells what is in it.
"""

import argparse
import copy
import itertools
import json
import math
import multiprocessing
import os
import random
import shutil
import sys
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "Fixtures" / "benchmark_output" / "runs"
TEMPLATE = FIXTURES / "sweep-v1" / "trivia:subject=capitals,data_augmentation=misspelling0.2,model=acme_base"
FILES = ["run_spec", "scenario", "scenario_state", "stats", "per_instance_stats"]

SUBJECTS = ["capitals", "marine_biology", "calendar", "medieval_history", "organic_chemistry"]
STRENGTHS = [0, 0.05, 0.2, 0.5]
ORGANISATIONS = ["acme", "zeta", "northwind", "blue-harbor", "meridian-labs"]
MODELS = ["tiny-1b-v0.3", "base-7b-instruct-v1.5", "pro-70b-instruct-turbo-2024-08-06", "lite-13b-chat@001"]
MISSPELLED_LENGTH = 7
"""Only words of at least so many letters are misspelled."""
BYTES_PER_INSTANCE = 18_700
"""What one question and its perturbed variants take in a run's files, on average."""

TEXT_METRICS = ["exact_match", "quasi_exact_match", "prefix_exact_match", "quasi_prefix_exact_match"]
OVERLAP_METRICS = ["f1_score", "rouge_l", "bleu_1", "bleu_4"]


def read(name):
    return json.loads((TEMPLATE / f"{name}.json").read_text())


class Material:
    """What is taken from the fixtures: shapes of files, and texts to make new ones from."""

    def __init__(self):
        self.run_spec = read("run_spec")
        self.scenario = read("scenario")
        self.states = read("scenario_state")["request_states"]
        names = [stat["name"]["name"] for stat in read("per_instance_stats")[0]["stats"]]
        more = [name for name in TEXT_METRICS + OVERLAP_METRICS if name not in names]
        after = names.index("quasi_exact_match") + 1
        self.metrics = names[:after] + more + names[after:]
        self.questions, self.answers = {}, set()
        for path in sorted(FIXTURES.glob("plain-v1/*/scenario_state.json")):
            subject = path.parent.name.split("subject=")[1].split(",")[0]
            for state in json.loads(path.read_text())["request_states"]:
                instance = state["instance"]
                self.questions.setdefault(subject, set()).add(instance["input"]["text"])
                self.answers.update(reference["output"]["text"] for reference in instance["references"])
        self.questions = {subject: sorted(texts) for subject, texts in self.questions.items()}
        everything = sorted(itertools.chain.from_iterable(self.questions.values()))
        for subject in SUBJECTS:
            self.questions.setdefault(subject, everything)
        self.answers = sorted(self.answers)


MATERIAL = Material()


# Numbers as HELM's Stat class keeps them: integers stay integers until a mean is taken.

def stat(name, value):
    """A statistic of one value. Without a value it is one that HELM never added to."""
    if value is None:
        return {"name": name, "count": 0, "sum": 0, "sum_squared": 0}
    mean = value / 1
    variance = max(value * value / 1 - mean**2, 0.0)
    return {
        "name": name,
        "count": 1,
        "sum": value,
        "sum_squared": value * value,
        "min": value,
        "max": value,
        "mean": mean,
        "variance": variance,
        "stddev": math.sqrt(variance),
    }


def mean(values):
    return sum(values) / len(values)


def perturbation(name, computed_on, prob=None):
    value = {
        "name": name,
        "robustness": name != "fairness",
        "fairness": name == "fairness",
        "computed_on": computed_on,
    }
    if prob is not None:
        value["prob"] = prob
    return value


def metric_name(name, split, perturbation=None):
    value = {"name": name, "split": split}
    if perturbation:
        value["perturbation"] = perturbation
    return value


# Texts.

def new_question(subject, rng):
    stem = rng.choice(MATERIAL.questions[subject]).rstrip("?")
    place, person = rng.choice(MATERIAL.answers), rng.choice(MATERIAL.answers)
    year, entry = rng.randint(1203, 2024), rng.randint(1, 99999)
    return stem + rng.choice([
        f", according to entry {entry} of the survey of {place} from {year}?",
        f" (see {person}, {year}, p. {entry % 900})?",
        f", if the answer \"{person}\" of {year} is left out?",
        f"\nNote {entry}: the {place} edition of {year} differs.",
    ])


def new_choices(rng):
    choices = rng.sample(MATERIAL.answers, 4)
    return [f"{choice}, {rng.randint(1203, 2024)}" if rng.random() < 0.4 else choice for choice in choices]


def misspell(text, prob, rng):
    words = text.split(" ")
    for index, word in enumerate(words):
        if len(word) >= MISSPELLED_LENGTH and rng.random() < prob:
            at = rng.randint(1, len(word) - 3)
            words[index] = word[:at] + word[at + 1] + word[at] + word[at + 2:]
    return " ".join(words)


def block(question, choices, answer=None):
    lines = [f"Question: {question}", *(f"{letter}. {choice}" for letter, choice in zip("ABCD", choices))]
    return "\n".join(lines) + "\nAnswer:" + (f" {answer}\n\n" if answer else "")


def overlap(gold, said):
    gold, said = set(gold.lower().split()), set(said.lower().split())
    common = len(gold & said)
    return 2.0 * common / (len(gold) + len(said)) if common else 0.0


# One run.

class Run:
    def __init__(self, seed, subject, strength, model, questions, metrics, examples):
        """A run of so many questions, with so many examples in each prompt."""
        self.subject, self.strength, self.model = subject, strength, model
        self.metrics = metrics
        self.name = (
            f"trivia:subject={subject},method=multiple_choice_joint,data_augmentation=misspelling{strength},"
            f"model={model.replace('/', '_')}"
        )
        self.rng = random.Random(f"{seed}/{self.name}")
        self.skill = 0.35 + 0.6 * random.Random(f"{seed}/{model}").random()
        self.examples = examples
        self.spec = self._spec(questions)
        self.states, self.bundles, self.values = [], [], []
        self._ask(questions)

    def _spec(self, questions):
        spec = copy.deepcopy(MATERIAL.run_spec)
        spec["name"] = self.name
        spec["scenario_spec"]["args"]["subject"] = self.subject
        spec["adapter_spec"].update(
            instructions=f"Questions about {self.subject.replace('_', ' ')}.\n",
            max_train_instances=self.examples,
            max_eval_instances=questions,
            model_deployment=self.model,
            model=self.model,
        )
        spec["metric_specs"][0]["args"]["names"] = [n for n in TEXT_METRICS + OVERLAP_METRICS if n in self.metrics]
        spec["data_augmenter_spec"]["perturbation_specs"][0]["args"]["prob"] = self.strength
        spec["groups"] = ["trivia", f"trivia_{self.subject}"]
        return spec

    def _ask(self, questions):
        rng = self.rng
        prefix = self.spec["adapter_spec"]["instructions"] + "\n" + "".join(
            block(new_question(self.subject, rng), new_choices(rng), rng.choice("ABCD")) for _ in range(self.examples)
        )
        # Ids are positions in the whole scenario, from which the questions are drawn.
        for number in rng.sample(range(14_000), questions):
            split = "test" if self.subject == "calendar" and number % 3 == 0 else "valid"
            text, choices, gold = new_question(self.subject, rng), new_choices(rng), rng.randrange(4)
            ease = rng.random()
            clean = self._request(prefix, f"id{number}", split, text, choices, gold, ease < self.skill, None)
            changed = misspell(text, self.strength, rng)
            perturbed = None
            if changed != text:
                right = ease < self.skill - 0.5 * self.strength * rng.random()
                perturbed = self._request(prefix, f"id{number}", split, changed, choices, gold, right, text)
            self.values.append((split, clean, perturbed))

    def _request(self, prefix, identifier, split, text, choices, gold, right, original):
        """Adds a request and its statistics, and returns the values of the latter. A perturbed one has an original."""
        rng = self.rng
        mark = perturbation("misspellings", "perturbed", self.strength) if original is not None else None
        said = gold if right else rng.choice([choice for choice in range(4) if choice != gold])
        prompt = prefix + block(text, choices)
        logprob, seconds = -1.2 * rng.random(), 0.05 + 2 * rng.random()
        answer = f" {'ABCD'[said]}"
        template = MATERIAL.states[0]
        instance = {
            "input": {"text": text},
            "references": [
                {"output": {"text": choice}, "tags": ["correct"] if index == gold else []}
                for index, choice in enumerate(choices)
            ],
            "split": split,
            "id": identifier,
        }
        if mark:
            instance["perturbation"] = mark
            instance["contrast_inputs"] = [{"text": original}]
        completion = {
            "text": answer,
            "logprob": logprob,
            "tokens": [{"text": answer, "logprob": logprob}],
            "finish_reason": {"reason": "stop"},
        }
        self.states.append({
            **template,
            "instance": instance,
            "output_mapping": dict(zip("ABCD", choices)),
            "request": {**template["request"], "model_deployment": self.model, "model": self.model, "prompt": prompt},
            "result": {
                **template["result"],
                "completions": [completion],
                "request_time": seconds,
                "request_datetime": 1_735_689_600 + rng.randrange(10_000_000),
            },
            "num_train_instances": self.examples,
        })
        same = overlap(choices[gold], choices[said])
        values = {
            "num_references": 4,
            "num_train_trials": 1,
            "num_prompt_tokens": len(prompt) // 4,
            "num_completion_tokens": 1,
            "num_output_tokens": 1,
            "training_co2_cost": None,
            "training_energy_cost": None,
            "inference_runtime": seconds,
            "batch_size": 1,
            "finish_reason_length": 0,
            "finish_reason_stop": 1,
            "finish_reason_endoftext": 0,
            "finish_reason_unknown": 0,
            "num_train_instances": self.examples,
            "prompt_truncated": 0,
            "max_prob": math.exp(logprob),
            **{name: int(right) for name in TEXT_METRICS},
            **{name: same for name in OVERLAP_METRICS},
            "logprob": logprob,
            "num_perplexity_tokens": 1,
            "num_bytes": len(answer),
        }
        bundle = {"instance_id": identifier}
        if mark:
            bundle["perturbation"] = mark
        bundle["train_trial_index"] = 0
        bundle["stats"] = [stat(metric_name(name, split, mark), values[name]) for name in self.metrics]
        self.bundles.append(bundle)
        return values

    def stats(self):
        """The statistics of the run, in HELM's order."""
        rows = []
        by_split = {}
        for split, clean, perturbed in self.values:
            by_split.setdefault(split, []).append((clean, perturbed))
        misspelled = perturbation("misspellings", "perturbed", self.strength)
        parts = []
        for split, pairs in by_split.items():
            parts.append((split, None, [clean for clean, _ in pairs]))
            changed = [perturbed for _, perturbed in pairs if perturbed]
            if changed:
                parts.append((split, misspelled, changed))
        for split, mark, values in parts:
            for name in self.metrics:
                known = [value[name] for value in values if value[name] is not None]
                rows.append(stat(metric_name(name, split, mark), mean(known) if known else None))
        if "logprob" in self.metrics:
            rows += self._of_whole_run(parts)
        for split, pairs in by_split.items():
            rows += self._worst(split, pairs)
        for split, mark, values in parts:
            rows.append(stat(metric_name("num_instances", split, mark), float(len(values))))
        return rows

    def _of_whole_run(self, parts):
        """Statistics without per-instance ones. Those of calibration are made up."""
        for split, mark, values in parts:
            logprob = mean([value["logprob"] for value in values])
            size = mean([value["num_bytes"] for value in values])
            for name, value in [
                ("perplexity", 2**-logprob), ("bits_per_byte", -logprob / size / math.log(2)),
                ("logprob_per_byte", logprob / size),
            ]:
                yield stat(metric_name(name, split, mark), value)
        for split, mark, values in parts:
            right = mean([value["exact_match"] for value in values])
            for name in ["ece_10_bin", "ece_1_bin", "selective_cov_acc_area", "selective_acc@10", "platt_coef",
                         "platt_intercept", "platt_ece_10_bin", "platt_ece_1_bin"]:
                yield stat(metric_name(name, split, mark), right * self.rng.random())

    def _worst(self, split, pairs):
        both = [pair for pair in pairs if pair[1]]
        for name in self.metrics:
            if pairs[0][0][name] is None:
                if both:
                    original = perturbation("misspellings", "original", self.strength)
                    yield stat(metric_name(name, split, original), None)
                continue
            low = [min(clean[name], perturbed[name]) if perturbed else clean[name] for clean, perturbed in pairs]
            clean = [clean[name] for clean, _ in pairs]
            yield stat(metric_name(name, split, perturbation("robustness", "worst")), mean(low))
            yield stat(metric_name(name, split, perturbation("fairness", "worst")), mean(clean))
            if both:
                for computed_on, values in [
                    ("original", [clean[name] for clean, _ in both]),
                    ("worst", [min(clean[name], perturbed[name]) for clean, perturbed in both]),
                ]:
                    mark = perturbation("misspellings", computed_on, self.strength)
                    yield stat(metric_name(name, split, mark), mean(values))

    def files(self):
        yield "run_spec", self.spec
        yield "scenario", MATERIAL.scenario
        yield "scenario_state", {"adapter_spec": self.spec["adapter_spec"], "request_states": self.states}
        yield "stats", self.stats()
        yield "per_instance_stats", self.bundles


def write_run(run, suite):
    """Writes a run, and returns the sizes of its files and the rows in them."""
    folder = suite / run.name
    folder.mkdir(parents=True)
    sizes, rows = {}, {"scenario_state": len(run.states)}
    for name, content in run.files():
        text = json.dumps(content, indent=2)
        (folder / f"{name}.json").write_text(text)
        sizes[name] = len(text)
        if name == "stats":
            rows[name] = len(content)
    rows["per_instance_stats"] = sum(len(bundle["stats"]) for bundle in run.bundles)
    return sizes, rows


# Whole corpora.

def runs_to_make(count):
    """`count` triples of subject, strength and model: every subject and strength of each of 20 models or more."""
    models = max(20, math.ceil(count / (len(SUBJECTS) * len(STRENGTHS))))
    names = [
        f"{ORGANISATIONS[number % 5]}/{MODELS[number // 5 % 4]}" + (f"-r{number // 20}" if number >= 20 else "")
        for number in range(models)
    ]
    return list(itertools.islice(itertools.product(SUBJECTS, names, STRENGTHS), count))


def make_one(job):
    suite, seed, subject, strength, model, questions, metrics, examples = job
    return write_run(Run(seed, subject, strength, model, questions, metrics, examples), suite)


def make(jobs, processes):
    """Makes all runs, and returns the corpus's numbers."""
    sizes, rows = dict.fromkeys(FILES, 0), dict.fromkeys(["scenario_state", "stats", "per_instance_stats"], 0)
    if processes > 1:
        with multiprocessing.Pool(processes) as pool:
            results = list(pool.imap_unordered(make_one, jobs, chunksize=4))
    else:
        results = [make_one(job) for job in jobs]
    for run_sizes, run_rows in results:
        for name, size in run_sizes.items():
            sizes[name] += size
        for name, count in run_rows.items():
            rows[name] += count
    return {"runs": len(jobs), "bytes": sum(sizes.values()), "bytes_by_file": sizes, "rows": rows}


def make_corpus(root, arguments):
    suite = root / "benchmark_output" / "runs" / "bench-v1"
    rng = random.Random(arguments.seed)
    base = arguments.megabytes * 1e6 / arguments.runs / BYTES_PER_INSTANCE
    jobs = [
        (suite, arguments.seed, subject, strength, model, max(4, round(base * rng.uniform(0.8, 1.2))),
         MATERIAL.metrics, 6)
        for subject, model, strength in runs_to_make(arguments.runs)
    ]
    return make(jobs, arguments.processes)


def make_small(root, arguments):
    suite = root / "benchmark_output" / "runs" / "small-v1"
    metrics = ["exact_match", "inference_runtime", "training_co2_cost"]
    jobs = [
        (suite, arguments.seed, subject, strength, model, 1, metrics, 0)
        for subject, model, strength in runs_to_make(arguments.small_runs)
    ]
    return make(jobs, arguments.processes)


def make_giant(root, arguments):
    """One run whose scenario_state.json is written piece by piece: some 500 requests, again and again with new ids
    and numbers."""
    suite = root / "benchmark_output" / "runs" / "giant-v1"
    run = Run(arguments.seed, "capitals", 0.2, "acme/base-7b-instruct-v1.5", 350, MATERIAL.metrics, 6)
    states, run.states = run.states, []
    run.bundles = run.bundles[:20]
    sizes, rows = write_run(run, suite)
    path = suite / run.name / "scenario_state.json"
    head, tail = path.read_text().split('"request_states": []')
    pieces = []
    for state in states:
        identifier, seconds = state["instance"]["id"], state["result"]["request_time"]
        text = "  " + json.dumps([state], indent=2)[2:-2].replace("\n", "\n  ")
        before, rest = text.split(f'"id": "{identifier}"', 1)
        middle, after = rest.split(f'"request_time": {seconds!r}', 1)
        pieces.append((before + '"id": "id', '"' + middle + '"request_time": ', after))
    rng, number, size, goal = random.Random(arguments.seed), 0, 0, arguments.giant * 1e9
    with open(path, "w", buffering=1 << 20) as file:
        size += file.write(head + '"request_states": [\n')
        while size < goal:
            for before, middle, after in pieces:
                comma = ",\n" if number else ""
                size += file.write(f"{comma}{before}{number}{middle}{0.05 + 2 * rng.random()!r}{after}")
                number += 1
                if size >= goal:
                    break
        size += file.write("\n  ]" + tail)
    sizes["scenario_state"], rows["scenario_state"] = path.stat().st_size, number
    return {"runs": 1, "bytes": sum(sizes.values()), "bytes_by_file": sizes, "rows": rows}


def main():
    parser = argparse.ArgumentParser(description="Makes a corpus of HELM-shaped runs from the Fixtures.")
    parser.add_argument("dir", type=Path)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--megabytes", type=float, default=720)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small-runs", type=int, metavar="N", help="make N runs of a few KB instead")
    parser.add_argument("--giant", type=float, metavar="GB", help="make one run of so many GB instead")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.dir.exists():
        sys.exit(f"{arguments.dir} exists already")
    part = arguments.dir.with_name(arguments.dir.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    if arguments.giant:
        numbers = make_giant(part, arguments)
    elif arguments.small_runs:
        numbers = make_small(part, arguments)
    else:
        numbers = make_corpus(part, arguments)
    numbers["seed"] = arguments.seed
    (part / "corpus.json").write_text(json.dumps(numbers, indent=2) + "\n")
    os.rename(part, arguments.dir)
    print(json.dumps(numbers))


if __name__ == "__main__":
    main()
