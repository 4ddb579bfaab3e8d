#!/usr/bin/env python3
"""The other programs' side of each task. Runs in a virtual environment with aiq-magnet[helm], duckdb and pandas.

    peers.py aiq-tables SUITE             aiq-magnet: the four data frames of all runs
    peers.py aiq-perturbation SUITE       aiq-magnet: its example perturbation predictor, as a user runs it
    peers.py duckdb-tables SUITE [--tuned]    DuckDB: the four tables, a row for each statistic or request
    peers.py duckdb-parquet SUITE [--tuned]   DuckDB: the same, and each table as a Parquet file compressed with gzip
    peers.py pyarrow-parquet FOLDER       pyarrow: Arrow files of a folder as Parquet compressed with gzip, 2 threads
    peers.py duckdb-groupby SUITE [--tuned]   DuckDB: the mean of every per-instance metric, straight from the JSON
    peers.py pandas-to-sql SUITE          pandas: to_sql of aiq-magnet's four data frames into a new SQLite file

SUITE is a folder of runs. Each task prints one JSON line: task, seconds (without the imports), total_seconds, rows,
peak_rss_mb and what else there is to tell.

DuckDB runs with 2 threads and without an order of rows. As it comes, it finds the schema and the sizes of its buffers
itself. With --tuned it is told every type in the statistics' files and has buffers that just fit the largest object.
(Told only the types a query needs, it gets several times slower: a key it was not told of is costly.)
"""

import time

START = time.perf_counter()

import argparse
import importlib
import json
import os
import resource
import sys
import tempfile
from pathlib import Path

TABLES = ["run_spec", "stats", "scenario_state", "per_instance_stats"]


def report(task, seconds, rows, **more):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
    line = {"task": task, "seconds": seconds, "total_seconds": time.perf_counter() - START, "rows": rows,
            "peak_rss_mb": round(peak, 1), **more}
    print(json.dumps(line))


# aiq-magnet

def frames(suite):
    """aiq-magnet's four data frames, and the seconds for each."""
    from magnet.backends.helm.helm_outputs import HelmSuites

    tables, seconds = {}, {}
    runs = HelmSuites.coerce(suite).runs()
    for name in TABLES:
        start = time.perf_counter()
        tables[name] = getattr(runs, name)()
        seconds[name] = time.perf_counter() - start
    return tables, seconds


def aiq_tables(suite, _):
    importlib.import_module("magnet.backends.helm.helm_outputs")
    start = time.perf_counter()
    tables, each = frames(suite)
    seconds = time.perf_counter() - start
    report("aiq-tables", seconds, sum(len(table) for table in tables.values()),
           cells=sum(table.size for table in tables.values()), seconds_by_table=each)


def aiq_perturbation(suite, _):
    predictor = importlib.import_module("magnet.example_perturbation_predictor")
    sys.argv = ["example_perturbation_predictor", suite]
    start = time.perf_counter()
    predictor.main()
    report("aiq-perturbation", time.perf_counter() - start, 1)


def pandas_to_sql(suite, _):
    import sqlite3

    importlib.import_module("magnet.backends.helm.helm_outputs")
    start = time.perf_counter()
    tables, _ = frames(suite)
    loaded = time.perf_counter()
    for table in tables.values():
        for column in table.columns[table.dtypes == object]:
            # SQLite has no lists and no objects.
            nested = table[column].map(lambda cell: isinstance(cell, (list, dict)))
            if nested.any():
                table[column] = table[column].where(~nested, table[column].map(json.dumps, na_action="ignore"))
    ready = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "runs.sqlite")
        connection = sqlite3.connect(path)
        for name, table in tables.items():
            table.to_sql(name, connection, index=False)
        connection.commit()
        connection.close()
        end = time.perf_counter()
        size = os.path.getsize(path)
    report("pandas-to-sql", end - start, sum(len(table) for table in tables.values()), to_sql_seconds=end - ready,
           load_seconds=loaded - start, file_bytes=size)


# DuckDB

PERTURBATION = "STRUCT(name VARCHAR, robustness BOOLEAN, fairness BOOLEAN, computed_on VARCHAR, prob DOUBLE)"
NAME = f"STRUCT(name VARCHAR, split VARCHAR, perturbation {PERTURBATION})"
NUMBERS = {"count": "BIGINT", **dict.fromkeys(
    ["sum", "sum_squared", "min", "max", "mean", "variance", "stddev"], "DOUBLE")}
STAT = {"name": NAME, **NUMBERS}


def struct(fields):
    return "STRUCT(" + ", ".join(f'"{name}" {kind}' for name, kind in fields.items()) + ")"


def struct_pack(fields):
    return "struct_pack(" + ", ".join(f'"{name}" := "{name}"' for name in fields) + ")"


