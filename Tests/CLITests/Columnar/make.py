"""Writes Parquet files again with another program: make.py WRITER FILE OUT [FILE OUT ...]."""
import sys

import pyarrow.parquet


def write(writer, source, out):
    cells = pyarrow.parquet.read_table(source)
    if writer == "duckdb":
        import duckdb
        duckdb.sql(f"COPY (SELECT * FROM cells) TO '{out}' (FORMAT parquet)")
    elif writer == "duckdb2":
        import duckdb
        duckdb.sql(
            f"COPY (SELECT * FROM cells) TO '{out}' (FORMAT parquet, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 1)")
    elif writer in ("polars", "polars-lz4"):
        import polars
        polars.from_arrow(cells).write_parquet(out, compression="lz4" if writer == "polars-lz4" else "zstd")
    elif writer in ("differences", "beginnings", "uint32", "timestamps", "nested", "renamed"):
        types = {field.name: field.type for field in cells.schema}
        encodings = {
            name: "BYTE_STREAM_SPLIT" if pyarrow.types.is_floating(kind) else "DELTA_BINARY_PACKED"
            for name, kind in types.items() if pyarrow.types.is_floating(kind) or pyarrow.types.is_integer(kind)}
        text = "DELTA_BYTE_ARRAY" if writer == "beginnings" else "DELTA_LENGTH_BYTE_ARRAY"
        encodings.update({name: text for name, kind in types.items() if pyarrow.types.is_string(kind)})
        options = {"use_dictionary": False, "column_encoding": encodings}
        if writer == "uint32":
            options = {}
            cells = pyarrow.table({
                name: column.cast(pyarrow.uint32()) if pyarrow.types.is_integer(column.type) else column
                for name, column in zip(cells.column_names, cells.columns)})
        elif writer == "timestamps":
            options = {}
            cells = cells.append_column("extra_time", pyarrow.array([0] * len(cells), pyarrow.timestamp("us")))
        elif writer == "nested":
            options = {}
            cells = cells.append_column("extra_list", pyarrow.array([[1]] * len(cells)))
        elif writer == "renamed":
            # Without magnet's notes, and with texts where numbers should be.
            options = {}
            cells = pyarrow.table({
                name: column.cast(pyarrow.string()) if name == "stats.mean" else column
                for name, column in zip(cells.column_names, cells.columns)})
        pyarrow.parquet.write_table(cells, out, row_group_size=150, data_page_size=500, **options)
    else:
        compression, dictionary, version = writer.split("-")
        pyarrow.parquet.write_table(
            cells, out, compression=compression, use_dictionary=dictionary == "dictionary", data_page_version=version,
            row_group_size=150, data_page_size=500)


for source, out in zip(sys.argv[2::2], sys.argv[3::2]):
    write(sys.argv[1], source, out)
