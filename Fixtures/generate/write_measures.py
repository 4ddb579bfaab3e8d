#!/usr/bin/env python3
"""Writes Fixtures/expected/measures.json: scores as scipy and scikit-learn compute them, on seeded random data."""
import json
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.stats import binomtest, norm
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

target = Path(__file__).resolve().parent.parent / "expected/measures.json"
random = np.random.default_rng(7)
cases = []
for number in range(12):
    n = int(random.integers(2, 60))
    actual = random.random(n)
    predicted = np.clip(actual + random.normal(0, 0.2, n), 0, 1)
    if number % 3 == 0:  # ties
        actual, predicted = np.round(actual, 1), np.round(predicted, 1)
    outcomes = (random.random(n) < predicted).astype(float)
    if outcomes.min() == outcomes.max():
        outcomes[0] = 1 - outcomes[0]
    cases.append(
        {
            "predicted": predicted.tolist(),
            "actual": actual.tolist(),
            "outcomes": outcomes.tolist(),
            "mae": float(np.abs(predicted - actual).mean()),
            "rmse": float(np.sqrt(((predicted - actual) ** 2).mean())),
            "bias": float((predicted - actual).mean()),
            "spearman": float(stats.spearmanr(predicted, actual).statistic),
            "kendall": float(stats.kendalltau(predicted, actual).statistic),
            "brier": float(brier_score_loss(outcomes, predicted)),
            "log_loss": float(log_loss(outcomes, np.clip(predicted, 1e-15, 1 - 1e-15), labels=[0, 1])),
            "auroc": float(roc_auc_score(outcomes, predicted)),
        }
    )
wilson = []
for right, count in [(0, 5), (3, 10), (10, 10), (50, 100), (7, 25)]:
    for coverage in (0.5, 0.8, 0.95):
        found = binomtest(right, count).proportion_ci(coverage, method="wilson")
        wilson.append(
            {"right": right, "count": count, "coverage": coverage, "lower": found.low, "upper": found.high}
        )
quantiles = [{"p": p, "x": float(norm.ppf(p))} for p in (1e-6, 0.01, 0.025, 0.1, 0.5, 0.75, 0.975, 0.999)]
students = []
for degrees in (1, 2, 3, 4.5, 8, 23, 98, 1000):
    for p in (1e-6, 0.01, 0.1, 0.25, 0.6, 0.9, 0.975, 0.995):
        students.append({"degrees": degrees, "p": p, "x": float(stats.t.ppf(p, degrees))})
expected = {"cases": cases, "wilson": wilson, "quantiles": quantiles, "students": students}
target.write_text(json.dumps(expected, indent=0))