BUNDLE = {"instance_id": "VARCHAR", "train_trial_index": "BIGINT", "perturbation": PERTURBATION,
          "stats": struct(STAT) + "[]"}


def read_json(suite, name, tuned, columns=None):
    """A call of read_json on a file of every run. `columns` are used only when tuned."""
    files = list(Path(suite).glob(f"*/{name}.json"))
    largest = max(file.stat().st_size for file in files)
    # Whole objects have to fit. 16 MB is what DuckDB takes by itself.
    size = 1 << 24
    if tuned:
        size = 1 << 21
    while size <= largest:
        size *= 2
    options = f"hive_partitioning=false, filename=true, maximum_object_size={size}"
    if tuned and columns:
        typed = ", ".join(f"\"{column}\": '{kind}'" for column, kind in columns.items())
        options += f", format='array', columns={{{typed}}}"
    path = str(Path(suite) / "*" / f"{name}.json").replace("'", "''")
    return f"read_json('{path}', {options})"


def connect():
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads=2; SET preserve_insertion_order=false")
    return connection


def duckdb_tables(suite, tuned, parquet=None):
    importlib.import_module("duckdb")
    start = time.perf_counter()
    connection = connect()
    queries = {
        "run_spec": f"SELECT * FROM {read_json(suite, 'run_spec', tuned)}",
        "stats": "SELECT filename, unnest({'stat': stat}, recursive := true) FROM (SELECT filename, "
                 + struct_pack(STAT) + f" AS stat FROM {read_json(suite, 'stats', tuned, STAT)})",
        "scenario_state": "SELECT filename, adapter_spec, unnest(request_states, recursive := true) "
                          f"FROM {read_json(suite, 'scenario_state', tuned)}",
        "per_instance_stats": "SELECT filename, instance_id, train_trial_index, perturbation, "
                              f"unnest(stats, recursive := true) "
                              f"FROM {read_json(suite, 'per_instance_stats', tuned, BUNDLE)}",
    }
    rows, each = 0, {}
    for name, query in queries.items():
        begin = time.perf_counter()
        rows += connection.execute(f"CREATE TABLE {name} AS {query}").fetchone()[0]
        if parquet:
            connection.execute(f"COPY {name} TO '{parquet}/{name}.parquet' (FORMAT parquet, COMPRESSION gzip)")
            connection.execute(f"DROP TABLE {name}")
        each[name] = time.perf_counter() - begin
    task = "duckdb-parquet" if parquet else "duckdb-tables"
    size = sum(file.stat().st_size for file in Path(parquet).iterdir()) if parquet else None
    report(task + (" --tuned" if tuned else ""), time.perf_counter() - start, rows, seconds_by_table=each,
           file_bytes=size)


def duckdb_parquet(suite, tuned):
    with tempfile.TemporaryDirectory() as folder:
        duckdb_tables(suite, tuned, folder)


def pyarrow_parquet(folder, _):
    import pyarrow
    import pyarrow.parquet

    pyarrow.set_cpu_count(2)
    start = time.perf_counter()
    rows, size = 0, 0
    with tempfile.TemporaryDirectory() as out:
        for file in sorted(Path(folder).glob("*.arrow")):
            table = pyarrow.ipc.open_file(pyarrow.memory_map(str(file))).read_all()
            pyarrow.parquet.write_table(table, f"{out}/{file.stem}.parquet", compression="gzip")
            rows += table.num_rows
            size += os.path.getsize(f"{out}/{file.stem}.parquet")
    report("pyarrow-parquet", time.perf_counter() - start, rows, file_bytes=size)


def duckdb_groupby(suite, tuned):
    importlib.import_module("duckdb")
    start = time.perf_counter()
    connection = connect()
    source = read_json(suite, "per_instance_stats", tuned, BUNDLE)
    result = connection.execute(
        "SELECT stat.name.name AS metric, avg(stat.mean) "
        f"FROM (SELECT unnest(stats) AS stat FROM {source}) GROUP BY metric ORDER BY metric"
    ).fetchall()
    report("duckdb-groupby" + (" --tuned" if tuned else ""), time.perf_counter() - start, len(result),
           result=dict(result))


TASKS = {
    "aiq-tables": aiq_tables,
    "aiq-perturbation": aiq_perturbation,
    "duckdb-tables": duckdb_tables,
    "duckdb-parquet": duckdb_parquet,
    "pyarrow-parquet": pyarrow_parquet,
    "duckdb-groupby": duckdb_groupby,
    "pandas-to-sql": pandas_to_sql,
}


def main():
    parser = argparse.ArgumentParser(description="Runs one task with aiq-magnet, DuckDB or pandas.")
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("suite")
    parser.add_argument("--tuned", action="store_true")
    arguments = parser.parse_args()
    TASKS[arguments.task](arguments.suite, arguments.tuned)


if __name__ == "__main__":
    main()
