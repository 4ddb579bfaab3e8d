"""Writes a Parquet file again with another program: make.py WRITER FILE OUT."""
import sys

writer, source, out = sys.argv[1:]
import pyarrow.parquet

cells = pyarrow.parquet.read_table(source)
if writer == "duckdb":
    import duckdb
    duckdb.sql(f"COPY (SELECT * FROM cells) TO '{out}' (FORMAT parquet)")
elif writer == "polars":
    import polars
    polars.from_arrow(cells).write_parquet(out)
else:
    compression, dictionary, version = writer.split("-")
    pyarrow.parquet.write_table(
        cells, out, compression=compression, use_dictionary=dictionary == "dictionary", data_page_version=version,
        row_group_size=150, data_page_size=500)
