#!/usr/bin/env python3
"""Writes Fixtures/expected/estimates.json: estimates of runs' scores as NumPy, SciPy and scikit-learn compute them.

The data are seeded: right-or-wrong scores of models on items, some of them missing (null).
"""
import json
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.optimize import minimize
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, RidgeCV

target = Path(__file__).resolve().parent.parent / "expected/estimates.json"
random = np.random.default_rng(11)


def listed(values):
    return [None if np.isnan(value) else float(value) for value in np.ravel(values)]


def scores(models, items, missing=0.0):
    """Right-or-wrong scores, a row a model, and those of one more model."""
    ability, difficulty = random.normal(0, 1, models + 1), random.normal(-0.3, 1.2, items)
    slope = np.exp(random.normal(0, 0.4, items))
    chance = 1 / (1 + np.exp(-slope * (ability[:, None] - difficulty)))
    values = (random.random(chance.shape) < chance).astype(float)
    values[:-1][random.random((models, items)) < missing] = np.nan
    return values[:-1], values[-1]


def filled(train):
    means = np.nanmean(train, axis=0)
    return np.where(np.isnan(train), means, train), means


def control_variate(train, x, sample, population):
    p = np.nanmean(train, axis=0)
    seen, q = x[sample], p[sample]
    slope = np.cov(seen, q)[0, 1] / np.var(q, ddof=1)
    n = len(sample)
    mean = seen.mean() + slope * (p.mean() - q.mean())
    residuals = seen - seen.mean() - slope * (q - q.mean())
    return mean, (residuals**2).sum() / (n - 2), n


cases = []
for models, items, n, missing in [(6, 40, 10, 0), (12, 80, 25, 0.1), (40, 120, 50, 0), (8, 30, 29, 0.2), (30, 60, 45, 0)]:
    train, x = scores(models, items, missing)
    sample = np.sort(random.choice(items, n, replace=False))
    mean, variance, n = control_variate(train, x, sample, items)
    spread = x[sample].var(ddof=1)
    effect = min(1, variance / spread)
    intervals = []
    share = float(np.clip(mean, 0, 1))
    for coverage in (0.5, 0.8, 0.95):
        square = stats.t.ppf(0.5 + coverage / 2, n - 2) ** 2 * effect * (1 - n / items) / n
        # The two shares s at which (s - share)² = square s (1 - s).
        roots = np.roots([1 + square, -(2 * share + square), share**2])
        intervals.append([max(0.0, float(min(roots.real))), min(1.0, float(max(roots.real)))])
    features, _ = filled(train)
    ridge = RidgeCV(alphas=[1, 10, 100, 1000]).fit(features[:, sample].T, x[sample])
    cases.append(
        {
            "train": [listed(row) for row in train],
            "sample": sample.tolist(),
            "scores": x[sample].tolist(),
            "control_variate": share,
            "intervals": intervals,
            "aipw": float(np.clip(ridge.predict(features.T).mean(), 0, 1)),
            "aipw_penalty": float(ridge.alpha_),
        }
    )

ridges = []
for rows, width in [(20, 5), (8, 30), (15, 15), (1, 3)]:
    x, y = random.normal(0, 1, (rows, width)), random.normal(0, 1, rows)
    for penalty in (0.3, 20.0):
        kernel = x - x.mean(axis=0)
        coefficients = np.linalg.solve(kernel.T @ kernel + penalty * np.eye(width), kernel.T @ (y - y.mean()))
        errors = []
        for left in range(rows):  # by refitting, not by the formula
            kept = np.arange(rows) != left
            if not kept.any():
                continue
            inner = x[kept] - x[kept].mean(axis=0)
            w = np.linalg.solve(inner.T @ inner + penalty * np.eye(width), inner.T @ (y[kept] - y[kept].mean()))
            errors.append(float(y[left] - (y[kept].mean() + (x[left] - x[kept].mean(axis=0)) @ w)))
        ridges.append(
            {
                "features": x.ravel().tolist(),
                "targets": y.tolist(),
                "penalty": penalty,
                "coefficients": coefficients.tolist(),
                "intercept": float(y.mean() - x.mean(axis=0) @ coefficients),
                "leave_one_out": errors,
            }
        )

eigen = []
for order in (1, 2, 5, 12):
    matrix = random.normal(0, 1, (order, order))
    matrix = matrix + matrix.T
    values, vectors = np.linalg.eigh(matrix)
    eigen.append({"matrix": matrix.ravel().tolist(), "values": values[::-1].tolist()})

