#!/usr/bin/env python3
"""Measures `magnet judge run` beside a plain NumPy version of the same experiment.

    Benchmarks/judges.py [.build/release/magnet] [--repeats 20] [--jobs 2]

Both make the worlds, ask 240 questions at each of 8 timesteps, tune by 100 steps of gradient descent and measure values by
240 other questions: six algorithms, three challenges, four worlds. Random numbers differ, so only mean scores are compared.
"""

import argparse
import csv
import io
import os
import sqlite3
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


def run(command, best_of=1):
    """The output, and the least of several runs: seconds, seconds of processor time, megabytes."""
    taken = []
    for _ in range(best_of):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"{' '.join(command)} ended with {status}")
        taken.append((time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
    return output, *(min(column) for column in zip(*taken))


def journal(magnet, folder, calls):
    """Seconds to list the journal of a store with so many calls, made from a small run's."""
    path = os.path.join(folder, "journal.judge")
    run([magnet, "judge", "run", "--challenges", "Follow", "--algorithms", "LifelongDPO", "--timesteps", "4",
         "--results", path, "--format", "csv"])
    store = sqlite3.connect(path)
    store.execute("DELETE FROM call")
    store.executemany(
        "INSERT INTO call VALUES(1, ?, 'respond', ?, ?)", ((n, n % 9, n * 0x9E3779B97F4A7C15 % 2**63) for n in range(calls)))
    store.commit()
    store.close()
    output, *measured = run([magnet, "judge", "show", path, "--calls", "--format", "csv"], best_of=3)
    if output.count("\n") != calls + 1:
        sys.exit("the journal was not listed whole")
    return measured


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("magnet", nargs="?", default=".build/release/magnet")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--numpy-repeats", type=int, default=2, help="scaled up in the comparison")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    command = [options.magnet, "judge", "run", "--format", "csv"]
    jobs = ["--jobs", str(options.jobs)]
    small = command + jobs + ["--algorithms", "LifelongDPO,ExtrapolativeDPO", "--world", "linear"]
    _, seconds, cpu, memory = run(small, best_of=5)
    print(f"2 algorithms, 3 challenges, linear: {seconds:.2f} s, {cpu:.2f} s of processor time, {memory:.0f} MB")

    full = command + ["--world", ",".join(WORLDS), "--repeats", str(options.repeats)]
    full += ["--algorithms", ",".join(ALGORITHMS)]
    alone, one, one_cpu, _ = run(full + ["--jobs", "1"])
    text, seconds, cpu, memory = run(full + jobs)
    if alone != text:
        sys.exit("the output depends on --jobs")
    print(f"6 algorithms, 3 challenges, 4 worlds, {options.repeats} repeats, {options.jobs} jobs: {seconds:.2f} s, "
          f"{cpu:.2f} s of processor time, {memory:.0f} MB")
    print(f"  with 1 job: {one:.2f} s ({one / seconds:.2f} times as long)")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "r.judge")
        _, stored, stored_cpu, _ = run(full + jobs + ["--results", path])
        _, resumed, _, _ = run(full + jobs + ["--results", path])
        size = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))
        print(f"  with a store: {stored:.2f} s, {stored_cpu:.2f} s of processor time ({stored_cpu / cpu - 1:+.0%}); "
              f"{size / 1e6:.0f} MB; run again: {resumed:.2f} s")
        listed, listed_cpu, memory = journal(options.magnet, folder, 1_000_000)
        print(f"a journal of a million calls: listed in {listed:.2f} s, {listed_cpu:.2f} s of processor time, "
              f"{memory:.0f} MB")

    ours = {}
    for row in csv.DictReader(io.StringIO(text)):
        ours[row["history"], row["challenge"], row["algorithm"]] = float(row["score"])
    start, theirs = time.process_time(), {}
    for world in WORLDS:
        for challenge in CHALLENGES:
            for algorithm in ALGORITHMS:
                scores = [test(World(world, s), algorithm, challenge) for s in range(options.numpy_repeats)]
                theirs[world, challenge, algorithm] = np.mean(scores)
    numpy = (time.process_time() - start) * options.repeats / options.numpy_repeats
    print(f"NumPy, without baselines, scaled to {options.repeats} repeats: {numpy:.1f} s of processor time")
    print(f"ratio of processor time, NumPy to magnet: {numpy / cpu:.2f}")
    differences = [abs(ours[key] - theirs[key]) for key in theirs]
    print(f"mean difference of mean scores: {np.mean(differences):.3f} (other random numbers)")


if __name__ == "__main__":
    sys.exit(main())
