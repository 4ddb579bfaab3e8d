"""Answers queries with DuckDB over a SQLite file: sqlite.py FILE QUERY..., a line of JSON each.

DuckDB's extension for SQLite comes from PyPI, as DuckDB would fetch it from its own server."""
import glob, json, os, sys

import duckdb, duckdb_extension_sqlite_scanner

connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
folder = os.path.dirname(duckdb_extension_sqlite_scanner.__file__)
connection.execute(f"LOAD '{glob.glob(folder + '/extensions/*/*.duckdb_extension')[0]}'")
if len(sys.argv) > 1:
    connection.execute(f"ATTACH '{sys.argv[1]}' AS runs (TYPE sqlite, READ_ONLY); USE runs")
for query in sys.argv[2:]:
    print(json.dumps(connection.execute(query).fetchall()))
