"""Rows that are deleted, move to another key, or are there twice."""

from datetime import timedelta

from ..table import Column, Table
from ..trial import Stream, Trial
from .scenario import BASE, order, orders_table, scenario, with_orders

GROUP = "Rows"


@scenario(GROUP)
def deleted_rows(trial: Trial) -> None:
    """Rows of a table that is read by a change key are deleted; the tool is asked to find that."""
    table = with_orders(trial, 500, needs=("deletes",))
    for row in table.rows[100:150]:
        table.delete(row)
    trial.run()
    table.delete(table.rows[-1])
    table.insert(order(900, BASE + timedelta(days=1)))
    trial.run()


@scenario(GROUP)
def deleted_and_inserted_again(trial: Trial) -> None:
    """A key is deleted and comes back with other values, at once and in a later run."""
    table = with_orders(trial, 200, needs=("deletes",))
    at_once, later = table.rows[10], table.rows[20]
    table.delete(at_once)
    table.insert(order(at_once["id"], BASE + timedelta(days=1), customer="at once"))
    table.delete(later)
    trial.run()
    table.insert(order(later["id"], BASE + timedelta(days=2), customer="later"))
    trial.run()


@scenario(GROUP)
def all_rows_are_deleted(trial: Trial) -> None:
    """A table that is read by a change key is emptied, then gets rows again, some with keys that were there before."""
    table = with_orders(trial, 300, needs=("deletes",))
    for row in list(table.rows):
        table.delete(row)
    trial.run()
    table.insert(*(order(number, BASE + timedelta(days=1)) for number in range(290, 310)))
    trial.run()


@scenario(GROUP)
def keys_that_change(trial: Trial) -> None:
    """Rows get another key: the old one must go, the new one come."""
    table = with_orders(trial, 200, needs=("deletes",))
    for number in range(5):
        row = table.rows[number]
        table.update(row, id=row["id"] + 10_000, changed=BASE + timedelta(days=1, seconds=number))
    trial.run()


@scenario(GROUP)
def a_whole_table_that_shrinks(trial: Trial) -> None:
    """A table that is read as a whole in every run loses nine tenths of its rows, then all of them, and gets new ones."""
    table = orders_table()
    trial.stream(Stream(table, method="full"))
    table.insert(*(order(number) for number in range(1, 501)))
    trial.run()
    for row in table.rows[50:]:
        table.delete(row)
    trial.run()
    for row in list(table.rows):
        table.delete(row)
    trial.run()
    table.insert(*(order(number) for number in range(1_000, 1_020)))
    trial.run()


@scenario(GROUP)
def equal_rows_of_a_table_without_a_key(trial: Trial) -> None:
    """A table without a key has the same row three times; it is read as a whole."""
    columns = [Column("code", "TEXT", "text"), Column("quantity", "INTEGER", "integer")]
    table = Table("movements", columns, [])
    trial.stream(Stream(table, method="full", needs=frozenset(["no-key"])))
    table.insert(*[{"code": "a", "quantity": 1}] * 3, {"code": "b", "quantity": None}, {"code": None, "quantity": None})
    trial.run()
    table.insert({"code": "a", "quantity": 1}, {"code": None, "quantity": None})
    trial.run()
