"""Values that types and their conversions get wrong. Each is loaded, then all change and are loaded by their change key."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Callable

from ..table import Column, Raw, Table, stored
from ..trial import Stream, Trial
from .scenario import BASE, changing, order, orders_table, scenario

GROUP = "Values"


def column_of(trial: Trial, declared: str, kind: str, values: list[Any], store: Callable[[Any], Any] = stored) -> None:
    """Loads a row for each value; then each row gets the next row's value."""
    columns = [Column("id", "INTEGER", "integer"), Column("value", declared, kind, store)]
    table = Table("hard", columns + [Column("changed", "TIMESTAMP", "timestamp")], ["id"])
    trial.stream(changing(table))
    values = [None, *values]
    rows = [{"id": n, "value": v, "changed": BASE + timedelta(seconds=n)} for n, v in enumerate(values, 1)]
    table.insert(*rows)
    trial.run()
    for number, row in enumerate(table.rows):
        table.update(row, value=values[number - 1], changed=BASE + timedelta(days=1, seconds=number))
    trial.run()


@scenario(GROUP)
def integers(trial: Trial) -> None:
    """Whole numbers up to 64 bits, and those that a binary fraction of 64 bits cannot hold."""
    edges = [7, 8, 15, 16, 31, 32, 53, 62]
    values = [0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1, -(2**53) - 1]
    column_of(trial, "BIGINT", "integer", values + [sign * 2**edge + one for edge in edges for sign in (1, -1) for one in (0, 1)])


@scenario(GROUP)
def decimals(trial: Trial) -> None:
    """Amounts of 15 digits, the most that SQLite keeps exactly in a numeric column."""
    texts = ["0.01", "-0.01", "0.1", "0.3", "1.005", "2.675", "999999999999.999", "-999999999999.999", "123456789012.345"]
    column_of(trial, "DECIMAL(15,3)", "decimal", [Decimal(text) for text in texts + ["100", "1000000", "0", "4.350"]])


@scenario(GROUP)
def digits_as_text(trial: Trial) -> None:
    """Texts that look like something else, in a text column: article numbers with zeros in front, 38 digits, exponents, dates,
    the words of NULL and of true."""
    texts = ["007", "1e5", "0x10", "+1", "1.10", "12345678901234567890123456789012345678.0123456789", "NaN", "Infinity"]
    texts += ["null", "NULL", "\\N", "None", "true", "False", "2026-01-31", "2026-01-31T10:00:00Z", "10:00", "1,5", "-", "{}", "[1]"]
    column_of(trial, "TEXT", "text", texts)


@scenario(GROUP)
def binary_fractions(trial: Trial) -> None:
    """Binary fractions with all their digits, the least and the greatest."""
    values = [0.1, 0.1 + 0.2, 1 / 3, -2.5, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e22, 123456789.123456789]
    column_of(trial, "DOUBLE PRECISION", "float", [*values, 9007199254740993.0, 1e-7, 3.0])


@scenario(GROUP)
def texts(trial: Trial) -> None:
    """The empty text, blanks at both ends, line breaks, quotes, letters composed in two ways, letters beyond 16 bits, texts
    from right to left, control characters, 300,000 letters."""
    values = ["", " ", " a ", "a\t", "a\nb", "a\r\nb", "\r", '"', "'", '""', "a,b;c|d", "\\", "\\n", "a\\", "%", "`"]
    values += ["é", "e\u0301", "ß", "İ", "ſ", "日本語", "👩‍👩‍👧", "𝒳", "\u202eabc", "שלום", "\ufeffa", "\u00a0", "\u2028", "\ufffd", "\x01", "\x1b[31m", "\x7f"]
    column_of(trial, "TEXT", "text", [*values, "x" * 300_000])


@scenario(GROUP)
def bytes_(trial: Trial) -> None:
    """Bytes: none, zeros, all of them, those that are no text, 300,000."""
    values = [b"", b"\0", b"\0\0abc\0", bytes(range(256)), b"\xff\xfe", b"abc", b"\x80" * 300_000, b"NULL", b"\r\n", b"\xef\xbb\xbf"]
    column_of(trial, "BLOB", "blob", values)


