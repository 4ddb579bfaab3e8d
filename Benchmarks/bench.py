#!/usr/bin/env python3
"""Measures magnet beside aiq-magnet, DuckDB, pandas and simdjson, and keeps the result. See README.md.

    bench.py path/to/magnet [--tasks tables,predict] [--quick] [--keep]

Every program is its own process, timed from start to end; its peak memory and its processor time are the operating
system's. The programs of a task take turns. Only medians are compared.
"""

import argparse
import csv
import datetime
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("MAGNET_BENCH_DIR") or Path(tempfile.gettempdir()) / "magnet-bench")
VENV = Path(os.environ.get("MAGNET_BENCH_VENV") or FOLDER / "venv")
PACKAGES = ["aiq-magnet[helm]==0.1.0", "duckdb", "pyarrow"]
THREADS = 2
SMALL = [5_000, 10_000, 20_000]
UNKNOWN_COMMAND = 64
# Linux counts ru_maxrss in kilobytes, macOS in bytes.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Skip(Exception):
    """Why a task was not measured."""


# One process.

class Sample:
    """One run of a program. `numbers` is the JSON line it printed, if it printed one."""

    def __init__(self, wall, cpu, peak, status, output, errors):
        self.wall, self.cpu, self.peak, self.status = wall, cpu, peak, status
        self.output, self.errors = output, errors
        self.numbers = {}
        lines = output.strip().splitlines()
        if lines and lines[-1].startswith("{"):
            try:
                self.numbers = json.loads(lines[-1])
            except ValueError:
                pass


def run(command, keep_output=True):
    """Runs a command to its end."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL,
            stdout=output if keep_output else subprocess.DEVNULL, stderr=errors,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        # A long output is of no use here, and reading it would grow this process, which its children's peaks include.
        output.seek(max(0, output.seek(0, 2) - 100_000))
        errors.seek(0)
        return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT, child.returncode,
                      output.read().decode("utf-8", "replace"), errors.read(100_000).decode("utf-8", "replace"))


class Program:
    """A program in a task, and what was measured of it."""

    def __init__(self, name, command, repeats, keep_output=True):
        self.name, self.command, self.repeats, self.keep_output = name, command, repeats, keep_output
        self.before = None  # Called before each repeat, untimed.
        self.samples = []

    def sample(self):
        if self.before:
            self.before()
        sample = run(self.command, self.keep_output)
        if sample.status != 0:
            reason = " ".join(sample.errors.split()[-40:])
            if sample.status == UNKNOWN_COMMAND:
                raise Skip(f"{self.name} does not know this command: {reason}")
            raise Skip(f"{self.name} ended with status {sample.status}: {reason}")
        self.samples.append(sample)

    def median(self, measure):
        return statistics.median(measure(sample) for sample in self.samples)

    @property
    def wall(self):
        return self.median(lambda sample: sample.wall)

    @property
    def inside(self):
        """Seconds by the program's own clock: for Python without its imports. The whole when it tells none."""
        return self.median(lambda sample: sample.numbers.get("seconds", sample.wall))

    @property
    def peak(self):
        """The highest peak, not the median: a bound must hold every time."""
        return max(sample.peak for sample in self.samples)

    @property
    def numbers(self):
        return self.samples[-1].numbers

    def record(self):
        numbers = {key: value for key, value in self.numbers.items() if key != "result"}
        return {
            "program": self.name,
            "wall": [sample.wall for sample in self.samples],
            "seconds": [sample.numbers.get("seconds") for sample in self.samples],
            "cpu": [sample.cpu for sample in self.samples],
            "peak_bytes": [sample.peak for sample in self.samples],
            "last_line": numbers,
        }


def take_turns(programs):
    """Runs ours, then each of the others, and again, until each has had its repeats."""
    for turn in range(max(program.repeats for program in programs)):
        for program in programs:
            if turn < program.repeats:
                say(f"  {program.name}, {turn + 1} of {program.repeats}")
                program.sample()


# Claims: what was asked for beside what was measured.

def at_least(what, value, bound, unit="x"):
    return {"what": what, "value": value, "bound": bound, "unit": unit, "met": value >= bound, "sign": "≥"}


