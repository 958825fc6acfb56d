"""sling, by the variable SLING (its program; default: as `make replication-suite` installs it from the package
`sling-linux-amd64`, because later packages download the program when they first run)."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Optional

from suite.trial import Command, Stream, Tool

from .sqlite_target import sqlite_files, sqlite_rows

HERE = Path(__file__).resolve()
# The types that sling is told of columns, because a value decides otherwise.
TYPES = {
    "integer": "bigint",
    "float": "float",
    "text": "text",
    "blob": "binary",
    "timestamp": "datetime",
    "date": "date",
    "boolean": "bool",
}


def program() -> str:
    packages = HERE.parents[3] / "target/replication-suite/sling/lib"
    built = sorted(packages.glob("python*/site-packages/sling_linux_*/bin/sling-linux-*"))
    found = os.environ.get("SLING") or (str(built[0]) if built else None)
    if not found:
        raise SystemExit("sling is not installed: `make replication-suite`, or set SLING to its program")
    return found


class Sling(Tool):
    """The mode `incremental` with a primary key and an update key, `full-refresh` for tables that are read as a whole; the
    types of all columns are declared, rows are written by INSERT (`use_bulk: false`), names are kept as they are."""

    name = "sling"

    def version(self) -> str:
        return subprocess.run([program(), "--version"], capture_output=True, text=True).stdout.split()[-1]

    def unsupported(self, stream: Stream) -> Optional[str]:
        if "deletes" in stream.needs:
            return "`delete_missing` needs a token of the paid edition"
        if {"lookback", "no-change-key", "moves-back"} & stream.needs:
            return "an update key finds what is not before its greatest value; without one the whole table is read in every run"
        return None

    def prepare(self, folder: Path, source: Path, stream: Stream) -> None:
        self.folder, self.source, self.stream, self.target = folder, source, stream, folder / "target.db"
        (folder / "home").mkdir()
        self._write("replication.json", self._about())

    def _about(self) -> dict[str, Any]:
        stream = self.stream
        about: dict[str, Any] = {
            "object": "main.result",
            "mode": "incremental" if stream.method == "incremental" else "full-refresh",
            "columns": {column.name: self._type(column) for column in stream.table.columns},
            "target_options": {"use_bulk": False, "column_casing": "source"},
        }
        if stream.table.key:
            about["primary_key"] = stream.table.key
        if stream.change_key:
            about["update_key"] = stream.change_key
        return about

    @staticmethod
    def _type(column: Any) -> str:
        return column.declared.lower() if column.kind == "decimal" else TYPES[column.kind]

    def _write(self, file: str, about: dict[str, Any]) -> None:
        # JSON is YAML.
        name = f'main."{self.stream.table.name}"'
        replication = {"source": "SUITE_SOURCE", "target": "SUITE_TARGET", "streams": {name: about}}
        (self.folder / file).write_text(json.dumps(replication, ensure_ascii=False), "utf-8")

    def _command(self, file: str) -> Command:
        environment = {
            "SUITE_SOURCE": f"sqlite://{self.source}",
            "SUITE_TARGET": f"sqlite://{self.target}",
            "HOME": str(self.folder / "home"),
            "SLING_DISABLE_TELEMETRY": "TRUE",
            "SLING_ALLOW_EMPTY": "TRUE",
            "NO_COLOR": "1",
            "TZ": "UTC",
        }
        return Command([program(), "run", "-r", str(self.folder / file)], environment)

    def run(self) -> Command:
        # Columns that the source has gained or lost since.
        self._write("replication.json", self._about())
        return self._command("replication.json")

    def run_interval(self, start: Any, end: Any) -> Command:
        about = {**self._about(), "mode": "backfill"}
        about["source_options"] = {"range": f"{start},{end}"}
        self._write("interval.json", about)
        return self._command("interval.json")

    def written(self) -> list[Path]:
        return sqlite_files(self.target)

    def rows(self) -> list[dict[str, Any]]:
        return sqlite_rows(self.target, "result", {column.name: column.name for column in self.stream.table.columns})
