"""wmshost, by the variable WMSHOST (its program; default: target/release/wmshost, then the one of the search path)."""

import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

from suite.trial import Command, Stream, Tool

from .sqlite_target import sqlite_files, sqlite_rows

HERE = Path(__file__).resolve()


def program() -> str:
    built = HERE.parents[3] / "target/release/wmshost"
    found = os.environ.get("WMSHOST") or (str(built) if built.exists() else shutil.which("wmshost"))
    if not found:
        raise SystemExit("wmshost is not built: `make program shipped`, or set WMSHOST to its program")
    return found


def text(value: str) -> str:
    """A text of TOML."""
    letters = {'"': '\\"', "\\": "\\\\", "\n": "\\n"}
    return '"' + "".join(letters.get(letter, letter) for letter in value) + '"'


class Wmshost(Tool):
    """A pipeline of one stream with the standard plugins, with the defaults but for small batches, so that a load has many
    commits; the suite deletes on purpose, so the guard against many deletions is off."""

    name = "wmshost"

    def version(self) -> str:
        return subprocess.run([program(), "--version"], capture_output=True, text=True).stdout.splitlines()[0].split()[-1]

    def prepare(self, folder: Path, source: Path, stream: Stream) -> None:
        self.folder, self.stream, self.target = folder, stream, folder / "target.db"
        # Compiled plugins are kept from trial to trial, as a machine keeps them from run to run.
        shared = folder.parents[2] / "compiled-plugins"
        shared.mkdir(exist_ok=True)
        (folder / "home").mkdir()
        (folder / "home/plugins").symlink_to(shared)
        lines = [
            'name = "suite"',
            "[connections.source]", 'driver = "sqlite"', f"path = {text(str(source))}",
            "[connections.target]", 'driver = "sqlite"', f"path = {text(str(self.target))}",
            "[run]", "extract_batch_rows = 100", "load_batch_rows = 200",
            "[streams.s]", 'source = "source"', 'target = "target"', 'extractor = "wms-tables"', 'loader = "table"',
            f"table = {text(stream.table.name)}", 'target_table = "RESULT"', "max_deleted_percent = 100",
            f"method = {text(stream.method)}",
            *self._changes(stream),
        ]
        (folder / "pipeline.toml").write_text("\n".join(lines) + "\n", "utf-8")

    @staticmethod
    def _changes(stream: Stream) -> list[str]:
        lines = []
        if stream.change_key:
            lines.append(f"change_key = {text(stream.change_key)}")
        if isinstance(stream.lookback, timedelta):
            lines.append(f'lookback = "{int(stream.lookback.total_seconds())}s"')
        elif stream.lookback is not None:
            lines.append(f"lookback_versions = {stream.lookback}")
        if "deletes" in stream.needs:
            lines.append('deletes = "hard"')
        if "moves-back" in stream.needs:
            lines.append('late_rows = "reconcile"')
        if {"deletes", "moves-back"} & stream.needs:
            lines.append('reconcile_every = "0s"')
        return lines

    def _command(self, *words: str) -> Command:
        home = str(self.folder / "home")
        return Command([program(), *words], {"WMSHOST_HOME": home, "NO_COLOR": "1"})

    def run(self) -> Command:
        return self._command("run", str(self.folder / "pipeline.toml"))

    def run_interval(self, start: Any, end: Any) -> Command:
        window = ["--from", str(start), "--to", str(end)]
        return self._command("backfill", str(self.folder / "pipeline.toml"), "--stream", "s", *window, "--again")

    def written(self) -> list[Path]:
        return sqlite_files(self.target)

    def rows(self) -> list[dict[str, Any]]:
        columns = {column.name: column.name for column in self.stream.table.columns}
        return sqlite_rows(self.target, "RESULT", columns)

    def reported(self) -> str:
        listed = self._command("quarantine", "list", str(self.folder / "pipeline.toml"))
        environment = {**os.environ, **listed.environment}
        return subprocess.run(listed.arguments, capture_output=True, text=True, env=environment).stdout