def at_most(what, value, bound, unit):
    return {"what": what, "value": value, "bound": bound, "unit": unit, "met": value <= bound, "sign": "≤"}


def told(what, value, unit="x"):
    """A number without a target."""
    return {"what": what, "value": value, "bound": None, "unit": unit, "met": None, "sign": ""}


# The tasks. Each returns its programs, its claims and its notes.

class Bench:
    def __init__(self, magnet, quick):
        self.magnet = magnet
        self.fast, self.slow = (2, 1) if quick else (5, 3)

    def ours(self, *arguments, repeats=None, keep_output=True, name="magnet"):
        return Program(name, [self.magnet, *arguments], repeats or self.fast, keep_output)

    def peer(self, name, *arguments, repeats):
        return Program(name, [python(), HERE / "peers.py", *arguments], repeats)

    def check_ours(self, program):
        """Tries our command once, so that an unknown one costs no time. Warms the files up, too."""
        say("  warming up")
        program.sample()
        program.samples.clear()

    def tables(self):
        suite = corpus()
        ours = self.ours("bench", suite, "--threads", str(THREADS))
        self.check_ours(ours)
        aiq = self.peer("aiq-magnet", "aiq-tables", suite, repeats=self.slow)
        duckdb = self.peer("DuckDB", "duckdb-tables", suite, repeats=self.fast)
        tuned = self.peer("DuckDB, told types and buffers", "duckdb-tables", suite, "--tuned", repeats=self.fast)
        parse = Program("simdjson, parsing only", [parser(), suite, "--threads", str(THREADS)], self.fast)
        programs = [ours, aiq, duckdb, tuned, parse]
        take_turns(programs)
        size = folder_bytes(suite)
        claims = [
            at_least("faster than aiq-magnet", aiq.inside / ours.wall, 40),
            at_least("faster than DuckDB", duckdb.inside / ours.wall, 10),
            told("faster than DuckDB, told types and buffers", tuned.inside / ours.wall),
            at_most("of the time simdjson parses alone", ours.wall / parse.wall, 3, "x"),
            at_most("of the input's bytes at the peak", ours.peak / size, 1 / 3, ""),
        ]
        notes = []
        for key in ["rows", "cells"]:
            counts = {program.name: program.numbers[key] for program in programs if key in program.numbers}
            if len(set(counts.values())) > 1:
                notes.append(f"{key} differ: {counts}")
        return programs, claims, notes

    def predict(self):
        suite = corpus()
        ours = self.ours("predict", "perturbation", suite, "--format", "csv", repeats=2 * self.fast)
        self.check_ours(ours)
        aiq = self.peer("aiq-magnet", "aiq-perturbation", suite, repeats=self.slow)
        take_turns([ours, aiq])
        return [ours, aiq], [
            at_most("cold process", ours.wall, 0.15, "s"),
            at_least("faster than aiq-magnet", aiq.wall / ours.wall, 150),
            at_most("at the peak", ours.peak / 1e6, 80, "MB"),
        ], []

    def runs(self):
        programs = []
        for count in SMALL:
            name = f"magnet, {count:,} runs"
            program = self.ours("runs", small(count), "--format", "csv", name=name, keep_output=False)
            self.check_ours(program)
            programs.append(program)
        take_turns(programs)
        claims = [
            at_most(f"a run, of {count:,}", 1000 * program.wall / count, 0.1, "ms")
            for count, program in zip(SMALL, programs)
        ]
        # Linear: a fifth more than in proportion is allowed for noise.
        growth = SMALL[-1] / SMALL[0]
        claims.append(at_most(f"the time for {growth:g} times the runs", programs[-1].wall / programs[0].wall,
                              1.2 * growth, "x"))
        return programs, claims, []

    def help(self):
        ours = self.ours("--help", repeats=4 * self.fast)
        self.check_ours(ours)
        take_turns([ours])
        return [ours], [at_most("from start to end", 1000 * ours.wall, 8, "ms")], []

    def part(self):
        run = sorted(corpus().iterdir())[0]
        ours = self.ours("table", "per-instance-stats", run, "--schema", "v1", "--format", "arrow",
                         repeats=4 * self.fast, keep_output=False)
        self.check_ours(ours)
        take_turns([ours])
        return [ours], [at_most("a task of an engine with one run", 1000 * ours.wall, 20, "ms")], []

    def giant(self):
        path = giant()
        state = "scenario_state.request_states"
        columns = f"run_spec.name,{state}.instance.id,{state}.result.success"
        # Standard output goes to /dev/null: -o might replace it.
        ours = self.ours("table", "scenario-states", path, "--columns", columns, "--format", "csv",
                         repeats=self.slow, keep_output=False)
        warm(path)
        take_turns([ours])
        return [ours], [
            at_most("at the peak", ours.peak / 1e6, 500, "MB"),
            at_least("processor time by wall time", ours.median(lambda sample: sample.cpu / sample.wall), 1.5, ""),
            told("read", folder_bytes(path) / 1e9 / ours.wall, "GB/s"),
        ], []

    def groupby(self):
        suite = corpus()
        query = "SELECT metric, avg(mean) FROM instance_scores GROUP BY metric"
        ours = self.ours("sql", suite, query, "--format", "csv")
        self.check_ours(ours)
        duckdb = self.peer("DuckDB", "duckdb-groupby", suite, repeats=self.fast)
        tuned = self.peer("DuckDB, told types and buffers", "duckdb-groupby", suite, "--tuned", repeats=self.fast)
        take_turns([ours, duckdb, tuned])
        return [ours, duckdb, tuned], [
            at_least("faster than DuckDB", duckdb.inside / ours.wall, 5),
            told("faster than DuckDB, told types and buffers", tuned.inside / ours.wall),
        ], compare_groups(ours.samples[-1].output, duckdb.numbers["result"])

    def parquet(self):
        suite = corpus()
        with tempfile.TemporaryDirectory() as folder:
            ours = self.ours("export", "parquet", Path(folder) / "parquet", suite, "--force")
            self.check_ours(ours)
            self.ours("export", "arrow", Path(folder) / "arrow", suite, name="magnet, to Arrow").sample()
            load = self.ours("bench", suite, "--threads", str(THREADS), name="magnet, loading alone")
            duckdb = self.peer("DuckDB", "duckdb-parquet", suite, repeats=self.fast)
            tuned = self.peer("DuckDB, told types and buffers", "duckdb-parquet", suite, "--tuned", repeats=self.fast)
            pyarrow = self.peer("pyarrow, from Arrow files", "pyarrow-parquet", Path(folder) / "arrow",
                                repeats=self.fast)
            programs = [ours, load, duckdb, tuned, pyarrow]
            take_turns(programs)
            size = folder_bytes(Path(folder) / "parquet", "*.parquet")
        return programs, [
            at_least("faster than DuckDB", duckdb.inside / ours.wall, 5),
            told("faster than DuckDB, told types and buffers", tuned.inside / ours.wall),
            at_most("times loading alone", ours.wall / load.wall, 1.6, "x"),
            at_most("above loading at the peak", (ours.peak - load.peak) / 1e6, 64, "MB"),
        ], [f"Files: ours {size / 1e6:.1f} MB, DuckDB's {duckdb.numbers['file_bytes'] / 1e6:.1f} MB, "
            f"pyarrow's {pyarrow.numbers['file_bytes'] / 1e6:.1f} MB."]

    def cache(self):
        suite, many = corpus(), small(SMALL[-1])
        query = "SELECT metric, avg(mean) FROM instance_scores GROUP BY metric"
        scores = "SELECT metric, count(*), avg(mean) FROM scores GROUP BY metric"
        with tempfile.TemporaryDirectory() as folder:
            options = ["--cache", folder]
            for path in [suite, many]:
                say(f"  indexing {path}")
                self.ours("index", path, *options).sample()

            def both(name, *arguments):
                files = self.ours(*arguments, "--no-cache", name=f"{name}, from JSON")
                warm = self.ours(*arguments, *options, name=f"{name}, from the cache")
                self.check_ours(warm)
                return [files, warm]

            tables = both("four tables", "bench", suite, "--threads", str(THREADS))
            groups = both("group-by", "sql", suite, query, "--format", "csv")
            runs = both("sql over 20,000 runs", "sql", many, scores, "--format", "csv")
            take_turns(tables + groups + runs)
            size = folder_bytes(Path(folder), "*.columns")
        notes = [] if groups[0].samples[-1].output == groups[1].samples[-1].output else ["group-by: answers differ"]
        if runs[0].samples[-1].output != runs[1].samples[-1].output:
            notes.append("20,000 runs: answers differ")
        return tables + groups + runs, [
            at_least("faster than from JSON, the four tables", tables[0].wall / tables[1].wall, 10),
            at_least("faster than from JSON, the group-by", groups[0].wall / groups[1].wall, 5),
            at_most("sql over 20,000 runs", runs[1].wall, 0.3, "s"),
        ], notes + [f"The cache has {size / 1e6:.0f} MB."]

    def export(self):
        suite = corpus()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "runs.sqlite"
            ours = self.ours("export", "sqlite", file, suite)
            ours.before = lambda: file.unlink(missing_ok=True)
            self.check_ours(ours)
            pandas = self.peer("aiq-magnet and pandas", "pandas-to-sql", suite, repeats=self.slow)
            take_turns([ours, pandas])
            size = file.stat().st_size
        only = pandas.median(lambda sample: sample.numbers["to_sql_seconds"])
        return [ours, pandas], [
            at_least("faster than aiq-magnet and to_sql, from JSON to SQLite", pandas.inside / ours.wall, 10),
            told("faster than to_sql alone, from data frames to SQLite", only / ours.wall),
        ], [f"SQLite files: ours {size / 1e6:.0f} MB, with indexes; "
            f"pandas' {pandas.numbers['file_bytes'] / 1e6:.0f} MB, without. to_sql alone takes {only:.1f} s."]


    def zip(self):
        suite = corpus()
        file = FOLDER / "corpus.zip"
        if not file.exists():
            say(f"packing {file}")
            with zipfile.ZipFile(FOLDER / "corpus.zip.part", "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(suite.rglob("*.json")):
                    archive.write(path, path.relative_to(suite.parent))
            (FOLDER / "corpus.zip.part").rename(file)
        warm(file.parent)
        archive = self.ours("bench", file, "--threads", THREADS)
        self.check_ours(archive)
        plain = self.ours("bench", suite, "--threads", THREADS, name="magnet, from the folder")
        inflate = Program("inflating alone", [compiled("inflate_only", "-lz"), file, THREADS], self.fast)
        predict = self.ours("predict", "perturbation", file, keep_output=False, name="magnet predict, from the zip")
        take_turns([archive, plain, inflate, predict])
        return [archive, plain, inflate, predict], [
            at_most("times inflating and then loading", archive.wall / (inflate.wall + plain.wall), 1.5, "x"),
            told("times loading from the folder", archive.wall / plain.wall),
            told("times inflating alone, with checksums, in memory", archive.wall / inflate.wall),
        ], [f"The zip has {file.stat().st_size / 1e6:.0f} MB."]


TASKS = ["tables", "predict", "runs", "help", "part", "giant", "groupby", "export", "zip", "parquet", "cache"]


def compare_groups(text, expected):
    """Notes on groups whose means are not DuckDB's."""
    try:
        got = {row[0]: float(row[1]) if row[1] else None for row in list(csv.reader(text.splitlines()))[1:]}
    except (ValueError, IndexError):
        return ["the answer could not be read as CSV of two columns"]
    wrong = [
        metric for metric in sorted(set(got) | set(expected))
        if not same(got.get(metric, math.inf), expected.get(metric, -math.inf))
    ]
    return [f"means differ from DuckDB's: {', '.join(wrong)}"] if wrong else []


def same(one, other):
    return one is other or (one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9))