# Item response models: the marginal posterior maximized by SciPy's BFGS, the priors' parameters fitted along.

NODES = np.linspace(-4, 4, 21)
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()


def marginal(parameters, x, known, rasch, prior):
    """Minus the log of the marginal posterior, and its gradient."""
    items = x.shape[1]
    a = np.exp(parameters[:items] if not rasch else np.repeat(parameters[0], items))
    d = parameters[-items:]
    logits = np.outer(a, NODES) + d[:, None]
    logs = np.log(WEIGHTS) + x @ logits - known @ np.logaddexp(0, logits)
    top = logs.max(axis=1, keepdims=True)
    likelihoods = np.exp(logs - top)
    value = (np.log(likelihoods.sum(axis=1)) + top[:, 0]).sum()
    posterior = likelihoods / likelihoods.sum(axis=1, keepdims=True)
    share = 1 / (1 + np.exp(-logits))
    rest = x.T @ posterior - (known.T @ posterior) * share
    slope, level = a * (rest @ NODES), rest.sum(axis=1)
    value -= ((d - prior["mean"]) ** 2).sum() / 2 / prior["variance"]
    level -= (d - prior["mean"]) / prior["variance"]
    if not rasch:
        value -= ((parameters[:items] - prior["discrimination"]) ** 2).sum() / 2 / 0.4**2
        slope -= (parameters[:items] - prior["discrimination"]) / 0.4**2
    information = ((known.T @ posterior) * share * (1 - share)).sum(axis=1) + 1 / prior["variance"]
    gradient = np.concatenate([[slope.sum()] if rasch else slope, level])
    return -value, -gradient, information


def item_response(train, rasch):
    known = (~np.isnan(train)).astype(float)
    x = np.nan_to_num(train)
    items = x.shape[1]
    share = (x.sum(axis=0) + 0.5) / (known.sum(axis=0) + 1)
    d = np.log(share / (1 - share))
    parameters = np.concatenate([np.zeros(1 if rasch else items), d])
    prior = {"mean": d.mean(), "variance": 4.0, "discrimination": 0.0}
    for _ in range(200):
        before = parameters
        parameters = minimize(
            lambda p: marginal(p, x, known, rasch, prior)[:2], parameters, jac=True, method="BFGS",
            options={"gtol": 1e-7},
        ).x
        information = marginal(parameters, x, known, rasch, prior)[2]
        d = parameters[-items:]
        variance = ((d - d.mean()) ** 2 + 1 / information).mean()
        prior = {"mean": d.mean(), "variance": min(9, max(0.25, variance)),
                 "discrimination": parameters[: len(parameters) - items].mean()}
        if np.abs(parameters - before).max() < 1e-6:
            break
    a = np.exp(parameters[0]) * np.ones(items) if rasch else np.exp(parameters[:items])
    return a, parameters[-items:]


responses = []
for models, items, n, missing, rasch in [(40, 20, 8, 0, False), (40, 20, 8, 0, True), (60, 15, 5, 0.15, False), (5, 12, 4, 0.1, True)]:
    train, x = scores(models, items, missing)
    a, d = item_response(train, rasch)
    sample = np.sort(random.choice(items, n, replace=False))
    rest = np.setdiff1d(np.arange(items), sample)
    expected = lambda ability: (1 / (1 + np.exp(-(a * ability + d)))).mean()
    # The deviation above the mean run: where a third of what that lacks is closed; and where nearly all is right.
    upper = next(u for u in np.arange(2, 30, 0.5) if expected(u) >= expected(0) + (1 - expected(0)) / 3)
    end = next(k * upper for k in range(3, 16) if k == 15 or expected(k * upper) >= 0.98)
    step = 0.006
    ability = np.arange(-6, end + step / 2, step)
    share = 1 / (1 + np.exp(-(np.outer(a, ability) + d[:, None])))
    likelihood = np.exp(x[sample] @ np.log(share[sample]) + (1 - x[sample]) @ np.log1p(-share[sample]))
    narrow = np.exp(-(ability**2) / 2)
    # Above, one part in twenty in which all scores from the mean run's up are as likely.
    score = share.mean(axis=0)
    uniform = upper * np.sqrt(np.pi / 2) * np.gradient(score, step) / (score[-1] - expected(0))
    above = 0.95 * np.exp(-((ability / upper) ** 2) / 2) + 0.05 * uniform
    wide = np.where(ability > 0, above, narrow)
    weights = wide * likelihood
    weights /= weights.sum()
    # Of single instances: nine in ten the runs' own prior, one in ten the wide one, both of area 1.
    mixed = (0.9 * narrow + 0.1 * wide * 2 / (1 + upper)) * likelihood
    mixed /= mixed.sum()
    means = (x[sample].sum() + share[rest].sum(axis=0)) / items
    mean = weights @ means
    responses.append(
        {
            "train": [listed(row) for row in train],
            "sample": sample.tolist(),
            "scores": x[sample].tolist(),
            "rasch": rasch,
            "discriminations": a.tolist(),
            "easiness": d.tolist(),
            "mean": float(mean),
            "stddev": float(np.sqrt(weights @ (means - mean) ** 2 + weights @ (share * (1 - share))[rest].sum(axis=0) / items**2)),
            "probabilities": (share @ mixed).tolist(),
            "point_biserial": [
                float(stats.pearsonr(train[:, j], np.delete(train, j, axis=1).mean(axis=1)).statistic)
                for j in range(items)
            ] if not missing else [],
        }
    )

