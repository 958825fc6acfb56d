"""The scenarios, in the order of the table."""

from . import change_keys, interruptions, keys, rows, schema, values
from .scenario import SCENARIOS, Scenario

__all__ = ["SCENARIOS", "Scenario", "change_keys", "interruptions", "keys", "rows", "schema", "values"]