# What the tasks need, made when it is absent.

def say(text):
    print(text, file=sys.stderr, flush=True)


def make(folder, *options):
    if not folder.exists():
        say(f"making {folder}")
        subprocess.run([sys.executable, HERE / "make_corpus.py", folder, *options], check=True, stdout=sys.stderr)
    return folder


def suite_of(folder):
    return next((folder / "benchmark_output" / "runs").iterdir())


def corpus():
    return suite_of(make(FOLDER / "corpus"))


def small(count):
    return suite_of(make(FOLDER / f"small-{count}", "--small-runs", str(count)))


def giant():
    # A little more than 2^32 bytes.
    return suite_of(make(FOLDER / "giant", "--giant", "4.3"))


def warm(folder):
    """Reads every file once."""
    block = bytearray(1 << 20)
    for path in folder.rglob("*.json"):
        with open(path, "rb", buffering=0) as file:
            while file.readinto(block):
                pass


def compiled(name, *libraries):
    """A compiled program of this folder, newer than its source."""
    source, binary = HERE / f"{name}.cpp", FOLDER / name
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        flags = ["-O3", "-std=c++17"]
        if sys.platform == "darwin":
            prefix = subprocess.run(["brew", "--prefix"], capture_output=True, text=True).stdout.strip()
            flags += [f"-I{prefix}/include", f"-L{prefix}/lib"]
        compiler = os.environ.get("CXX") or next(filter(shutil.which, ["g++", "clang++"]), None)
        if not compiler:
            raise Skip("there is no C++ compiler")
        subprocess.run([compiler, *flags, source, *libraries, "-lpthread", "-o", binary], check=True)
    return binary


