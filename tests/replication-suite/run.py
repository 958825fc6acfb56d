"""Plays the scenarios of replication with tools and says what each of them made of it.

    python3 tests/replication-suite/run.py --tool wmshost
    python3 tests/replication-suite/run.py --tool dlt-sqlite --tool sling --scenario "late rows" --keep /tmp/suite

Ends with 1 if a tool that `--must-be-equal` names lost, doubled or changed a row, left one, or stopped."""

import argparse
import platform
import shutil
import sqlite3
import sys
import tempfile
import time
import traceback
from datetime import datetime, timezone
from pathlib import Path

# No folders of compiled files in the source tree.
sys.dont_write_bytecode = True

from adapters import TOOLS
from suite import report
from suite.scenarios import SCENARIOS
from suite.trial import Tool, Trial, Unsupported
from suite.verdict import Verdict


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", action="append", choices=sorted(TOOLS), help="a tool to play them with; more than one")
    parser.add_argument("--scenario", action="append", default=[], help="only scenarios whose name has these words")
    parser.add_argument("--kills", type=int, default=6, help="how often a run is killed in each scenario of that (6)")
    parser.add_argument("--must-be-equal", action="append", default=[], help="a tool whose verdicts decide the exit code")
    parser.add_argument("--json", type=Path, help="a file for the verdicts")
    parser.add_argument("--add", action="append", default=[], type=Path, help="verdicts of an earlier run (JSON) to add")
    parser.add_argument("--document", type=Path, help="a document that gets the table, the notes and the versions")
    parser.add_argument("--keep", type=Path, help="keeps the databases and logs here")
    parser.add_argument("--list", action="store_true", help="prints the scenarios")
    return parser.parse_args()


def play(scenario, tool: Tool, folder: Path, kills: int) -> Verdict:
    trial = Trial(tool, folder, kills)
    try:
        scenario.play(trial)
    except Unsupported as reason:
        return Verdict(unsupported=str(reason))
    return trial.verdict


def play_all(names: list[str], chosen: list, folder: Path, kills: int) -> report.Results:
    results: report.Results = {}
    for name in names:
        tool = TOOLS[name]()
        results[name] = {}
        for scenario in chosen:
            begun = time.monotonic()
            place = folder / name / scenario.name.replace(" ", "-")
            shutil.rmtree(place, ignore_errors=True)
            try:
                verdict = play(scenario, tool, place, kills)
            except Exception:
                # A scenario must not end the others; this is a fault of the suite or of an adapter.
                traceback.print_exc()
                verdict = Verdict(stopped="the suite itself failed: " + traceback.format_exc(limit=1).splitlines()[-1])
            results[name][scenario.name] = verdict
            seconds = time.monotonic() - begun
            killed = f", killed {verdict.killed} times" if verdict.killed else ""
            print(f"{name:12} {scenario.name:45} {verdict.words():24} {seconds:6.1f} s{killed}", flush=True)
            for line in verdict.examples + [verdict.stopped, verdict.unsupported]:
                if line:
                    print(f"{'':13}{line}", flush=True)
    return results


def about(names: list[str]) -> dict[str, str]:
    versions = {name: TOOLS[name]().version() for name in names}
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **versions,
    }


def main() -> int:
    options = arguments()
    chosen = [one for one in SCENARIOS if not options.scenario or any(words in one.name for words in options.scenario)]
    if options.list:
        print("\n".join(f"{one.name}: {one.says}" for one in chosen))
        return 0
    names = options.tool or ["wmshost"]
    names = [] if options.add and not options.tool else names
    facts = about(names)
    print(", ".join(f"{name} {version}" for name, version in facts.items()))
    folder = options.keep or Path(tempfile.mkdtemp(prefix="replication-suite-"))
    results = play_all(names, chosen, folder.absolute(), options.kills)
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    added: report.Results = {}
    for file in options.add:
        earlier, of = report.from_json(file)
        facts = {**of, **facts}
        for tool, verdicts in earlier.items():
            added[tool] = {**added.get(tool, {}), **verdicts}
    # The later verdict counts. In the order in which tools are declared, whatever was added.
    results = {name: {**added.get(name, {}), **results.get(name, {})} for name in TOOLS if name in {**added, **results}}
    facts = {key: facts[key] for key in sorted(facts, key=lambda key: [*TOOLS].index(key) if key in TOOLS else -1)}
    if options.json:
        options.json.write_text(report.as_json(results, facts), "utf-8")
    if options.document:
        for name, text in [("table", report.table(results)), ("notes", report.notes(results))]:
            report.write_into(options.document, name, text)
        lines = "".join(f"- {name}: {value}\n" for name, value in facts.items())
        report.write_into(options.document, "versions", lines)
    wrong = [
        f"{name}: {scenario}: {verdict.words()}"
        for name in options.must_be_equal
        for scenario, verdict in results[name].items()
        if verdict.wrong() or verdict.stopped
    ]
    print("\n".join(wrong) if wrong else f"{sum(map(len, results.values()))} scenarios played", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
