"""The scenarios, in the order of the table."""

# Importing them declares them: their order is that of the table.
from . import change_keys, rows, keys, values, schema, interruptions
from .scenario import SCENARIOS, Scenario

__all__ = ["SCENARIOS", "Scenario", "change_keys", "interruptions", "keys", "rows", "schema", "values"]
