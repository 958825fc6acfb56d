"""dlt with its source `sql_database`, in the Python of the variable DLT_PYTHON (default: as `make replication-suite` installs
it): into SQLite by the destination `sqlalchemy`, and into DuckDB."""

import json
import os
import re
import subprocess
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Optional

from suite.trial import Command, Stream, Tool

from .sqlite_target import sqlite_files, sqlite_rows

HERE = Path(__file__).resolve()
JOB, READ = HERE.parent / "dlt_side/job.py", HERE.parent / "dlt_side/duckdb_rows.py"


def python() -> str:
    return os.environ.get("DLT_PYTHON") or str(HERE.parents[3] / "target/replication-suite/dlt/bin/python")


def snake_case(name: str) -> str:
    """dlt's names of tables and columns, by its default naming convention."""
    name = name.strip()
    words = re.sub("([^_])([A-Z][a-z]+)", r"\1_\2", name.replace("+", "x").replace("-", "_"))
    words = re.sub("([a-z0-9])([A-Z])", r"\1_\2", words)
    return re.sub("_+", "_", re.sub(r"[^a-zA-Z\d]", "_", words)).strip("_").lower() or "_"


class Dlt(Tool):
    """`merge` by the primary key with an `incremental` cursor, which includes rows without a cursor and looks back by `lag`;
    `replace` for tables that are read as a whole; exact types by `reflection_level`. As its documentation asks, a run first
    finishes what an interrupted one has left."""

    destination = ""

    def version(self) -> str:
        shown = subprocess.run([python(), "-c", "import dlt; print(dlt.__version__)"], capture_output=True, text=True)
        if shown.returncode:
            raise SystemExit(f"dlt is not installed: `make replication-suite`, or set DLT_PYTHON\n{shown.stderr}")
        return shown.stdout.strip()

    def unsupported(self, stream: Stream) -> Optional[str]:
        if "deletes" in stream.needs:
            return "rows are deleted by a column that marks them (hard_delete), or with the table replaced in every run"
        if "moves-back" in stream.needs:
            return "a cursor finds what is after it; otherwise the table is replaced in every run"
        return None

    def prepare(self, folder: Path, source: Path, stream: Stream) -> None:
        self.folder, self.stream = folder, stream
        lookback = stream.lookback
        lag = lookback.total_seconds() if isinstance(lookback, timedelta) else lookback
        job = {
            "source": f"sqlite:///{source}",
            "table": stream.table.name,
            "key": stream.table.key,
            "method": stream.method,
            "change_key": stream.change_key,
            # Of dates, dlt counts days.
            "lag": lag and (lag / 86_400 if stream.table.column(stream.change_key).kind == "date" else lag),
            "destination": self.destination,
            "target": str(self._target()),
            "folder": str(folder / "dlt"),
        }
        (folder / "job.json").write_text(json.dumps(job), "utf-8")

    def _target(self) -> Path:
        return self.folder / "target.db"

    def _command(self, *more: str) -> Command:
        home = str(self.folder / "home")
        quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "WARNING", "HOME": home, "TZ": "UTC"}
        return Command([python(), str(JOB), str(self.folder / "job.json"), *more], quiet)

    def run(self) -> Command:
        return self._command()

    def run_interval(self, start: Any, end: Any) -> Command:
        return self._command(str(start), str(end))

    def columns(self) -> dict[str, str]:
        return {column.name: snake_case(column.name) for column in self.stream.table.columns}


class DltSqlite(Dlt):
    name, destination = "dlt-sqlite", "sqlalchemy"

    def written(self) -> list[Path]:
        return sqlite_files(self._target())

    def rows(self) -> list[dict[str, Any]]:
        # A value that does not fit its column has a column of its own, the variant.
        return sqlite_rows(self._target(), snake_case(self.stream.table.name), self.columns(), "__v_")


class DltDuckdb(Dlt):
    name, destination = "dlt-duckdb", "duckdb"

    def written(self) -> list[Path]:
        return [self._target(), Path(f"{self._target()}.wal")]

    def rows(self) -> list[dict[str, Any]]:
        asked = [python(), str(READ), str(self._target()), snake_case(self.stream.table.name), json.dumps(self.columns())]
        shown = subprocess.run(asked, capture_output=True)
        if shown.returncode:
            raise LookupError(shown.stderr.decode("utf-8", "replace").strip().splitlines()[-1])
        return json.loads(shown.stdout, object_hook=value)


def value(cell: dict[str, Any]) -> Any:
    """A value of a type that JSON lacks."""
    if set(cell) == {"bytes of"}:
        return bytes.fromhex(cell["bytes of"])
    return Decimal(cell["decimal of"]) if set(cell) == {"decimal of"} else cell
