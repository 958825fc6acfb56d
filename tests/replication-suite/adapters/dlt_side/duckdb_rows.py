"""Prints the rows of a table of DuckDB, run by dlt's Python: FILE TABLE COLUMNS, these a JSON object from the source's names
to the target's."""

import json
import sys
from decimal import Decimal

import duckdb

file, table, columns = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
connection = duckdb.connect(file, read_only=True)
# Without it, moments in UTC would be those of this machine's zone, and need another package.
connection.execute("SET TimeZone = 'UTC'")
known = connection.execute(
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'suite' AND table_name = ?", [table]
).fetchall()
if not known:
    sys.exit(f"the target has no table {table}")
types = dict(known)
# A value that does not fit its column has a column of its own, the variant.
found = [(name, other) for name, to in columns.items() for other in types if other == to or other.startswith(f"{to}__v_")]


def read(column: str) -> str:
    quoted = '"' + column.replace('"', '""') + '"'
    return f"CAST({quoted} AS VARCHAR)" if types[column].startswith(("TIMESTAMP", "DATE")) else quoted


def value(cell):
    """A value of a type that JSON lacks, as an object."""
    if isinstance(cell, (bytes, bytearray)):
        return {"bytes of": cell.hex()}
    return {"decimal of": str(cell)} if isinstance(cell, Decimal) else cell


def record(row):
    """A row by the source's names; of a column and its variants, the value that there is."""
    cells = {}
    for (name, _), cell in zip(found, row):
        cells[name] = value(cell) if cells.get(name) is None else cells[name]
    return cells


names = ", ".join(read(other) for _, other in found)
rows = connection.execute(f"SELECT {names} FROM suite.{json.dumps(table)}").fetchall()
json.dump(list(map(record, rows)), sys.stdout)