def parser():
    return compiled("parse_only", "-lsimdjson")


def python():
    """The peers' Python, with their packages."""
    interpreter = VENV / "bin" / "python"
    if not interpreter.exists():
        say(f"making {VENV}")
        subprocess.run([os.environ.get("MAGNET_BENCH_PYTHON", sys.executable), "-m", "venv", VENV], check=True)
        # pip unpacks gigabytes, for which the folder of temporary files may have no room.
        with tempfile.TemporaryDirectory(dir=VENV) as scratch:
            installed = subprocess.run(
                [interpreter, "-m", "pip", "install", "--quiet", "--no-cache-dir", *PACKAGES], stdout=sys.stderr,
                env={**os.environ, "TMPDIR": scratch})
        if installed.returncode != 0:
            shutil.rmtree(VENV)
            sys.exit(f"bench: the other programs' packages could not be installed into {VENV}; "
                     "MAGNET_BENCH_DIR names a folder with room, MAGNET_BENCH_VENV an environment that has them")
    return interpreter


def folder_bytes(folder, pattern="*.json"):
    return sum(file.stat().st_size for file in folder.rglob(pattern))


# The report.

def first_line(*command):
    try:
        result = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    except OSError:
        return None
    return (result.stdout or result.stderr).strip().split("\n")[0] or None if result.returncode == 0 else None


