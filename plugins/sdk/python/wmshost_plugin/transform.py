"""The exports of a transform, made of a function of one row:

    About, Transformation = transform(name=…, version=…, summary=…, reads=…, writes=…, settings=…, row=…)

`reads` and `writes` are columns by name, each with its type: TEXT, INT64, FLOAT64, BOOLEAN, DATE, TIMESTAMP, TIMESTAMP_UTC,
BINARY or decimal(precision, scale). A column that is read as a decimal may have any precision and scale, or be whole numbers.
`settings` are names, each with its default and one sentence. The function gets columns and settings by name, and returns its
outputs by name; an output of an input's name replaces that column. What it raises besides `Reject` fails the row.
"""

import json
from collections import defaultdict
from decimal import Decimal

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.about import Description, SettingDescription, SettingKind
from wit_world.imports.settings import get
from wit_world.imports.types import (
    Column,
    ColumnType_Binary,
    ColumnType_Boolean,
    ColumnType_Date,
    ColumnType_Decimal,
    ColumnType_Float64,
    ColumnType_Int64,
    ColumnType_Timestamp,
    ColumnType_Utf8,
    DecimalType,
    Failure_InvalidConfig,
    Failure_Permanent,
    Zone,
)

from . import Reject
from .columns import read, write

TEXT, BINARY, BOOLEAN = ColumnType_Utf8(), ColumnType_Binary(), ColumnType_Boolean()
INT64, FLOAT64, DATE = ColumnType_Int64(), ColumnType_Float64(), ColumnType_Date()
TIMESTAMP, TIMESTAMP_UTC = ColumnType_Timestamp(Zone.NONE), ColumnType_Timestamp(Zone.UTC)

SETTING_KINDS = {
    str: SettingKind.TEXT,
    int: SettingKind.INTEGER,
    float: SettingKind.NUMBER,
    bool: SettingKind.FLAG,
    list: SettingKind.TEXTS,
}


def decimal(precision: int, scale: int):
    return ColumnType_Decimal(DecimalType(precision, scale))


def transform(*, name, version, summary, reads, writes, row, settings=None):
    settings = settings or {}
    # An instance of a class serves one call; the columns are those of the component.
    kinds = {}
    described = [
        SettingDescription(key, SETTING_KINDS[type(default)], about, json.dumps(default, ensure_ascii=False), [])
        for key, (default, about) in settings.items()
    ]

    class About(exports.About):
        def describe(self):
            return Description(name, version, summary, described)

    class Transformation(exports.Transformation):
        def output_schema(self, input):
            kinds.update((column, kind_of(column, kind, input)) for column, kind in reads.items())
            written = {column: Column(column, kind, True) for column, kind in writes.items()}
            kept = [written.pop(column.name, column) for column in input]
            return [*kept, *written.values()]

        def keeps_state(self):
            return False

        def process(self, rows):
            given = {key: get(key).value for key in settings}
            columns = [values_of(rows, column, kind, reads[column]) for column, kind in kinds.items()]
            made, rejected = [], defaultdict(list)
            for number in range(rows.row_count()):
                values = {column: values[number] for column, values in zip(kinds, columns)}
                try:
                    made.append(row(**values, **given))
                except Reject as reject:
                    made.append({})
                    rejected[reject.rule, reject.reason].append(number)
                except Exception as error:
                    raise Err(Failure_Permanent(f"row {number + 1} of the batch: {explained(error)}")) from error
            for column, kind in writes.items():
                try:
                    write(rows, column, kind, [outputs.get(column) for outputs in made])
                except (TypeError, ValueError, AttributeError, OverflowError) as error:
                    raise Err(Failure_Permanent(f"column {column}: {explained(error)}")) from error
            reject_all(rows, rejected)

    return About, Transformation


def kind_of(name, wanted, columns):
    """The type of a column that is read as `wanted`."""
    kind = next((column.kind for column in columns if column.name == name), None)
    if kind is None:
        raise Err(Failure_InvalidConfig(f"column {name} does not exist"))
    is_number = isinstance(wanted, ColumnType_Decimal) and isinstance(kind, ColumnType_Decimal | ColumnType_Int64)
    if kind != wanted and not is_number:
        raise Err(Failure_InvalidConfig(f"column {name} is {shown(kind)}, and {shown(wanted)} is read"))
    return kind


def values_of(rows, column, kind, wanted):
    """The values of a column, whole numbers as decimals where these are read."""
    values = read(rows, column, kind)
    if isinstance(kind, ColumnType_Int64) and isinstance(wanted, ColumnType_Decimal):
        return [None if value is None else Decimal(value) for value in values]
    return values


def shown(kind):
    return type(kind).__name__.removeprefix("ColumnType_").lower()


def explained(error):
    """The error with its place, in the file and the line of the plugin."""
    place = error.__traceback__
    while place.tb_next is not None:
        place = place.tb_next
    # The module `traceback` would look for the source, and there are no files.
    file = place.tb_frame.f_code.co_filename.rsplit("/", 1)[-1]
    return f"{file}, line {place.tb_lineno}: {type(error).__name__}: {error}"


def reject_all(rows, rejected):
    """Rejects rows, which are numbered as in the whole batch."""
    gone = []
    for (rule, reason), numbers in rejected.items():
        before, moved = 0, []
        for number in numbers:
            while before < len(gone) and gone[before] < number:
                before += 1
            moved.append(number - before)
        rows.reject(moved, rule, reason)
        gone = sorted(gone + numbers)
