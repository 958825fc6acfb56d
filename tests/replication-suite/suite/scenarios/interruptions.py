"""Runs that are killed (SIGKILL) and begun again, that meet, and sources that change while they are read."""

import threading
from datetime import timedelta

from ..table import Table
from ..trial import Stream, Trial
from .scenario import BASE, changing, clock, order, orders_table, scenario

GROUP = "Interruptions"
ROWS = 3_000


def writes(trial: Trial, most: int) -> list[int]:
    """The writes at which runs are killed: as many as the suite allows, from the first to the last."""
    count = min(trial.kills, most)
    return sorted({1 + at * (most - 1) // max(count - 1, 1) for at in range(count)}) if most else []


def begin(trial: Trial, method: str = "incremental", needs: tuple[str, ...] = ()) -> Table:
    table = orders_table()
    trial.stream(changing(table, needs) if method == "incremental" else Stream(table, method=method))
    table.insert(*(order(number) for number in range(1, ROWS + 1)))
    return table


def change(trial: Trial, table: Table, step: int) -> None:
    """Changes 400 rows and adds 100, later than all before, in the half hour of this step."""
    at = BASE + timedelta(hours=1, minutes=30 * step)
    for number, row in enumerate(trial.random.sample(table.rows, 400)):
        table.update(row, commit=False, quantity=step * 1_000 + number, changed=at + timedelta(seconds=number))
    table.insert(*(order(step * 10_000 + number, at + timedelta(seconds=500 + number)) for number in range(100)))


@scenario(GROUP)
def first_load_killed_at_every_write(trial: Trial) -> None:
    """The first load is killed at a write of the target, seen from outside, and the tool is run again: at each of its writes,
    or at as many of them as the suite is asked for."""
    begin(trial)
    for number in writes(trial, trial.count_writes()):
        begin(trial)
        trial.run_killed_at_write(number)
        trial.run()
    trial.must_have_killed()


@scenario(GROUP)
def changes_killed_at_every_write(trial: Trial) -> None:
    """The same while changes are read, again and again into one target."""
    table = begin(trial)
    trial.run()
    change(trial, table, 1)
    for step, number in enumerate(writes(trial, trial.count_writes()), 2):
        change(trial, table, step)
        trial.run_killed_at_write(number)
        trial.run()
    trial.must_have_killed()


@scenario(GROUP)
def deletions_killed_at_every_write(trial: Trial) -> None:
    """The same while deleted rows are looked for, too, and rows come back that were deleted."""
    table = begin(trial, needs=("deletes",))
    trial.run()
    change(trial, table, 1)
    for step, number in enumerate(writes(trial, trial.count_writes()), 2):
        gone = trial.random.sample(table.rows, 150)
        for row in gone:
            table.delete(row)
        change(trial, table, step)
        trial.run_killed_at_write(number)
        again = BASE + timedelta(hours=1, minutes=30 * step + 25)
        table.insert(*(dict(row, customer="again", changed=again) for row in gone[:20]))
        trial.run()
    trial.must_have_killed()


@scenario(GROUP)
def an_interval_killed_at_every_write(trial: Trial) -> None:
    """Rows of an interval change without their change key, the interval is read again and killed, read once more, and a run
    follows."""
    table = begin(trial, needs=("interval",))
    start = BASE + timedelta(seconds=500)
    end = BASE + timedelta(seconds=2_500)
    inside = [row for row in table.rows if start <= row["changed"] < end]
    trial.run()
    for step, number in enumerate(writes(trial, trial.count_writes(trial.tool.run_interval(start, end))), 1):
        for row in trial.random.sample(inside, 700):
            table.update(row, commit=False, customer=f"corrected {step}")
        table.insert(order(step * 10_000, BASE + timedelta(hours=step)))
        trial.run_killed_at_write(number, trial.tool.run_interval(start, end))
        trial.run_interval(start, end, check=False)
        trial.run()
    trial.must_have_killed()


@scenario(GROUP)
def a_replacement_killed_at_every_write(trial: Trial) -> None:
    """A table that is replaced as a whole in every run."""
    table = begin(trial, "full")
    trial.run()
    for step, number in enumerate(writes(trial, trial.count_writes()), 1):
        table.delete(table.rows[step])
        change(trial, table, step)
        trial.run_killed_at_write(number)
        trial.run()
    trial.must_have_killed()


@scenario(GROUP)
def runs_killed_at_random_moments(trial: Trial) -> None:
    """Two runs in a row are killed at random moments, the first one sometimes a first load, and changes come between them."""
    table = begin(trial)
    usual = trial.usual_time()
    for story in range(1, trial.kills + 1):
        if story % 4 == 0:
            table = begin(trial)
        change(trial, table, 2 * story)
        trial.run_killed_after(trial.random.random() * usual)
        change(trial, table, 2 * story + 1)
        trial.run_killed_after(trial.random.random() * usual)
        trial.run()
    trial.must_have_killed()


@scenario(GROUP)
def two_runs_at_once(trial: Trial) -> None:
    """Two runs begin together, on a first load and on changes; one of them may refuse. Then one more run."""
    table = begin(trial)
    trial.run_twice_at_once()
    trial.run()
    change(trial, table, 1)
    trial.run_twice_at_once()
    trial.run()


@scenario(GROUP)
def a_source_that_changes_while_it_is_read(trial: Trial) -> None:
    """Rows are inserted and changed, with the clock as their change key, while the first load and a later run read. A run
    after the last change ends equal."""
    table = begin(trial)
    table.connection.execute("PRAGMA journal_mode = WAL")
    number = ROWS

    def work(ended: threading.Event) -> None:
        nonlocal number
        while not ended.wait(0.002):
            number += 1
            table.insert(order(number, clock()))
            table.update(table.rows[number % 1_000], quantity=number, changed=clock())

    trial.run_during(work)
    trial.run_during(work)
    trial.run()