# Likeness to other models: by scores, by a regression on the sample, by what they answer.

likeness = []
for models, items, n, missing in [(25, 60, 12, 0), (30, 50, 40, 0.05), (22, 40, 3, 0)]:
    train, x = scores(models, items, missing)
    train, _ = filled(train)
    sample = np.sort(random.choice(items, n, replace=False))
    rest = np.setdiff1d(np.arange(items), sample)
    full = train.mean(axis=1)

    distances = np.abs(train[:, None, sample] - train[None, :, sample]).mean(axis=2)
    errors = []
    for bandwidth in (2, 5, 10, 20, 40):
        weights = np.exp(-bandwidth * distances)
        np.fill_diagonal(weights, 0)
        predicted = weights @ train[:, rest].sum(axis=1) / weights.sum(axis=1)
        errors.append(((predicted - train[:, rest].sum(axis=1)) ** 2).mean())
    weights = np.exp(-(2, 5, 10, 20, 40)[int(np.argmin(errors))] * np.abs(train[:, sample] - x[sample]).mean(axis=1))
    nearest = (x[sample].sum() + weights @ train[:, rest].sum(axis=1) / weights.sum()) / items

    ridge = RidgeCV(alphas=[0.1, 1, 10, 100]).fit(train[:, sample], full)

    # Four answers, A right; wrong answers of models are alike at times; now and then none (-1).
    answers = np.where(np.vstack([train, x]) > 0.5, 0, random.integers(1, 4, (models + 1, items)))
    answers[random.random(answers.shape) < 0.05] = -1
    one_hot = np.concatenate([(answers[:, sample] == option) for option in range(4)], axis=1).astype(float)
    # Classical scaling of Euclidean distances is principal component analysis.
    points = PCA(n_components=min(8, one_hot.shape[1]), svd_solver="full").fit_transform(one_hot)
    located = LinearRegression().fit(points[:-1], full).predict(points[-1:])[0]
    dkps = (x[sample].sum() + (items - n) * np.clip(located, 0, 1)) / items
    likeness.append(
        {
            "train": [listed(row) for row in train],
            "sample": sample.tolist(),
            "scores": x[sample].tolist(),
            "answers": answers[:-1].ravel().tolist(),
            "own_answers": answers[-1, sample].tolist(),
            "nearest": float(nearest),
            "ridge": float(np.clip(ridge.predict(x[None, sample])[0], 0, 1)),
            "dkps": float(dkps),
        }
    )

# Completion of a table of scores.
boards = []
for models, scenarios in [(20, 6), (6, 3), (12, 15)]:
    level, factor = random.normal(0, 1, models), random.normal(0, 0.5, models)
    logits = random.normal(0, 1, scenarios) + level[:, None] + np.outer(factor, random.normal(0, 1, scenarios))
    table = np.round(1 / (1 + np.exp(-logits - random.normal(0, 0.2, logits.shape))), 2)
    clipped = np.clip(table, 0.005, 0.995)  # half of 100 instances
    logits = np.log(clipped / (1 - clipped))
    ridge = RidgeCV(alphas=[0.1, 0.3, 1, 3, 10, 30]).fit(logits[:-1, 1:], logits[:-1, 0])
    boards.append(
        {
            "scores": [row.tolist() for row in table],
            "ridge": float(1 / (1 + np.exp(-ridge.predict(logits[-1:, 1:])[0]))),
        }
    )

target.write_text(
    json.dumps({"cases": cases, "ridges": ridges, "eigen": eigen, "responses": responses,
         "likeness": likeness, "boards": boards}, indent=0)
)
