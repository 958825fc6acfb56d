"""Columns as lists of Python's values, None for NULL. A value stays exact: whole numbers are int, decimals decimal.Decimal;
dates are days and timestamps microseconds since 1970-01-01, both int."""

from decimal import Decimal

from wit_world.imports import batches
from wit_world.imports import types as contract

DECIMAL_BYTES = 16


def is_set(bits: bytes, row: int) -> int:
    return bits[row >> 3] >> (row & 7) & 1


def bitmap(flags) -> bytes:
    """One bit for each flag."""
    bits = bytearray((len(flags) + 7) // 8)
    for row, flag in enumerate(flags):
        bits[row >> 3] |= bool(flag) << (row & 7)
    return bytes(bits)


def exact(unscaled: int, scale: int) -> Decimal:
    """`unscaled / 10^scale`, whatever the precision of Python's decimal context."""
    return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))


def unscaled(value, kind) -> int:
    """The digits of a number at the scale of a column."""
    sign, digits, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value} is not a decimal")
    number, shift = int("".join(map(str, digits))), exponent + kind.scale
    number, rest = (number * 10**shift, 0) if shift >= 0 else divmod(number, 10**-shift)
    if rest or number >= 10**kind.precision:
        raise ValueError(f"a value does not fit decimal({kind.precision}, {kind.scale})")
    return -number if sign else number


def sliced(data):
    return [bytes(data.values[start:end]) for start, end in zip(data.offsets, data.offsets[1:])]


def joined(parts, validity):
    offsets = [0]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return batches.Texts(offsets, b"".join(parts), validity)


def read(rows, name: str, kind):
    """The values of a column of this type."""
    match kind:
        case contract.ColumnType_Utf8():
            data = rows.read_texts(name)
            values = [part.decode() for part in sliced(data)]
        case contract.ColumnType_Binary():
            data = rows.read_binaries(name)
            values = sliced(data)
        case contract.ColumnType_Boolean():
            data = rows.read_booleans(name)
            values = [bool(is_set(data.values, row)) for row in range(rows.row_count())]
        case contract.ColumnType_Int64():
            data = rows.read_int64s(name)
            values = data.values
        case contract.ColumnType_Float64():
            data = rows.read_float64s(name)
            values = data.values
        case contract.ColumnType_Date():
            data = rows.read_dates(name)
            values = data.values
        case contract.ColumnType_Timestamp():
            data = rows.read_timestamps(name)
            values = data.values
        case contract.ColumnType_Decimal(of):
            data = rows.read_decimals(name)
            starts = range(0, len(data.values), DECIMAL_BYTES)
            parts = (data.values[start : start + DECIMAL_BYTES] for start in starts)
            values = [exact(int.from_bytes(part, "little", signed=True), of.scale) for part in parts]
    if data.validity is None:
        return values
    return [value if is_set(data.validity, row) else None for row, value in enumerate(values)]


def write(rows, name: str, kind, values) -> None:
    """Writes a column of this type."""
    validity = bitmap([value is not None for value in values]) if None in values else None

    def filled(absent):
        return [absent if value is None else value for value in values]

    match kind:
        case contract.ColumnType_Utf8():
            rows.write_texts(name, joined([text.encode() for text in filled("")], validity))
        case contract.ColumnType_Binary():
            rows.write_binaries(name, joined(filled(b""), validity))
        case contract.ColumnType_Boolean():
            rows.write_booleans(name, batches.Booleans(bitmap(filled(False)), validity))
        case contract.ColumnType_Int64():
            rows.write_int64s(name, batches.Int64s(filled(0), validity))
        case contract.ColumnType_Float64():
            rows.write_float64s(name, batches.Float64s(filled(0.0), validity))
        case contract.ColumnType_Date():
            rows.write_dates(name, batches.Dates(filled(0), validity))
        case contract.ColumnType_Timestamp(zone):
            rows.write_timestamps(name, batches.Timestamps(zone, filled(0), validity))
        case contract.ColumnType_Decimal(of):
            numbers = (unscaled(value, of) for value in filled(0))
            data = b"".join(number.to_bytes(DECIMAL_BYTES, "little", signed=True) for number in numbers)
            rows.write_decimals(name, batches.Decimals(of, data, validity))
