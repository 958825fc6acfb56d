"""Keys of other kinds than a whole number that counts up."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ..table import Column, Table
from ..trial import Trial
from .scenario import BASE, changing, scenario

GROUP = "Keys"


def keyed(trial: Trial, columns: list[Column], keys: list[Any], rest: str = "", collate: str = "") -> None:
    """Loads a row for each key, changes every third and adds the last ones afterwards."""
    note = [Column("note", "TEXT", "text"), Column("changed", "TIMESTAMP", "timestamp")]
    table = Table("keyed", columns + note, [column.name for column in columns], rest, collate)
    trial.stream(changing(table))

    def row(number: int, key: Any) -> dict:
        parts = key if isinstance(key, tuple) else (key,)
        names = [column.name for column in columns]
        return {**dict(zip(names, parts)), "note": f"row {number}", "changed": BASE + timedelta(seconds=number)}

    rows = [row(number, key) for number, key in enumerate(keys)]
    table.insert(*rows[: len(rows) * 2 // 3])
    trial.run()
    for number, found in enumerate(table.rows[::3]):
        table.update(found, note="changed", changed=BASE + timedelta(days=1, seconds=number))
    table.insert(*rows[len(rows) * 2 // 3 :])
    # What is new came later than what was changed.
    for number, found in enumerate(table.rows[len(rows) * 2 // 3 :]):
        table.update(found, changed=BASE + timedelta(days=2, seconds=number))
    trial.run()


@scenario(GROUP)
def negative_and_large_numbers(trial: Trial) -> None:
    """Negative keys, zero, and the ends of 64 bits."""
    keys = [0, -1, 1, -(2**63), 2**63 - 1, 2**53, 2**53 + 1, -(2**53), -(2**53) - 1, *range(-500, -2, 7)]
    keyed(trial, [Column("id", "INTEGER", "integer")], keys)


@scenario(GROUP)
def texts_that_differ_little(trial: Trial) -> None:
    """Text keys that differ in case, blanks, zeros in front, accents or the way a letter is composed; and the empty text."""
    keys = ["a", "A", "a ", " a", "á", "a\u0301", "ä", "Ä", "ß", "ss", "SS", "", " ", "1", "01", "1.0", "1e0", "+1", "'", '"', "%", "_"]
    keyed(trial, [Column("code", "TEXT", "text")], keys + [f"code {number}" for number in range(50)])


@scenario(GROUP)
def texts_without_case(trial: Trial) -> None:
    """The source compares a text key without case (COLLATE NOCASE), and orders it so."""
    keys = ["b", "A", "Z", "a1", "B2", "_", "[", "é", "É", "z9", "aa", "AB", "aC", "Ad"]
    columns = [Column("code", "TEXT", "text")]
    keyed(trial, columns, keys + [f"{'Cc'[n % 2]}ode{n:03}" for n in range(300)], collate=" COLLATE NOCASE")


@scenario(GROUP)
def texts_without_blanks_at_the_end(trial: Trial) -> None:
    """The source compares a text key without blanks at its end (COLLATE RTRIM)."""
    keys = ["b", "a ", "a\t", "ab  ", " a", "", "a!", "a\x01", "\t", "ä ", "z"]
    columns = [Column("code", "TEXT", "text")]
    keyed(trial, columns, keys + [f"code{n:03}" + " " * (n % 4) for n in range(300)], collate=" COLLATE RTRIM")


@scenario(GROUP)
def amounts_as_keys(trial: Trial) -> None:
    """A key of an amount with two digits after the point."""
    keys = [Decimal(cents) / 100 for cents in (0, 1, -1, 10, 100, 101, 110, 999_999_999_999, -999_999_999_999)]
    keyed(trial, [Column("amount", "DECIMAL(12,2)", "decimal")], keys + [Decimal(n * 37) / 100 for n in range(10, 90)])


@scenario(GROUP)
def two_columns_without_rowid(trial: Trial) -> None:
    """A key of a number and a text, in a table without rowid."""
    columns = [Column("site", "INTEGER", "integer"), Column("code", "TEXT", "text")]
    keys = [(site, code) for site in (-1, 0, 1, 2**40) for code in ("", "a", "A", "b|c", "b", *map(str, range(30)))]
    keyed(trial, columns, keys, rest="WITHOUT ROWID")


@scenario(GROUP)
def four_columns_that_run_together(trial: Trial) -> None:
    """Keys that are equal if their parts are joined: ("a", "bc") and ("ab", "c")."""
    columns = [Column(name, "TEXT", "text") for name in "wxyz"]
    parts = [("a", "bc", "", ""), ("ab", "c", "", ""), ("abc", "", "", ""), ("", "abc", "", ""), ("", "", "abc", "")]
    parts += [("a|", "b", "c", "d"), ("a", "|b", "c", "d"), ("a", "b-", "c", "d"), ("a", "b", "-c", "d"), ("a_b", "c", "d", "")]
    keyed(trial, columns, parts + [("k", str(n), str(n % 7), "") for n in range(80)])


@scenario(GROUP)
def moments_as_keys(trial: Trial) -> None:
    """A key of a moment with microseconds."""
    keys = [datetime(2026, 1, 31, 10, 0, 0, 0) + timedelta(microseconds=step) for step in (0, 1, 2, 10, 999_999, 1_000_000)]
    columns = [Column("at", "TIMESTAMP", "timestamp")]
    keyed(trial, columns, keys + [datetime(2026, 1, 1) + timedelta(hours=n, microseconds=n) for n in range(60)])


@scenario(GROUP)
def bytes_as_keys(trial: Trial) -> None:
    """A key of 16 bytes, as identifiers are kept."""
    keys = [bytes([n, 0, 255 - n]) + b"\0" * 12 + bytes([n]) for n in range(90)]
    keyed(trial, [Column("uid", "BLOB", "blob")], keys)
