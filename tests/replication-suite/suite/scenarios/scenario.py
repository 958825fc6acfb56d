"""What a scenario is, and the table that most of them use."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Callable, Optional

from ..table import Column, Row, Table
from ..trial import Stream, Trial


def clock() -> datetime:
    """The time in UTC, as SQLite's own functions have it, in whole seconds."""
    return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)


# A month ago, so that no change key is in the future unless a scenario says so.
BASE = clock().replace(hour=9, minute=0, second=0) - timedelta(days=30)


@dataclass
class Scenario:
    group: str
    name: str
    play: Callable[[Trial], None]

    @property
    def says(self) -> str:
        return " ".join((self.play.__doc__ or "").split())


SCENARIOS: list[Scenario] = []


def scenario(group: str) -> Callable[[Callable[[Trial], None]], Callable[[Trial], None]]:
    """Declares a scenario; its name is the function's, its meaning the function's text."""

    def declare(play: Callable[[Trial], None]) -> Callable[[Trial], None]:
        SCENARIOS.append(Scenario(group, play.__name__.replace("_", " ").strip(), play))
        return play

    return declare


def orders_table() -> Table:
    return Table(
        "orders",
        [
            Column("id", "INTEGER", "integer"),
            Column("customer", "TEXT", "text"),
            Column("quantity", "INTEGER", "integer"),
            Column("price", "DECIMAL(10,2)", "decimal"),
            Column("changed", "TIMESTAMP", "timestamp"),
        ],
        ["id"],
    )


def order(number: int, changed: Optional[datetime] = None, **values: object) -> Row:
    """An order that was changed a second after the one before it."""
    changed = changed or BASE + timedelta(seconds=number)
    price = Decimal(number % 10_000) / 100
    usual = {"id": number, "customer": f"customer {number % 97}", "quantity": number % 13, "price": price}
    return {**usual, "changed": changed, **values}


def changing(table: Table, needs: tuple[str, ...] = (), **settings: object) -> Stream:
    """The usual stream: changes are read by `changed`, and a row may be an hour late."""
    usual = {"change_key": "changed", "lookback": timedelta(hours=1)}
    return Stream(table, needs=frozenset(needs), **{**usual, **settings})


def with_orders(trial: Trial, count: int, needs: tuple[str, ...] = (), **settings: object) -> Table:
    """Begins with this many orders, which the first run loads."""
    table = orders_table()
    trial.stream(changing(table, needs, **settings))
    table.insert(*(order(number) for number in range(1, count + 1)))
    trial.run()
    return table
