"""Reading a target that is a SQLite file."""

import sqlite3
from pathlib import Path
from typing import Any

from suite.table import quoted


def sqlite_rows(file: Path, table: str, columns: dict[str, str], variant: str = "") -> list[dict[str, Any]]:
    """All rows; `columns` are the names in the source, each with the name in the target. A column that the target lacks is
    NULL. Columns whose name goes on with `variant` have the values of another type."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    # Text that is no Unicode must be seen as it is.
    connection.text_factory = text_or_bytes
    try:
        there = {row[1].lower(): row[1] for row in connection.execute(f"PRAGMA table_xinfo({quoted(table)})")}
        if not there:
            raise LookupError(f"the target has no table {table}")
        found = {name: cell(other.lower(), there, variant) for name, other in columns.items() if other.lower() in there}
        rows = connection.execute(f"SELECT {', '.join(found.values())} FROM {quoted(table)}")
        return [dict(zip(found, row)) for row in rows]
    finally:
        connection.close()


def cell(name: str, there: dict[str, str], variant: str) -> str:
    """The expression that reads a column."""
    others = [other for other in there if variant and other.startswith(name + variant)]
    names = [quoted(there[other]) for other in (name, *others)]
    return f"coalesce({', '.join(names)})" if others else names[0]


def text_or_bytes(data: bytes) -> Any:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def sqlite_files(file: Path) -> list[Path]:
    """The files that a commit changes."""
    return [file, Path(f"{file}-journal"), Path(f"{file}-wal")]
