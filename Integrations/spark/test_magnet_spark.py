"""Tests against Spark itself, local[2]: python3 test_magnet_spark.py MAGNET FIXTURES."""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

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


def main():
    spark = (
        SparkSession.builder.master("local[2]").appName("magnet")
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

    try:
        read(os.path.join(folder, "none")).count()
    except Exception as error:
        assert "there is no such folder" in str(error), error
        print("missing folder is said")
    else:
        raise AssertionError("a missing folder is not an error")
    spark.stop()
    print("ok")


main()
