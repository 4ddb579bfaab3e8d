"""HELM runs as a data source of Apache Spark, read by the command magnet.

    from magnet_spark import MagnetDataSource, write_lake

    spark.dataSource.register(MagnetDataSource)
    stats = spark.read.format("magnet").option("path", "benchmark_output").option("table", "stats").load()

    parts = write_lake(spark, "benchmark_output", "lake")    # Parquet parts by project and suite, and what became of each
    spark.read.parquet("lake/stats")

Each partition is a list of runs of one suite (`magnet partitions`), which one process of magnet turns into Arrow record
batches or a Parquet file of the fixed schema, version 1. Needs Spark 4, pyarrow, and magnet on every executor's PATH
(or the option `magnet`).
"""

import hashlib
import json
import os
import subprocess
import tempfile
import time

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

TABLES = ("run-specs", "scenario-states", "stats", "per-instance-stats")


class MagnetError(RuntimeError):
    """What magnet said on standard error when it could do nothing."""


def partitions(path, size="128M", magnet="magnet"):
    """The parts of the runs under a path: dictionaries with part, project, suite, bytes and runs."""
    done = subprocess.run(
        [magnet, "partitions", *([path] if isinstance(path, str) else path), "--bytes", str(size), "--format", "ndjson"],
        capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise MagnetError(done.stderr.strip())
    return [json.loads(line) for line in done.stdout.splitlines()]


def _command(table, magnet, *more):
    return [magnet, "table", table, "--paths-from", "-", "--schema", "v1", *more]


def _plain(schema):
    """A schema of Arrow without dictionaries, which Spark does not read."""
    import pyarrow

    return pyarrow.schema(
        [field.with_type(field.type.value_type) if pyarrow.types.is_dictionary(field.type) else field
         for field in schema])


def _batches(runs, table, magnet):
    """The record batches of some runs. Runs that magnet leaves out are not errors; a part without any rows is."""
    import pyarrow

    with tempfile.TemporaryFile() as names, tempfile.TemporaryFile() as errors:
        names.write("\0".join(runs + [""]).encode())
        names.seek(0)
        process = subprocess.Popen(
            _command(table, magnet, "--format", "arrow"), stdin=names, stdout=subprocess.PIPE, stderr=errors)
        try:
            if process.stdout.peek(1):
                reader = pyarrow.ipc.open_stream(process.stdout)
                schema = _plain(reader.schema)
                for batch in reader:
                    yield pyarrow.RecordBatch.from_arrays(
                        [column.cast(field.type) for column, field in zip(batch.columns, schema)], schema=schema)
        finally:
            process.stdout.close()
            status = process.wait()
        if status not in (0, 1):
            errors.seek(0)
            raise MagnetError(errors.read().decode(errors="replace").strip()[-2000:])


class _Partition(InputPartition):
    def __init__(self, runs):
        self.runs = runs


class _Reader(DataSourceReader):
    def __init__(self, options, table):
        self.options, self.table = options, table
        self.magnet = options.get("magnet", "magnet")

    def partitions(self):
        parts = partitions(self.options["path"], self.options.get("bytes", "128M"), self.magnet)
        return [_Partition(part["runs"]) for part in parts]

    def read(self, partition):
        return _batches(partition.runs, self.table, self.magnet)


class MagnetDataSource(DataSource):
    """`spark.read.format("magnet")` with the options path, table (default: stats), bytes (of a partition) and magnet."""

    @classmethod
    def name(cls):
        return "magnet"

    def _table(self):
        table = self.options.get("table", "stats")
        if table not in TABLES:
            raise ValueError(f"table is {table!r}; it can be {', '.join(TABLES)}")
        return table

    def schema(self):
        import pyarrow
        from pyspark.sql.pandas.types import from_arrow_schema

        if "path" not in self.options:
            raise ValueError("give the option path: folders of runs, as magnet takes them")
        magnet = self.options.get("magnet", "magnet")
        for part in partitions(self.options["path"], 1, magnet):
            done = subprocess.run(
                _command(self._table(), magnet, "--limit", "0", "--format", "arrow"),
                input="\0".join(part["runs"] + [""]).encode(), capture_output=True)
            if done.returncode == 0:
                return from_arrow_schema(_plain(pyarrow.ipc.open_stream(done.stdout).schema))
        raise MagnetError("no run could be read")

    def reader(self, schema):
        return _Reader(self.options, self._table())


def write_part(part, table, folder, magnet="magnet"):
    """Writes the Parquet file of a part, atomically, and says what became of it. The file's name is a digest of
    its runs, so that doing it twice leaves one file."""
    start = time.time()
    digest = hashlib.sha256("\0".join(part["runs"]).encode()).hexdigest()[:16]
    place = os.path.join(
        folder, table.replace("-", "_"), f"project={part['project'] or '__HIVE_DEFAULT_PARTITION__'}",
        f"suite={part['suite']}")
    os.makedirs(place, exist_ok=True)
    file = os.path.join(place, f"part-{digest}.parquet")
    with tempfile.TemporaryDirectory() as scratch:
        faults = os.path.join(scratch, "faults.ndjson")
        done = subprocess.run(
            _command(table, magnet, "-o", file, "--force", "--faults", faults),
            input="\0".join(part["runs"] + [""]).encode(), capture_output=True)
        found = []
        if os.path.exists(faults):
            with open(faults, encoding="utf-8") as lines:
                found = [line.rstrip("\n") for line in lines]
    # Status 2: nothing could be read, such as where all runs of the part are broken. The task fails, and the job with it.
    if done.returncode not in (0, 1):
        raise MagnetError(done.stderr.decode(errors="replace").strip()[-2000:])
    return {
        "table": table, "part": part["part"], "project": part["project"], "suite": part["suite"],
        "file": os.path.relpath(file, folder), "runs": len(part["runs"]),
        "bytes": part["bytes"], "faults": found, "status": done.returncode, "seconds": time.time() - start,
    }


PARTS_SCHEMA = (
    "table string, part long, project string, suite string, file string, runs long, bytes long, "
    "faults array<string>, status long, seconds double")


def write_lake(spark, path, folder, tables=TABLES, size="128M", magnet="magnet"):
    """Writes the tables of the runs under a path as Parquet files by project and suite, one task for each part, and a
    table of the parts, `_magnet_parts`, which is returned. Tasks that are done again leave the same files. Broken runs are
    rows of that table; a part of which no run can be read fails the job with what magnet said of it."""
    from pyspark.sql import Row

    work = [(table, part) for table in tables for part in partitions(path, size, magnet)]

    def do(item):
        return Row(**write_part(item[1], item[0], folder, magnet))

    rows = spark.sparkContext.parallelize(work, max(1, len(work))).map(do)
    parts = spark.createDataFrame(rows, PARTS_SCHEMA)
    # Not coalesce(1), which would make one task of all.
    parts.repartition(1).write.mode("overwrite").parquet(os.path.join(folder, "_magnet_parts"))
    return spark.read.parquet(os.path.join(folder, "_magnet_parts"))
