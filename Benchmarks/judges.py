#!/usr/bin/env python3
"""Measures `magnet judge run` beside a plain NumPy version of the same experiment.

    Benchmarks/judges.py [--magnet .build/release/magnet] [--repeats 20] [--jobs 2]

Both make the worlds, ask 240 questions at each of 8 timesteps, tune by 100 steps of gradient descent and measure values by
240 other questions: six algorithms, three challenges, four worlds. Random numbers differ, so only mean scores are compared.
"""

import argparse
import csv
import io
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

ALGORITHMS = ["LifelongDPO", "LifelongRLHF", "ExtrapolativeDPO", "ExtrapolativeRLHF", "Trend"]
CHALLENGES = ["Follow", "Predict", "Coevolve"]
WORLDS = ["linear", "walk", "cycle", "shock"]
DIMENSIONS, WORDS, TIMESTEPS, QUESTIONS = 6, 8, 9, 240


class World:
    def __init__(self, kind, seed):
        rng = np.random.default_rng([seed, WORLDS.index(kind)])
        first, change = rng.normal(size=(2, DIMENSIONS))
        change *= 0.35 / np.sqrt(np.mean(change**2))
        walked, thetas = first, []
        for t in range(TIMESTEPS):
            if t:
                walked = walked + rng.normal(0, 0.35, DIMENSIONS)
            theta = {
                "linear": first + t * change,
                "walk": walked,
                "cycle": first * np.cos(np.pi * t / 4) + 4 * change * np.sin(np.pi * t / 4),
                "shock": first + (6 * change if t >= 4 else 0),
            }[kind]
            thetas.append(theta + rng.normal(0, 0.05, DIMENSIONS))
        signs = np.repeat([[1.0, 1, 1, 1, -1, -1, -1, -1]], DIMENSIONS, 0)
        self.eras = [(signs * theta[:, None]).ravel() for theta in thetas]
        left = rng.integers(0, DIMENSIONS, 2 * QUESTIONS)
        right = (left + 1 + rng.integers(0, DIMENSIONS - 1, 2 * QUESTIONS)) % DIMENSIONS
        against = rng.integers(0, 4, (2, 2 * QUESTIONS)) == 0
        word = rng.integers(0, 4, (2, 2 * QUESTIONS)) + 4 * against
        self.values, self.signs = np.stack([left, right]), np.where(against, -1.0, 1.0)
        self.columns = self.values * WORDS + word
        self.rng = rng

    def features(self, columns):
        rows = np.zeros((columns.shape[1], DIMENSIONS * WORDS))
        index = np.arange(columns.shape[1])
        rows[index, columns[0]] += 1
        rows[index, columns[1]] -= 1
        return rows

    def answers(self, weights):
        """+1 where the first option is liked, -1 for the second; drawn by the chances."""
        margin = self.features(self.columns[:, :QUESTIONS]) @ weights
        return np.where(self.rng.random(QUESTIONS) < 1 / (1 + np.exp(-margin)), 1.0, -1.0)

    def vector(self, weights):
        probe = slice(QUESTIONS, None)
        share = np.tanh(self.features(self.columns[:, probe]) @ weights / 2)
        sums, counts = np.zeros(DIMENSIONS), np.zeros(DIMENSIONS)
        for side, sign in ((0, 1), (1, -1)):
            np.add.at(sums, self.values[side, probe], sign * self.signs[side, probe] * share)
            np.add.at(counts, self.values[side, probe], 1)
        return sums / counts


def fit(parent, rows, copies, epochs=1.0):
    total, penalty, weights = copies.sum(), 0.01 / epochs, parent.copy()
    for _ in range(100):
        pull = copies / total / (1 + np.exp(rows @ weights))
        weights -= 3.0 * (penalty * (weights - parent) - rows.T @ pull)
    return weights


def cosine(u, v):
    return u @ v / np.sqrt((u @ u) * (v @ v))


