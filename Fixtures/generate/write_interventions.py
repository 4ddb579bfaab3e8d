"""Writes Fixtures/expected/interventions.json: what reward models of hashed words give, by scikit-learn.

write_interventions.py [FILE]      needs numpy, scipy and scikit-learn

A small noisy distribution, and the probabilities that "bag-of-words" and "mass-mean" give the best answers of its test
half after training on its training half, as their definitions in Sources/Shifts/Interventions say.
"""
import json
import math
import pathlib
import random
import sys

import numpy as np
from scipy import optimize, sparse
from sklearn.linear_model import LogisticRegression

SPACE = " \t\n\r\x0b\x0c"


def words(text):
    word = ""
    for c in text:
        if c.isascii() and c.isalnum():
            word += c.lower()
            continue
        if word:
            yield word
            word = ""
        if c not in SPACE:
            yield c
    if word:
        yield word


def slot(word):
    h = 0x811C9DC5
    for b in word.encode("utf-8"):
        h = (h ^ b) * 0x01000193 & 0xFFFFFFFF
    return h & 0xFFFF


def features(text):
    counts, out = {}, {}
    for word in words(text):
        counts[word] = counts.get(word, 0) + 1
    for word, count in counts.items():
        out[slot(word)] = out.get(slot(word), 0.0) + math.log1p(count)
    return out


def pairs(examples):
    for e in examples:
        best = next(text for text, value in e["responses"].items() if value == 1)
        for text, value in e["responses"].items():
            if value == 0:
                yield best, text


def matrix(examples):
    rows, columns, values, n = [], [], [], 0
    for best, worse in pairs(examples):
        x = features(best)
        for k, v in features(worse).items():
            x[k] = x.get(k, 0.0) - v
        for k, v in x.items():
            rows.append(n), columns.append(k), values.append(v)
        n += 1
    return sparse.csr_matrix((values, (rows, columns)), shape=(n, 1 << 16))


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))


def bag_of_words(train, test):
    x = matrix(train)
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=10000, tol=1e-12)
    model.fit(sparse.vstack([x, -x]), np.r_[np.ones(x.shape[0]), np.zeros(x.shape[0])])
    return sigmoid(matrix(test) @ model.coef_[0])


def mass_mean(train, test):
    x = matrix(train)
    direction = np.asarray(x.sum(axis=0)).ravel()
    direction /= np.linalg.norm(direction)
    m = x @ direction
    a = optimize.minimize_scalar(lambda a: np.logaddexp(0, -a * m).sum() + a * a / 2, bounds=(0, 1000), method="bounded", options={"xatol": 1e-12}).x
    return sigmoid(a * (matrix(test) @ direction))


def examples(draw, count):
    good = ["because", "therefore", "évidence", "measured", "🔶", "source:", "café", "exact", "2,5", "Step"]
    bad = ["maybe", "whatever", "dunno", "!!", "stuff", "…", "ok", "LOL", "thing's", "x_y"]
    neutral = [f"word{n}" for n in range(120)] + ["the", "of", "and", "a", "is", "naïve", "東京", "\t"]
    out = []
    for n in range(count):
        answers = {}
        for value in (1.0, 0.0, 0.0):
            text = ""
            while not text or text in answers:
                kinds = draw.choices([good, bad, neutral], weights=(3, 2, 12) if value else (2, 3, 12), k=14)
                text = " ".join(draw.choice(kind) for kind in kinds)
            answers[text] = value
        order = list(answers.items())
        draw.shuffle(order)
        out.append({"prompt": f"question {n}", "responses": dict(order)})
    return out


draw = random.Random(7)
train, test = examples(draw, 120), examples(draw, 80)
# A pair of the same words in another order is a tie.
test[0] = {"prompt": "tie", "responses": {"because of stuff": 1.0, "stuff of because": 0.0, "ok": 0.0}}
value = {"train": train, "test": test}
for name, method in (("bag-of-words", bag_of_words), ("mass-mean", mass_mean)):
    p = method(train, test)
    accuracy = sum(1.0 if x > 0.5 else 0.5 if x == 0.5 else 0.0 for x in p) / len(p)
    value[name] = {"accuracy": accuracy, "probabilities": [round(x, 9) for x in p.tolist()]}
    print(name, accuracy, len(p), min(p), max(p))
path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent / "expected/interventions.json"
path.write_text(json.dumps(value, indent=1) + "\n", encoding="ascii")
