"""Compares a table in columnar files with the same table as NDJSON, cell by cell, in the readers named.

check.py NDJSON READER FILE [READER FILE ...]: prints a line for each, the numbers of rows and columns and the types, or
fails with the first cell that differs."""
import json, math, struct, sys

expected = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]


def columns(reader, path):
    if reader == "stream":
        import pyarrow.ipc
        table = pyarrow.ipc.open_stream(path).read_all()
        table.validate(full=True)
        return table.to_pydict(), {f.name: str(f.type) for f in table.schema}
    if reader == "file":
        import pyarrow.ipc
        table = pyarrow.ipc.open_file(path).read_all()
        table.validate(full=True)
        return table.to_pydict(), {f.name: str(f.type) for f in table.schema}
    if reader == "parquet":
        import pyarrow.parquet
        table = pyarrow.parquet.read_table(path)
        table.validate(full=True)
        return table.to_pydict(), {f.name: str(f.type) for f in table.schema}
    if reader in ("polars-stream", "polars-file", "polars-parquet"):
        import polars
        read = {"polars-stream": polars.read_ipc_stream, "polars-file": polars.read_ipc,
                "polars-parquet": polars.read_parquet}[reader]
        frame = read(path)
        return frame.to_dict(as_series=False), {}
    import duckdb
    result = duckdb.sql(f"SELECT * FROM read_parquet('{path}')")
    rows = result.fetchall()
    return {name: [row[i] for row in rows] for i, name in enumerate(result.columns)}, {}


def same(want, have):
    if want is None or have is None:
        return want is have
    if isinstance(have, float):
        want = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(want, want) if isinstance(want, str) else float(want)
        return struct.pack("d", want) == struct.pack("d", have) or (math.isnan(want) and math.isnan(have))
    if isinstance(want, (list, dict)):
        return json.loads(have) == want
    return type(want) == type(have) and want == have


for reader, path in zip(sys.argv[2::2], sys.argv[3::2]):
    cells, types = columns(reader, path)
    names = list(expected[0]) if expected else list(cells)
    assert list(cells) == names, (reader, list(cells), names)
    for name in names:
        assert len(cells[name]) == len(expected), (reader, name, len(cells[name]), len(expected))
        for number, (row, have) in enumerate(zip(expected, cells[name])):
            assert same(row[name], have), f"{reader}: {name}, row {number}: {have!r} instead of {row[name]!r}"
    print(len(expected), len(names), json.dumps(types, sort_keys=True))
