"""When a value of the target is the value of the source: it must be the same value, in whatever form the target keeps it. A
number may be text with the same digits, a moment may have a T, a zone of UTC or zeros behind its point, a date may be a
midnight, true may be 1. Nothing may be rounded, cut, trimmed, normalised or missing, and NULL is not an empty text."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from .table import Raw, stored

MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?")
WORDS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


@dataclass(frozen=True)
class Other:
    """What a value is that is none of its column's kind."""

    value: Any


def bare(value: Any) -> Any:
    """The value without what SQLite's rows and DuckDB's rows differ in."""
    return bytes(value) if isinstance(value, (bytearray, memoryview)) else value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return Decimal(int(value))
    if isinstance(value, float):
        return Decimal(repr(value)) if value == value and abs(value) != float("inf") else Other(value)
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    try:
        return Decimal(value.decode() if isinstance(value, bytes) else value)
    except (InvalidOperation, TypeError, ValueError, UnicodeDecodeError):
        return Other(value)


def _float(value: Any) -> Any:
    try:
        return float(value.decode() if isinstance(value, bytes) else value)
    except (TypeError, ValueError, UnicodeDecodeError):
        return Other(value)


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value if isinstance(value, str) else Other(value)


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    text = _text(value)
    found = MOMENT.fullmatch(text) if isinstance(text, str) else None
    if not found or (found[7] or "")[6:].strip("0"):
        return Other(value)
    parts = [int(part or 0) for part in found.groups()[:6]]
    sign, hours, minutes = re.fullmatch(r"([+-]?)(\d*):?(\d*)", (found[8] or "").strip("UTCZ")).groups()
    zone = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        return datetime(*parts, microsecond=int((found[7] or "0")[:6].ljust(6, "0"))) - zone
    except (ValueError, OverflowError):
        return Other(value)


def _boolean(value: Any) -> Any:
    return WORDS.get(str(_text(value) if isinstance(value, (bytes, str)) else int(value)).lower(), Other(value))


def _blob(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


KINDS = {
    "integer": _number,
    "decimal": _number,
    "float": _float,
    "text": _text,
    "blob": _blob,
    "timestamp": _moment,
    "date": _moment,
    "boolean": _boolean,
}


def plain(kind: str, value: Any) -> Any:
    """The value by which two cells of a kind are compared."""
    value = bare(value)
    if value is None:
        return None
    if isinstance(value, Raw):
        return plain_raw(value.stored)
    return KINDS[kind](value)


def plain_raw(value: Any) -> Any:
    """A cell that its column's type does not fit, as it is kept."""
    value = bare(value)
    return value.encode() if isinstance(value, str) else value


def same(kind: str, expected: Any, found: Any) -> bool:
    if isinstance(expected, Raw):
        return plain_raw(stored(expected)) == plain_raw(found)
    return plain(kind, expected) == plain(kind, found)
