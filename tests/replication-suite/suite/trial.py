"""One scenario with one tool, in a folder of its own."""

import hashlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable, Optional, Union

from .table import Table
from .verdict import Verdict, compare

# The longest that one run may take, in seconds.
LONGEST = 300


@dataclass
class Stream:
    """What a tool is asked to do with a table. `needs` are what only some tools promise, by the names in `Tool.unsupported`."""

    table: Table
    method: str = "incremental"
    change_key: Optional[str] = None
    # Of a change key of moments or dates; of whole numbers, the number of versions.
    lookback: Union[timedelta, int, None] = None
    needs: frozenset[str] = frozenset()


@dataclass
class Command:
    """A process that is one run of a tool."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)


class Tool:
    """What the suite asks of a tool; `adapters` has one class for each."""

    name = ""

    def version(self) -> str:
        raise NotImplementedError

    def unsupported(self, stream: Stream) -> Optional[str]:
        """Why the tool's documentation does not promise this, or None. The needs are `deletes` (rows that the source no
        longer has leave the target), `lookback` (a row that is late by less than the lookback is found),
        `no-change-key` (rows without one are found), `moves-back` (a row whose change key goes back is found), `interval` (a part of the
        stream can be read again), `no-key` (a table without a key) and `unreadable` (a cell that is not of its column's
        type neither stops the others nor changes)."""
        return None

    def prepare(self, folder: Path, source: Path, stream: Stream) -> None:
        """Writes what the tool needs to know, into an empty folder."""
        raise NotImplementedError

    def run(self) -> Command:
        raise NotImplementedError

    def run_interval(self, start: Any, end: Any) -> Command:
        """Reads the rows with start <= change key < end again."""
        raise NotImplementedError

    def written(self) -> list[Path]:
        """The files that change when the target does."""
        raise NotImplementedError

    def rows(self) -> list[dict[str, Any]]:
        """The target's rows, by the source's names of columns; values as the target's driver returns them."""
        raise NotImplementedError

    def reported(self) -> str:
        """What the tool keeps beside its output about rows that it left out."""
        return ""


class Unsupported(Exception):
    """The tool's documentation does not promise what a scenario needs."""


class Trial:
    """What a scenario plays with. `kills` is how often a run is killed."""

    def __init__(self, tool: Tool, folder: Path, kills: int):
        self.tool, self.folder, self.kills = tool, folder, kills
        self.random = random.Random(13)
        self.verdict = Verdict()
        self.unreadable: list[Any] = []
        self._part = 0
        self._output = ""
        self._stream: Optional[Stream] = None

    def source(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._place() / "source.db", timeout=60, check_same_thread=False)
        # The source need not outlive a crash of the machine, and scenarios commit often.
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    def stream(self, stream: Stream) -> None:
        """Begins with an empty target and a source that has this table."""
        reason = self.tool.unsupported(stream)
        if reason:
            raise Unsupported(reason)
        self._part += 1
        self._place().mkdir(parents=True)
        stream.table.create(self.source())
        self._stream = stream
        self._prepare()

    def _place(self) -> Path:
        return self.folder / str(self._part)

    def _prepare(self) -> None:
        folder = self._place() / "tool"
        folder.mkdir()
        self.tool.prepare(folder, self._place() / "source.db", self._stream)

    def _begin(self, command: Command) -> subprocess.Popen:
        environment = {**os.environ, **command.environment}
        log = open(self._place() / "log", "ab")
        return subprocess.Popen(
            command.arguments, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )

    def _end(self, process: subprocess.Popen) -> None:
        """Waits for a run; the verdict says why the last one failed."""
        try:
            code = process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self._kill(process)
            code = f"no end after {LONGEST} s"
        self._output = (self._place() / "log").read_text("utf-8", "replace")
        self.verdict.stopped = "" if code == 0 else f"exit code {code}: {self._last_words()}"

    def _last_words(self) -> str:
        """The last two lines, without escapes of terminals and without the paths of this machine."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", self._output)
        for place in (str(self.folder), str(Path(__file__).parents[3]), str(Path.home())):
            text = text.replace(place, "…")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return " | ".join(line[-300:] for line in lines[-2:])

    @staticmethod
    def _kill(process: subprocess.Popen) -> None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def run(self, check: bool = True) -> None:
        """A complete run, after which the target must be equal."""
        self._end(self._begin(self.tool.run()))
        if check:
            self.check()

    def run_interval(self, start: Any, end: Any, check: bool = True) -> None:
        self._end(self._begin(self.tool.run_interval(start, end)))
        if check:
            self.check()

    def run_twice_at_once(self) -> None:
        """Two runs that meet; one may refuse to run. What counts is the target after the next run."""
        processes = [self._begin(self.tool.run()) for _ in range(2)]
        for process in processes:
            self._end(process)

    def run_during(self, work: Callable[[threading.Event], None]) -> None:
        """A run, during which the source changes until `work` sees that it has ended."""
        ended = threading.Event()
        worker = threading.Thread(target=work, args=(ended,))
        worker.start()
        self._end(self._begin(self.tool.run()))
        ended.set()
        worker.join()

    def may_be_left_out(self, *keys: Any) -> None:
        """These rows have an unreadable cell: a tool that names them by their keys may leave them out."""
        self.unreadable = list(keys)

    def check(self) -> None:
        """Compares; the check with the most rows that are wrong counts."""
        before = self.verdict
        stopped, killed = before.stopped, before.killed
        output = self._output + (self.tool.reported() if self.unreadable else "")
        reported = [key for key in self.unreadable if str(key) in output]
        try:
            rows = self.tool.rows()
        except (sqlite3.DatabaseError, LookupError, OSError) as error:
            rows = []
            stopped = stopped or f"the target cannot be read: {error}"
        now = compare(self._stream.table, rows, reported)
        self.verdict = now if now.wrong() >= before.wrong() else before
        self.verdict.stopped, self.verdict.killed = stopped, killed

    # Kills

    def _writes(self) -> str:
        """What the target's files look like from outside: another look means another write."""
        signs = hashlib.sha256()
        for file in self.tool.written():
            try:
                about = os.stat(file)
                signs.update(f"{file} {about.st_size} {about.st_mtime_ns}".encode())
            except FileNotFoundError:
                pass
        return signs.hexdigest()

    def count_writes(self, command: Optional[Command] = None) -> int:
        """The number of writes of the target that are seen during a run, or another command."""
        return self._watch(self._begin(command or self.tool.run()), None)

    def _watch(self, process: subprocess.Popen, most: Optional[int]) -> int:
        """Kills a run at this write of its target. Returns the number of writes."""
        seen, look, begun = 0, self._writes(), time.monotonic()
        while process.poll() is None and time.monotonic() - begun < LONGEST:
            now = self._writes()
            if now != look:
                look, seen = now, seen + 1
                if seen == most:
                    break
            time.sleep(0.0002)
        self.verdict.killed += process.poll() is None
        self._kill(process)
        return seen

    def run_killed_at_write(self, number: int, command: Optional[Command] = None) -> None:
        self._watch(self._begin(command or self.tool.run()), number)

    def run_killed_after(self, seconds: float) -> None:
        process = self._begin(self.tool.run())
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.verdict.killed += 1
        self._kill(process)

    def must_have_killed(self) -> None:
        """A scenario of kills proves nothing if every run had ended before."""
        if not self.verdict.killed and not self.verdict.stopped:
            self.verdict.stopped = "every run ended before it could be killed"

    def usual_time(self) -> float:
        begun = time.monotonic()
        self.run()
        return time.monotonic() - begun
