"""The target's rows beside the expected ones."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Iterable

from .table import Row, Table
from .values import plain, same


@dataclass
class Verdict:
    """Rows that the target lacks, has more than once, has with other values, or has though the source does not. `reported`
    are the rows that it lacks and that the tool named by their keys. `killed` counts the
    runs that were, `stopped` is why the last run failed."""

    lost: int = 0
    doubled: int = 0
    changed: int = 0
    left: int = 0
    reported: int = 0
    killed: int = 0
    stopped: str = ""
    unsupported: str = ""
    examples: list[str] = field(default_factory=list)

    def wrong(self) -> int:
        return self.lost + self.doubled + self.changed + self.left

    def is_equal(self) -> bool:
        return not (self.wrong() or self.stopped or self.unsupported)

    def words(self) -> str:
        if self.unsupported:
            return "not supported"
        counts = [(self.lost, "lost"), (self.doubled, "doubled"), (self.changed, "changed"), (self.left, "left")]
        words = [f"{word} {count}" for count, word in counts if count]
        if self.stopped:
            words.insert(0, "stopped")
        words = words or ["equal"]
        if self.reported:
            words.append(f"reported {self.reported}")
        return ", ".join(words)


def _key(table: Table, kinds: dict[str, str], row: Row) -> tuple:
    names = table.key or [column.name for column in table.columns]
    return tuple(plain(kinds[name], row.get(name)) for name in names)


def compare(table: Table, found: list[Row], reported: Iterable[Any]) -> Verdict:
    """`found` are the target's rows by the source's names of columns; `reported` the first parts of the keys of rows
    that the tool named as unreadable."""
    kinds = {column.name: column.kind for column in table.columns}
    by_key: dict[tuple, list[Row]] = defaultdict(list)
    for row in found:
        by_key[_key(table, kinds, row)].append(row)
    verdict, reported = Verdict(), set(reported)

    def wrong(what: str, row: Row, more: str = "") -> None:
        if len(verdict.examples) < 5:
            verdict.examples.append(f"{what} {table.key_of(row)!r}{more}"[:300])

    for row in table.rows:
        same_key = by_key.get(_key(table, kinds, row))
        if not same_key:
            if table.key and row[table.key[0]] in reported:
                verdict.reported += 1
                continue
            verdict.lost += 1
            wrong("lost", row)
            continue
        other = same_key.pop(0)
        different = [name for name, kind in kinds.items() if not same(kind, row[name], other.get(name))]
        if different:
            verdict.changed += 1
            name = different[0]
            wrong("changed", row, f": {name} {row[name]!r} is {other.get(name)!r}"[:200])
    keys = {_key(table, kinds, row) for row in table.rows}
    for key, rows in by_key.items():
        for row in rows:
            if key in keys:
                verdict.doubled += 1
                wrong("doubled", row)
            else:
                verdict.left += 1
                wrong("left", row)
    return verdict