@scenario(GROUP)
def moments(trial: Trial) -> None:
    """Moments with microseconds, of the first and the last year, before 1970, and those that a summer time leaves out or has
    twice."""
    values = [datetime(2026, 1, 31, 10, 0, 0, micro) for micro in (0, 1, 999_999, 100_000, 123_456)]
    values += [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime(1969, 12, 31, 23, 59, 59, 999_999)]
    values += [datetime(2024, 2, 29), datetime(2026, 3, 29, 2, 30), datetime(2026, 10, 25, 2, 30), datetime(1582, 10, 10)]
    values += [datetime(1900, 1, 1), datetime(2038, 1, 19, 3, 14, 8), datetime(2262, 4, 12), datetime(1677, 9, 21)]
    column_of(trial, "TIMESTAMP", "timestamp", values)


@scenario(GROUP)
def days(trial: Trial) -> None:
    """Dates of the first and the last year, before 1970, and of a leap year."""
    values = [date(2026, 1, 31), date(1, 1, 1), date(9999, 12, 31), date(1969, 12, 31), date(2024, 2, 29), date(1900, 2, 28)]
    column_of(trial, "DATE", "date", values)


@scenario(GROUP)
def booleans(trial: Trial) -> None:
    """True, false and NULL."""
    column_of(trial, "BOOLEAN", "boolean", [True, False, True, False])


@scenario(GROUP)
def a_type_that_shows_late(trial: Trial) -> None:
    """What a sample of the first 3,000 rows does not show: an integer column of small numbers gets one of 62 bits, a text
    column of digits a letter, a column of NULLs values, a column of short texts a long one."""
    columns = [
        Column("id", "INTEGER", "integer"),
        Column("number", "INTEGER", "integer"),
        Column("code", "TEXT", "text"),
        Column("rare", "TEXT", "text"),
        Column("amount", "DECIMAL(15,3)", "decimal"),
    ]
    table = Table("late_types", columns, ["id"])
    trial.stream(Stream(table, method="full"))
    rows = [{"id": n, "number": n % 5, "code": f"{n:04}", "rare": None, "amount": Decimal(n % 7)} for n in range(3_000)]
    table.insert(*rows, {"id": 5_000, "number": 2**62, "code": "A" * 5_000, "rare": "x", "amount": Decimal("0.125")})
    trial.run()


def with_unreadable(trial: Trial, name: str, cell: Any) -> Table:
    table = orders_table()
    trial.stream(changing(table, needs=("unreadable",)))
    table.insert(*(order(number) for number in range(1, 1_001)))
    table.insert({**order(500_007, BASE + timedelta(seconds=500)), name: cell})
    if isinstance(cell.stored, bytes):
        table.connection.execute(f"UPDATE orders SET {name} = CAST({name} AS TEXT) WHERE id = 500007")
        table.connection.commit()
    table.insert(*(order(number) for number in range(2_001, 2_101)))
    trial.may_be_left_out(500_007)
    trial.run()
    table.insert(*(order(number, BASE + timedelta(days=1)) for number in range(3_000, 3_010)))
    trial.run()
    return table


@scenario(GROUP)
def a_text_in_a_column_of_numbers(trial: Trial) -> None:
    """SQLite keeps a text in an integer column. The row arrives as it is, or is left out and named by its key; all others
    arrive."""
    with_unreadable(trial, "quantity", Raw("a dozen"))


@scenario(GROUP)
def a_day_that_is_none(trial: Trial) -> None:
    """A change key is 30 February. The row arrives as it is, or is left out and named by its key; all others arrive."""
    with_unreadable(trial, "changed", Raw("2026-02-30 10:00:00"))


@scenario(GROUP)
def a_cell_that_is_corrected(trial: Trial) -> None:
    """A text in an integer column, as before; then the row is corrected and has a new change key."""
    table = with_unreadable(trial, "quantity", Raw("a dozen"))
    row = next(row for row in table.rows if row["id"] == 500_007)
    table.update(row, quantity=12, changed=BASE + timedelta(days=2))
    trial.may_be_left_out()
    trial.run()


@scenario(GROUP)
def a_text_that_is_no_unicode(trial: Trial) -> None:
    """A text has bytes that are not UTF-8. The row arrives as it is, or is left out and named by its key; all others
    arrive."""
    with_unreadable(trial, "customer", Raw(b"M\xfcller"))