def test(world, algorithm, challenge):
    rows = world.features(world.columns[:, :QUESTIONS])
    actual = [world.vector(era) for era in world.eras]
    model = simulated = world.eras[0]
    history, strengths, scores, simulated_vectors = [], [], [], [actual[0]]
    for t in range(1, TIMESTEPS - (challenge == "Predict")):
        votes = world.answers(simulated if challenge == "Coevolve" else world.eras[t])
        history.append(votes)
        copies, signs = np.ones(QUESTIONS), votes
        if algorithm.startswith("Extrapolative") and len(history) > 1:
            extrapolated = 2 * history[-1] - history[-2]
            copies, signs = np.minimum(np.abs(extrapolated), 5), np.sign(extrapolated)
        elif algorithm == "Trend":
            strengths.append(rows @ fit(np.zeros(len(model)), rows * votes[:, None], copies))
            recent = np.array(strengths[-4:])
            line = recent[0]
            if len(recent) > 1:
                slope, start = np.polyfit(np.arange(len(recent)), recent, 1)
                line = start + slope * len(recent)
            copies, signs = np.clip(np.floor(2 * np.abs(line)), 1, 5), np.sign(line)
        signed = rows * signs[:, None]
        if algorithm.endswith("RLHF"):
            model = model + fit(np.zeros(len(model)), signed, copies)
        else:
            model = fit(model, signed, copies)
        if challenge == "Coevolve":
            for teacher, epochs in ((world.eras[t], 1.0), (model, 2.0)):
                simulated = fit(simulated, rows * world.answers(teacher)[:, None], np.ones(QUESTIONS), epochs)
            simulated_vectors.append(world.vector(simulated))
        else:
            scores.append(cosine(world.vector(model), actual[t + (challenge == "Predict")]))
    if challenge == "Coevolve":
        for s in simulated_vectors:
            row = np.array([cosine(s, a) for a in actual])
            scores.append(np.maximum.accumulate(row[::-1]).mean())
    return np.mean(scores)


def run(command):
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return result.stdout, time.perf_counter() - start, cpu


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--magnet", default=".build/release/magnet")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--numpy-repeats", type=int, default=2, help="scaled up in the comparison")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    command = [options.magnet, "judge", "run", "--format", "csv", "--jobs", str(options.jobs)]
    _, seconds, cpu = run(command + ["--algorithms", "LifelongDPO,ExtrapolativeDPO", "--world", "linear"])
    print(f"2 algorithms, 3 challenges, linear: {seconds:.2f} s, {cpu:.2f} s of processor time")
    full = command + ["--world", ",".join(WORLDS), "--repeats", str(options.repeats)]
    full += ["--algorithms", ",".join(ALGORITHMS)]
    text, seconds, cpu = run(full)
    with tempfile.TemporaryDirectory() as folder:
        _, stored, stored_cpu = run(full + ["--results", folder + "/r.judge"])
        _, resumed, _ = run(full + ["--results", folder + "/r.judge"])
        size = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))
    print(f"all, 4 worlds, {options.repeats} repeats: {seconds:.2f} s, {cpu:.2f} s of processor time")
    print(f"  with a store: {stored:.2f} s, {stored_cpu:.2f} s ({size / 1e6:.0f} MB); run again: {resumed:.2f} s")
    ours = {}
    for row in csv.DictReader(io.StringIO(text)):
        ours[row["history"], row["challenge"], row["algorithm"]] = float(row["score"])
    start, theirs = time.perf_counter(), {}
    for world in WORLDS:
        for challenge in CHALLENGES:
            for algorithm in ALGORITHMS:
                scores = [test(World(world, s), algorithm, challenge) for s in range(options.numpy_repeats)]
                theirs[world, challenge, algorithm] = np.mean(scores)
    numpy = (time.perf_counter() - start) * options.repeats / options.numpy_repeats
    print(f"NumPy, one process, without baselines, scaled to {options.repeats} repeats: {numpy:.1f} s")
    print(f"ratio of processor time, NumPy to magnet: {numpy / cpu:.2f}")
    print(f"largest resident memory of a run: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
    differences = [abs(ours[key] - theirs[key]) for key in theirs]
    print(f"mean difference of mean scores: {np.mean(differences):.3f} (other random numbers)")


if __name__ == "__main__":
    sys.exit(main())
