"""Changes that are read by a change key: late, equal, missing, of every type."""

from datetime import date, datetime, timedelta, timezone

from ..table import Column, Table
from ..trial import Stream, Trial
from .scenario import BASE, changing, clock, order, orders_table, scenario, with_orders

GROUP = "Change keys"


@scenario(GROUP)
def new_and_changed_rows(trial: Trial) -> None:
    """Five days of inserts and updates; then a run with nothing to do."""
    table = with_orders(trial, 1_000)
    for day in range(1, 6):
        at = BASE + timedelta(days=day)
        table.insert(*(order(10_000 * day + number, at + timedelta(seconds=number)) for number in range(50)))
        for number, row in enumerate(trial.random.sample(table.rows[:1_000], 30)):
            table.update(row, quantity=1_000 * day + number, changed=at + timedelta(seconds=100 + number))
        trial.run()
    trial.run()


@scenario(GROUP)
def tied_change_keys(trial: Trial) -> None:
    """All rows of a load have one change key; later rows have the same one again."""
    table = orders_table()
    trial.stream(changing(table))
    table.insert(*(order(number, BASE) for number in range(1, 1_501)))
    trial.run()
    table.insert(*(order(number, BASE) for number in range(2_000, 2_010)))
    trial.run()
    table.insert(*(order(number, BASE) for number in range(3_000, 3_010)))
    table.insert(order(4_000, BASE + timedelta(seconds=1)))
    trial.run()


@scenario(GROUP)
def late_rows(trial: Trial) -> None:
    """Rows are committed with a change key up to 50 minutes before the greatest one that was read; the tool is asked to look
    back one hour."""
    table = with_orders(trial, 500, needs=("lookback",))
    greatest = BASE + timedelta(hours=2)
    table.insert(order(1_000, greatest))
    trial.run()
    table.insert(*(order(2_000 + minutes, greatest - timedelta(minutes=minutes)) for minutes in (1, 10, 30, 50)))
    table.update(table.rows[0], quantity=77, changed=greatest - timedelta(minutes=20))
    trial.run()


@scenario(GROUP)
def change_keys_that_are_null(trial: Trial) -> None:
    """Rows without a change key, which are inserted, changed and given one."""
    table = orders_table()
    trial.stream(changing(table, needs=("no-change-key",)))
    table.insert(*(order(number) for number in range(1, 200)))
    table.insert(*(dict(order(number), changed=None) for number in range(300, 310)))
    trial.run()
    table.insert(*(dict(order(number), changed=None) for number in range(400, 405)))
    table.update(table.rows[200], quantity=99)
    table.update(table.rows[201], changed=BASE + timedelta(days=1))
    trial.run()


@scenario(GROUP)
def change_key_in_the_future(trial: Trial) -> None:
    """One row's change key is ten days ahead of the clock; other rows change afterwards."""
    table = orders_table()
    trial.stream(changing(table))
    table.insert(*(order(number) for number in range(1, 100)))
    table.insert(order(500, clock() + timedelta(days=10)))
    trial.run()
    table.insert(*(order(number, BASE + timedelta(days=1)) for number in range(600, 610)))
    trial.run()
    table.update(table.rows[99], quantity=4_711)
    table.insert(order(700, BASE + timedelta(days=2)))
    trial.run()


@scenario(GROUP)
def change_key_goes_back(trial: Trial) -> None:
    """A row is restored with an old change key. Only reading everything again can find it, which the tool is asked to do."""
    table = with_orders(trial, 200, needs=("moves-back",))
    table.update(table.rows[150], quantity=1_234, changed=BASE + timedelta(days=5))
    trial.run()
    table.update(table.rows[150], quantity=150, changed=BASE + timedelta(seconds=151))
    trial.run()


@scenario(GROUP)
def fractions_of_different_length(trial: Trial) -> None:
    """Moments as SQLite's users store them: with no fraction, with three digits and with six. As text, 10:00:00 comes before
    10:00:00.000001, but 10:00:00.5 after 10:00:00.25. One row for each run."""

    def shortest(moment: datetime) -> str:
        text = moment.isoformat(" ")
        return text.rstrip("0") if moment.microsecond else text

    columns = [Column("id", "INTEGER", "integer"), Column("note", "TEXT", "text")]
    table = Table("moments", columns + [Column("changed", "TIMESTAMP", "timestamp", shortest)], ["id"])
    trial.stream(changing(table, lookback=timedelta(seconds=0)))
    steps = [0, 1, 249_999, 250_000, 500_000, 999_999, 1_000_000, 1_000_001, 1_250_000, 1_500_000]
    for number, step in enumerate(steps):
        table.insert({"id": number, "note": "new", "changed": BASE + timedelta(microseconds=step)})
        trial.run()