def processor():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return first_line("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def system():
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        name = f"macOS {platform.mac_ver()[0]}" if sys.platform == "darwin" else platform.system()
    return f"{name}, {platform.machine()}"


def package_version(name):
    code = f"import importlib.metadata; print(importlib.metadata.version('{name}'))"
    return first_line(str(VENV / "bin" / "python"), "-c", code)


def machine(magnet):
    changed = first_line("git", "status", "--porcelain", "--untracked-files=no", "--", "..")
    commit = first_line("git", "rev-parse", "--short", "HEAD")
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": system(),
        "commit": commit and commit + (", changed" if changed else ""),
        "magnet": first_line(str(magnet), "--version"),
        "swift": first_line("swift", "--version"),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def peers_versions():
    """Known only once the peers are there."""
    versions = {name: package_version(name) for name in ["aiq-magnet", "pandas", "duckdb"]}
    versions["python"] = first_line(str(VENV / "bin" / "python"), "--version")
    if (FOLDER / "parse_only").exists():
        numbers = run([FOLDER / "parse_only", HERE]).numbers
        versions["simdjson"] = f"{numbers['simdjson']}, {numbers['kernel']}"
    return versions


def number(value):
    """Three digits that count."""
    if value == 0:
        return "0"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def markdown(date, about, results):
    lines = [f"# Benchmarks of {date}", ""]
    lines += [f"- {name}: {value}" for name, value in about.items() if value]
    numbers = FOLDER / "corpus" / "corpus.json"
    if numbers.exists():
        facts = json.loads(numbers.read_text())
        lines.append(
            f"- corpus: {facts['runs']} runs, {facts['bytes'] / 1e6:.0f} MB, "
            f"{facts['rows']['per_instance_stats']:,} per-instance rows"
        )
    lines += ["", "| task | what | measured | target | met |", "|---|---|---:|---:|---|"]
    for result in results:
        for claim in result["claims"]:
            unit = claim["unit"] if claim["unit"] in ("", "x") else " " + claim["unit"]
            target = "" if claim["bound"] is None else f"{claim['sign']} {number(claim['bound'])}{unit}"
            met = {True: "yes", False: "**no**", None: ""}[claim["met"]]
            lines.append(f"| {result['task']} | {claim['what']} | {number(claim['value'])}{unit} | {target} | {met} |")
        if "skipped" in result:
            lines.append(f"| {result['task']} | not measured | | | |")
    lines += ["", "| task | program | repeats | seconds | least to most | own clock | cpu/wall | peak MB |",
              "|---|---|---:|---:|---:|---:|---:|---:|"]
    for result in results:
        for program in result["programs"]:
            wall, own = program["wall"], [value for value in program["seconds"] if value is not None]
            cpu = statistics.median(c / w for c, w in zip(program["cpu"], wall))
            lines.append(
                f"| {result['task']} | {program['program']} | {len(wall)} | {number(statistics.median(wall))} | "
                f"{number(min(wall))} to {number(max(wall))} | {number(statistics.median(own)) if own else ''} | "
                f"{cpu:.2f} | {max(program['peak_bytes']) / 1e6:.0f} |"
            )
    notes = [f"- {result['task']}: {note}" for result in results for note in result["notes"]]
    notes += [f"- {result['task']} was not measured: {result['skipped']}" for result in results if "skipped" in result]
    return "\n".join(lines + ([""] + notes if notes else [])) + "\n"


def main():
    options = argparse.ArgumentParser(description="Measures magnet beside other programs.")
    options.add_argument("magnet", type=Path, help="the release binary")
    options.add_argument("--tasks", default=",".join(TASKS), help=f"of {','.join(TASKS)}")
    options.add_argument("--quick", action="store_true", help="fewer repeats")
    options.add_argument("--keep", action="store_true", help="keep the result of some tasks or a quick one, too")
    arguments = options.parse_args()
    wanted = arguments.tasks.split(",")
    unknown = set(wanted) - set(TASKS)
    if unknown or not os.access(arguments.magnet, os.X_OK):
        options.error(f"no such task: {', '.join(sorted(unknown))}" if unknown else f"no program: {arguments.magnet}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    bench = Bench(arguments.magnet.resolve(), arguments.quick)
    about = machine(bench.magnet)
    results = []
    for task in TASKS:
        if task not in wanted:
            continue
        say(task)
        result = {"task": task, "programs": [], "claims": [], "notes": []}
        try:
            programs, claims, notes = getattr(bench, task)()
            result.update(programs=[program.record() for program in programs], claims=claims, notes=notes)
        except (Skip, subprocess.CalledProcessError) as reason:
            result["skipped"] = str(reason).replace(str(FOLDER), "…")
            say(f"  skipped: {reason}")
        results.append(result)
    about |= peers_versions()
    date = datetime.date.today().isoformat()
    text = markdown(date, about, results)
    print(text)
    if arguments.keep or (set(wanted) == set(TASKS) and not arguments.quick):
        folder = HERE / "results"
        folder.mkdir(exist_ok=True)
        (folder / f"{date}.md").write_text(text)
        raw = {"date": date, "machine": about, "results": results}
        (folder / f"{date}.json").write_text(json.dumps(raw, indent=2) + "\n")
        say(f"kept in {(folder / date).relative_to(HERE.parent)}.md and .json")
    sys.exit(0 if all(claim["met"] is not False for result in results for claim in result["claims"]) else 1)


if __name__ == "__main__":
    main()
