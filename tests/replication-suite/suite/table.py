"""A table of the source, kept twice: as rows of plain Python values, and in SQLite. What a scenario does to one it does to
the other, so the rows are what a tool must have brought to the target, and no tool's reading of SQLite is part of them."""

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Callable, Optional

Row = dict[str, Any]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def stored(value: Any) -> Any:
    """The form in which SQLite keeps a value, unless its column says otherwise."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        # All with six digits, so that they also compare as text; a scenario of its own has other lengths.
        return value.isoformat(" ", "microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Raw):
        return value.stored
    return value


@dataclass(frozen=True)
class Raw:
    """A cell that is not a value of its column's type: what SQLite was told to keep."""

    stored: Any

    def __repr__(self) -> str:
        return repr(self.stored)


@dataclass(frozen=True)
class Column:
    """`kind` is what its values are: integer, decimal, float, text, blob, timestamp, date or boolean. `store` is how SQLite
    keeps them, where that is not the usual form."""

    name: str
    declared: str
    kind: str
    store: Callable[[Any], Any] = stored


class Table:
    """`key` is empty for a table without one. `rest` are words after the columns of CREATE TABLE, such as WITHOUT ROWID."""

    def __init__(self, name: str, columns: list[Column], key: list[str], rest: str = "", collate: str = ""):
        self.name, self.columns, self.key, self.rest, self.collate = name, columns, key, rest, collate
        self.rows: list[Row] = []
        self.connection: Optional[sqlite3.Connection] = None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def key_of(self, row: Row) -> tuple:
        return tuple(row[name] for name in self.key or [column.name for column in self.columns])

    def create(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        parts = [f"{quoted(c.name)} {c.declared}{self.collate if c.name in self.key else ''}" for c in self.columns]
        # INTEGER PRIMARY KEY is the rowid only where the words stand together.
        if len(self.key) == 1:
            at = [column.name for column in self.columns].index(self.key[0])
            parts[at] += " NOT NULL PRIMARY KEY"
        elif self.key:
            parts.append(f"PRIMARY KEY ({', '.join(map(quoted, self.key))})")
        connection.execute(f"CREATE TABLE {quoted(self.name)} ({', '.join(parts)}) {self.rest}")
        connection.commit()

    def _stored(self, row: Row) -> list[Any]:
        def of(column: Column) -> Any:
            value = row[column.name]
            return stored(value) if value is None or isinstance(value, Raw) else column.store(value)

        return [of(column) for column in self.columns]

    def insert(self, *rows: Row, commit: bool = True) -> None:
        rows = tuple({column.name: row.get(column.name) for column in self.columns} for row in rows)
        names, marks = ", ".join(quoted(c.name) for c in self.columns), ", ".join("?" for _ in self.columns)
        statement = f"INSERT INTO {quoted(self.name)} ({names}) VALUES ({marks})"
        self.connection.executemany(statement, [self._stored(row) for row in rows])
        self.rows.extend(rows)
        if commit:
            self.connection.commit()

    def _where(self, row: Row) -> tuple[str, list[Any]]:
        values = [self.column(name).store(row[name]) for name in self.key]
        return " AND ".join(f"{quoted(name)} = ?" for name in self.key), values

    def update(self, row: Row, commit: bool = True, **values: Any) -> None:
        """Changes a row, which is one of `rows`."""
        where, key = self._where(row)
        row.update(values)
        names = list(values)
        cells = [stored(v) if v is None or isinstance(v, Raw) else self.column(n).store(v) for n, v in values.items()]
        statement = f"UPDATE {quoted(self.name)} SET {', '.join(f'{quoted(n)} = ?' for n in names)} WHERE {where}"
        changed = self.connection.execute(statement, cells + key).rowcount
        assert changed == 1, f"{changed} rows of {self.name} have the key {key}"
        if commit:
            self.connection.commit()

    def delete(self, row: Row) -> None:
        where, key = self._where(row)
        changed = self.connection.execute(f"DELETE FROM {quoted(self.name)} WHERE {where}", key).rowcount
        assert changed == 1, f"{changed} rows of {self.name} have the key {key}"
        self.rows.remove(row)
        self.connection.commit()

    def add_column(self, column: Column) -> None:
        self.connection.execute(f"ALTER TABLE {quoted(self.name)} ADD COLUMN {quoted(column.name)} {column.declared}")
        self.connection.commit()
        self.columns = self.columns + [column]
        for row in self.rows:
            row[column.name] = None

    def drop_column(self, name: str) -> None:
        self.connection.execute(f"ALTER TABLE {quoted(self.name)} DROP COLUMN {quoted(name)}")
        self.connection.commit()
        self.columns = [column for column in self.columns if column.name != name]
        for row in self.rows:
            del row[name]
