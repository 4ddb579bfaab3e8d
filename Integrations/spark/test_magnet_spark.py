"""Tests against Spark itself, local[2]: python3 test_magnet_spark.py MAGNET FIXTURES [CORPUS].

With a corpus, what magnet adds to a task is measured on it, and printed.
"""

import concurrent.futures
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

MAGNET, FIXTURES = (os.path.abspath(path) for path in sys.argv[1:3])
os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
here = os.path.dirname(os.path.abspath(__file__))
os.environ["PYTHONPATH"] = here + os.pathsep + os.environ.get("PYTHONPATH", "")
sys.path.insert(0, here)

from pyspark.sql import SparkSession

import magnet_spark


def rows(path, table="stats"):
    """The rows of a table as magnet prints them."""
    done = subprocess.run(
        [MAGNET, "table", table, *path, "--schema", "v1", "--format", "ndjson"], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def key(row):
    return json.dumps({name: row[name] for name in sorted(row)}, sort_keys=True)


def same(frame, expected):
    found = [row.asDict() for row in frame.collect()]
    # JSON columns are texts in Spark.
    for row in expected:
        for name, value in row.items():
            if isinstance(value, (list, dict)):
                row[name] = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    assert sorted(map(key, found)) == sorted(map(key, expected)), (len(found), len(expected))
    return len(found)


# Stands for magnet in tasks: of each part, the first attempt is killed in the middle of its work, or every one fails.
STAND_IN = """#!{python}
import hashlib, os, signal, subprocess, sys
arguments, names = sys.argv[1:], b""
if "table" in arguments:
    names = sys.stdin.buffer.read()
# The driver asks for the columns with a limit of no rows.
if "table" in arguments and "--limit" not in arguments:
    if {fails}:
        sys.stderr.write("magnet: all is lost\\n")
        sys.exit(2)
    try:
        os.mkdir({state!r} + "/" + hashlib.sha256(names + b" arrow" * ("arrow" in arguments)).hexdigest())
    except FileExistsError:
        pass
    else:
        if "arrow" in arguments:
            out = subprocess.run([{magnet!r}, *arguments], input=names, capture_output=True).stdout
            sys.stdout.buffer.write(out[:len(out) // 2])
            sys.stdout.buffer.flush()
        os.kill(os.getpid(), signal.SIGKILL)
sys.exit(subprocess.run([{magnet!r}, *arguments], input=names).returncode)
"""


def stand_in(folder, fails=False):
    """The path of such a program."""
    path = os.path.join(folder, "fails" if fails else "killed")
    state = os.path.join(folder, "state")
    os.makedirs(state, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(STAND_IN.format(python=sys.executable, fails=fails, state=state, magnet=MAGNET))
    os.chmod(path, 0o755)
    return path


def measure(spark, corpus):
    """What magnet adds to a task of one run and of fifty, and how long a suite takes in mapInArrow."""
    runs = [run for part in magnet_spark.partitions(corpus, "1G", MAGNET) for run in part["runs"]]

    def read(iterator, magnet=MAGNET):
        for batch in iterator:
            for text in batch.column("runs").to_pylist():
                if text:
                    yield from magnet_spark._batches(text.split("\0"), "per-instance-stats", magnet)

    schema = spark.read.format("magnet").option("path", runs[0]).option("magnet", MAGNET).option(
        "table", "per-instance-stats").load().schema

    def seconds(groups):
        best = None
        # Until the machine code of the Java machine is made, everything takes several times as long.
        for _ in range(12):
            frame = spark.createDataFrame([("\0".join(group),) for group in groups], "runs string")
            frame = frame.repartition(len(groups))
            start = time.time()
            rows = frame.mapInArrow(read, schema).selectExpr("count(*)", "avg(`per_instance_stats.stats.mean`)").collect()
            taken = time.time() - start
            best = (taken, rows[0][0]) if best is None or taken < best[0] else best
        return best

    def alone(group):
        best = 9e9
        for _ in range(3):
            start = time.time()
            for _ in magnet_spark._batches(group, "per-instance-stats", MAGNET):
                pass
            best = min(best, time.time() - start)
        return best

    empty = seconds([[], []])[0]
    one = seconds([runs[:1], runs[1:2]])[0]
    fifty = seconds([runs[:50], runs[50:100]])
    print(f"2 tasks at once: empty {empty:.3f} s, 1 run {one:.3f} s, 50 runs {fifty[0]:.3f} s ({fifty[1]} rows)")
    print(f"magnet and pyarrow alone: 1 run {alone(runs[:1]):.3f} s, 50 runs {alone(runs[:50]):.3f} s")
    print(f"Spark's share of a task of 50 runs in mapInArrow: {empty / fifty[0]:.2f}")

    # Tasks that write Parquet parts, beside as many threads that run the same commands.
    parts = [
        {"part": number, "project": None, "suite": "suite", "bytes": 0, "runs": runs[number * 50:number * 50 + 50]}
        for number in range(min(8, len(runs) // 50))]
    with tempfile.TemporaryDirectory() as folder:
        def write(part):
            return magnet_spark.write_part(part, "per-instance-stats", folder, MAGNET)["seconds"]

        def in_spark(work, do):
            start = time.time()
            spark.sparkContext.parallelize(work, len(work)).map(do).collect()
            return time.time() - start

        def without_spark():
            start = time.time()
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(write, parts))
            return time.time() - start

        writing = min(in_spark(parts, write) for _ in range(4))
        nothing = min(in_spark(parts, lambda part: 0) for _ in range(4))
        plain = min(without_spark() for _ in range(4))
    print(f"{len(parts)} tasks that write 50 runs: {writing:.3f} s, {plain:.3f} s without Spark, {nothing:.3f} s empty; "
          f"Spark's share {nothing / writing:.2f}")
    quarter = [runs[number:100:4] for number in range(4)]
    taken, rows = seconds(quarter)
    print(f"100 runs in 4 tasks: {taken:.2f} s, {rows} rows")


def main():
    spark = (
        SparkSession.builder.master("local[2, 3]").appName("magnet")
        .config("spark.ui.enabled", "false").config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.showConsoleProgress", "false").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    spark.dataSource.register(magnet_spark.MagnetDataSource)
    good = os.path.join(FIXTURES, "benchmark_output")
    broken = os.path.join(FIXTURES, "broken")

    def read(path, **options):
        reader = spark.read.format("magnet").option("path", path).option("magnet", MAGNET)
        for name, value in options.items():
            reader = reader.option(name, value)
        return reader.load()

    frame = read(good, bytes="300k")
    assert frame.rdd.getNumPartitions() > 2
    print("stats", same(frame, rows([good])))
    runs = frame.groupBy("`run_spec.name`").count().count()
    assert runs == len({row["run_spec.name"] for row in rows([good])})

    with tempfile.TemporaryDirectory() as folder:
        lake = os.path.join(folder, "lake")
        parts = magnet_spark.write_lake(spark, good, lake, tables=["stats"], size="300k", magnet=MAGNET)
        files = sorted(glob.glob(lake + "/stats/*/*/*.parquet"))
        assert parts.count() == len(files) > 2
        columns = [name for name in frame.columns]
        print("lake", same(spark.read.parquet(lake + "/stats").select([f"`{name}`" for name in columns]), rows([good])))
        # Done again, as after a lost executor: the same files, no row twice.
        magnet_spark.write_lake(spark, good, lake, tables=["stats"], size="300k", magnet=MAGNET)
        assert sorted(glob.glob(lake + "/stats/*/*/*.parquet")) == files

        # Broken runs beside a good one: its rows are there, the faults are rows, and the job succeeds.
        mixed = os.path.join(folder, "mixed")
        shutil.copytree(broken, os.path.join(mixed, "runs", "s"), symlinks=True)
        name = sorted(glob.glob(good + "/runs/plain-v1/*:*"))[0]
        shutil.copytree(name, os.path.join(mixed, "runs", "s", os.path.basename(name)))
        out = os.path.join(folder, "mixed-lake")
        parts = magnet_spark.write_lake(spark, mixed, out, tables=["stats"], magnet=MAGNET).collect()
        assert sum(len(part.faults) for part in parts) > 2, parts
        assert spark.read.parquet(out + "/stats").count() == len(rows([mixed]))
        print("faults", sum(len(part.faults) for part in parts))
        # A part that has no sound run fails.
        alone = os.path.join(folder, "alone", "runs", "s")
        shutil.copytree(os.path.join(broken, "not-json"), os.path.join(alone, "not-json"))
        done = subprocess.run([MAGNET, "table", "stats", alone, "--schema", "v1"], capture_output=True, text=True)
        assert done.returncode == 2, done.returncode
        try:
            magnet_spark.write_lake(spark, alone, os.path.join(folder, "none-lake"), tables=["stats"], magnet=MAGNET)
        except Exception as error:
            assert done.stderr.strip().splitlines()[-1] in str(error), error
            print("nothing to read fails the job")
        else:
            raise AssertionError("a part without a sound run does not fail")

    with tempfile.TemporaryDirectory() as folder:
        # Every task is killed once; the second attempt leaves the rows once.
        killed = stand_in(folder)
        print("killed source", same(
            spark.read.format("magnet").option("path", good).option("magnet", killed).option("bytes", "300k").load(),
            rows([good])))
        lake = os.path.join(folder, "lake")
        parts = magnet_spark.write_lake(spark, good, lake, tables=["stats"], size="300k", magnet=killed).collect()
        assert len({(part.table, part.part) for part in parts}) == len(parts) > 2
        columns = [f"`{name}`" for name in frame.columns]
        print("killed lake", same(spark.read.parquet(lake + "/stats").select(columns), rows([good])))
        left = [name for name in glob.glob(lake + "/**", recursive=True) if name.endswith(".part")]
        assert not left, left
        # Where magnet can do nothing, the job fails with what it said.
        try:
            magnet_spark.write_lake(spark, good, lake, tables=["stats"], magnet=stand_in(folder, fails=True))
        except Exception as error:
            assert "all is lost" in str(error), error
        else:
            raise AssertionError("a task that does nothing does not fail")

    if len(sys.argv) > 3:
        measure(spark, os.path.abspath(sys.argv[3]))

    try:
        read(os.path.join(folder, "none")).count()
    except Exception as error:
        assert "no such file or folder" in str(error), error
        print("missing folder is said")
    else:
        raise AssertionError("a missing folder is not an error")
    spark.stop()
    print("ok")


main()
