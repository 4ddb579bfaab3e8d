#!/usr/bin/env python3
"""Cases for the judges' formulas, computed here a second time and apart from the Swift sources.

Writes Fixtures/judges/NAME.json, each {about, cases: [{input, expected}]}; null is an undefined score.
"""

import json
import math
import pathlib
import random
from itertools import product

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "judges"
random.seed(20)


def cosine(u, v):
    squares = math.fsum(a * a for a in u) * math.fsum(b * b for b in v)
    return None if squares == 0 else math.fsum(a * b for a, b in zip(u, v)) / math.sqrt(squares)


def vectors(count, size):
    return [[round(random.uniform(-1, 1), 4) for _ in range(size)] for _ in range(count)]


def mean(values):
    return None if None in values else math.fsum(values) / len(values)


def follow():
    for count, size in [(1, 2), (3, 4), (8, 19), (5, 1)]:
        examinee, actual = vectors(count, size), vectors(count, size)
        yield examinee, actual
    yield [[0.0, 0.0], [1.0, 2.0]], [[1.0, 1.0], [1.0, 2.0]]


def follow_cases():
    for examinee, actual in follow():
        steps = [cosine(a, e) for e, a in zip(examinee, actual)]
        yield {"examinee_vector": examinee, "actual_vector": actual}, {"score": mean(steps), "stepwise": steps}


def coevolve_cases():
    inputs = [(vectors(m, d), vectors(n, d)) for m, n, d in [(3, 3, 2), (4, 9, 6), (9, 4, 19)]]
    zero = vectors(4, 3)
    zero[1] = [0.0, 0.0, 0.0]
    for simulated, actual in inputs + [(vectors(3, 3), zero)]:
        parts = []
        for s in simulated:
            row = [cosine(s, a) for a in actual]
            parts.append(None if None in row else mean([max(row[i:]) for i in range(len(row))]))
        yield {"simulated_model_vector": simulated, "actual_model_vector": actual}, {"score": mean(parts)}


def differences(votes, order):
    """The next vote whose difference of order + 1 is zero, from a table of differences."""
    rows = [votes[-(order + 1):]]
    while len(rows[-1]) > 1:
        rows.append([b - a for a, b in zip(rows[-1], rows[-1][1:])])
    value = 0
    for row in reversed(rows):
        value += row[-1]
    return value


def extrapolate_cases():
    def preference(question, sign):
        options = ["yes", "no"] if sign > 0 else ["no", "yes"]
        return [] if sign == 0 else {"instruction": f"q{question}", "input": "", "output": options}

    for order, ahead in product([0, 1, 2, 3], [0, 1, 3]):
        for length in [1, 2, 5]:
            votes = [[random.choice([1, 1, -1, -1, 0]) for _ in range(4)] for _ in range(length)]
            history = [[preference(q, sign) for q, sign in enumerate(row)] for row in votes]
            data, coefficients, missing, error = [], [], 0, None
            for q in range(4):
                own = [row[q] for row in votes]
                if own[-1] == 0:
                    missing += 1
                    continue
                line = [v * own[-1] for v in own]
                used = min(order, length - 1)
                for _ in range(ahead):
                    line.append(differences(line, used))
                coefficients.append(line[-1])
                if line[-1] == 0:
                    error = "zero"
                data += [preference(q, own[-1] * line[-1])] * min(5, abs(line[-1]))
            yield (
                {"order": order, "timesteps_ahead": ahead, "history": history},
                {"data": data, "coefficients": coefficients, "missing": missing, "error": error},
            )


def sample_cases():
    for rows in [3, 21, 90]:
        random.seed(42)
        indices = random.sample(range(rows), min(5000, rows))
        first = [-random.randint(-1, 0) for _ in indices]
        yield {"rows": rows}, {"indices": indices, "first": first}


FOLDER.mkdir(exist_ok=True)
for name, about, cases in [
    ("follow", "the mean cosine of examinee and actual vectors", follow_cases()),
    ("coevolve", "the mean of suffix maxima of cosines with history", coevolve_cases()),
    ("extrapolate", "votes continued by a table of differences", extrapolate_cases()),
    ("sample", "questions and orders drawn by Python's random, seed 42", sample_cases()),
]:
    made = [{"input": given, "expected": expected} for given, expected in cases]
    text = ",\n".join(json.dumps(case) for case in made)
    (FOLDER / f"{name}.json").write_text(f'{{"about": {json.dumps(about)}, "cases": [\n{text}\n]}}\n')