@scenario(GROUP)
def moments_with_zones(trial: Trial) -> None:
    """Moments with a zone, as texts that begin with the hour of Lisbon, Berlin or New York: ordered as texts they are not in
    the order of time. One row for each run."""

    def with_zone(moment: datetime) -> str:
        hours = {0: 0, 1: 1, 2: -5}[moment.minute % 3]
        return moment.replace(tzinfo=timezone.utc).astimezone(timezone(timedelta(hours=hours))).isoformat(" ")

    columns = [Column("id", "INTEGER", "integer"), Column("note", "TEXT", "text")]
    declared = Column("changed", "TIMESTAMP WITH TIME ZONE", "timestamp", with_zone)
    table = Table("zones", [*columns, declared], ["id"])
    trial.stream(changing(table, lookback=timedelta(seconds=0)))
    for number in range(8):
        table.insert({"id": number, "note": "new", "changed": BASE + timedelta(minutes=number)})
        trial.run()


@scenario(GROUP)
def whole_numbers(trial: Trial) -> None:
    """The change key is a version that grows with every change, up to the greatest whole number of 64 bits."""
    columns = [Column("id", "INTEGER", "integer"), Column("note", "TEXT", "text"), Column("version", "BIGINT", "integer")]
    table = Table("documents", columns, ["id"])
    trial.stream(Stream(table, change_key="version", lookback=100))
    table.insert(*({"id": n, "note": f"note {n}", "version": n} for n in range(1, 500)))
    trial.run()
    table.update(table.rows[7], note="new", version=600)
    table.insert({"id": 1_000, "note": "late", "version": 550})
    trial.run()
    table.update(table.rows[8], note="newer", version=2**53 + 1)
    trial.run()
    table.update(table.rows[9], note="newest", version=2**53 + 2)
    trial.run()
    table.insert({"id": 2_000, "note": "last", "version": 2**63 - 1})
    trial.run()


@scenario(GROUP)
def dates(trial: Trial) -> None:
    """The change key is a date: rows of the day that was read last arrive in the next run."""
    columns = [Column("id", "INTEGER", "integer"), Column("note", "TEXT", "text"), Column("day", "DATE", "date")]
    table = Table("days", columns, ["id"])
    trial.stream(Stream(table, change_key="day", lookback=timedelta(days=1)))
    first = date(BASE.year, BASE.month, BASE.day)
    table.insert(*({"id": n, "note": "one", "day": first + timedelta(days=n % 5)} for n in range(1, 200)))
    trial.run()
    table.insert(*({"id": 500 + n, "note": "two", "day": first + timedelta(days=4)} for n in range(20)))
    table.update(table.rows[3], note="three", day=first + timedelta(days=4))
    trial.run()


@scenario(GROUP)
def an_interval_again(trial: Trial) -> None:
    """Rows of one day change without their change key; that day is read again, and afterwards what is new. Nothing outside
    of the day may change."""
    table = with_orders(trial, 100, needs=("interval",))
    at = BASE + timedelta(days=1)
    table.insert(*(order(1_000 + n, at + timedelta(minutes=n)) for n in range(300)))
    table.insert(*(order(2_000 + n, at + timedelta(days=1, minutes=n)) for n in range(100)))
    trial.run()
    for row in table.rows[100:400:7]:
        table.update(row, customer="corrected")
    table.insert(order(1_500, at + timedelta(minutes=17, seconds=1)))
    trial.run_interval(at, at + timedelta(days=1))
    trial.run_interval(at, at + timedelta(days=1))
    table.insert(order(3_000, at + timedelta(days=3)))
    trial.run()


@scenario(GROUP)
def an_interval_of_numbers_again(trial: Trial) -> None:
    """The same with a change key of whole numbers: the interval of versions 100 to 300 is read again."""
    columns = [Column("id", "INTEGER", "integer"), Column("note", "TEXT", "text"), Column("version", "BIGINT", "integer")]
    table = Table("documents", columns, ["id"])
    trial.stream(Stream(table, change_key="version", lookback=0, needs=frozenset(["interval"])))
    table.insert(*({"id": n, "note": f"note {n}", "version": n} for n in range(1, 500)))
    trial.run()
    for row in table.rows[99:299:7]:
        table.update(row, note="corrected")
    table.insert({"id": 1_000, "note": "late", "version": 200})
    trial.run_interval(100, 300)
    table.insert({"id": 2_000, "note": "new", "version": 600})
    trial.run()
