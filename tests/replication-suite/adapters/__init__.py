"""One class for each tool. A tool of your own is a subclass of `suite.trial.Tool` and a line here."""

from .dlt import DltDuckdb, DltSqlite
from .sling import Sling
from .wmshost import Wmshost

TOOLS = {tool.name: tool for tool in (Wmshost, DltSqlite, DltDuckdb, Sling)}
