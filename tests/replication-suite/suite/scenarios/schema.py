"""A source whose columns change."""

from datetime import timedelta

from ..table import Column, Table
from ..trial import Trial
from .scenario import BASE, changing, order, scenario, with_orders

GROUP = "Columns"


@scenario(GROUP)
def a_column_is_added(trial: Trial) -> None:
    """A column is added, and filled in rows that are new or changed."""
    table = with_orders(trial, 300)
    table.add_column(Column("note", "TEXT", "text"))
    table.update(table.rows[3], note="changed", changed=BASE + timedelta(days=1))
    table.insert(order(1_000, BASE + timedelta(days=1), note="new"), order(1_001, BASE + timedelta(days=1)))
    trial.run()
    table.update(table.rows[4], note="again", changed=BASE + timedelta(days=2))
    trial.run()


@scenario(GROUP)
def a_column_is_dropped(trial: Trial) -> None:
    """A column is dropped; the others go on."""
    table = with_orders(trial, 300)
    table.drop_column("quantity")
    table.update(table.rows[3], customer="changed", changed=BASE + timedelta(days=1))
    row = order(1_000, BASE + timedelta(days=1))
    del row["quantity"]
    table.insert(row)
    trial.run()


@scenario(GROUP)
def a_column_is_added_and_another_dropped(trial: Trial) -> None:
    """Both at once, between two runs."""
    table = with_orders(trial, 300)
    table.drop_column("price")
    table.add_column(Column("weight", "REAL", "float"))
    table.update(table.rows[3], weight=0.1, changed=BASE + timedelta(days=1))
    trial.run()


@scenario(GROUP)
def four_hundred_columns(trial: Trial) -> None:
    """A wide table, of which single cells change."""
    columns = [Column("id", "INTEGER", "integer")]
    columns += [Column(f"c{at}", "TEXT" if at % 2 else "INTEGER", "text" if at % 2 else "integer") for at in range(400)]
    table = Table("wide", columns + [Column("changed", "TIMESTAMP", "timestamp")], ["id"])
    trial.stream(changing(table))
    for number in range(1, 60):
        cells = {f"c{at}": (f"text {number} {at}" if at % 2 else number * at) for at in range(400)}
        table.insert({"id": number, **cells, "changed": BASE + timedelta(seconds=number)}, commit=False)
    table.connection.commit()
    trial.run()
    table.update(table.rows[5], c399="changed", changed=BASE + timedelta(days=1))
    table.update(table.rows[6], c200=None, changed=BASE + timedelta(days=1))
    trial.run()


def named(trial: Trial, name: str, names: list[str]) -> None:
    """A table of this name: a number as its key, two texts, and the change key, by these names."""
    kinds = [("INTEGER", "integer"), ("TEXT", "text"), ("TEXT", "text"), ("TIMESTAMP", "timestamp")]
    columns = [Column(name, *kind) for name, kind in zip(names, kinds)]
    table = Table(name, columns, names[:1])
    trial.stream(changing(table, change_key=names[3]))

    def row(number: int, text: str, days: int = 0) -> dict:
        return dict(zip(names, [number, text, f"{text} {number}", BASE + timedelta(days=days, seconds=number)]))

    table.insert(*(row(number, "one") for number in range(1, 100)))
    trial.run()
    table.insert(row(500, "two", 1))
    table.update(table.rows[4], **{names[1]: "three", names[3]: BASE + timedelta(days=1)})
    trial.run()


@scenario(GROUP)
def names_with_blanks(trial: Trial) -> None:
    """Names of a table and its columns with blanks and upper case, a reserved word, a letter beyond ASCII."""
    named(trial, "Order Lines", ["Order Id", "select", "Größe", "Last Changed"])


@scenario(GROUP)
def a_name_with_a_quotation_mark(trial: Trial) -> None:
    """A column whose name has quotation marks in it."""
    named(trial, "prices", ["id", 'unit "net" price', "note", "changed"])
