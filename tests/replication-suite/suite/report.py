"""Verdicts as text, as JSON, and as a table of Markdown between two marks of a document."""

import json
from dataclasses import asdict
from pathlib import Path

from .scenarios import SCENARIOS
from .verdict import Verdict

BEGIN, END = "<!-- begin: {} -->", "<!-- end: {} -->"
# The verdicts of each tool, by the names of scenarios.
Results = dict[str, dict[str, Verdict]]


def as_json(results: Results, about: dict[str, str]) -> str:
    tools = {
        tool: {name: {"verdict": verdict.words(), **asdict(verdict)} for name, verdict in verdicts.items()}
        for tool, verdicts in results.items()
    }
    return json.dumps({"about": about, "tools": tools}, ensure_ascii=False, indent=1)


def table(results: Results) -> str:
    tools = list(results)
    lines = []
    group = ""
    for scenario in SCENARIOS:
        if not any(scenario.name in results[tool] for tool in tools):
            continue
        if scenario.group != group:
            group = scenario.group
            lines += [f"\n### {group}\n", f"| scenario | {' | '.join(tools)} |", "|---" * (len(tools) + 1) + "|"]
        found = [results[tool].get(scenario.name) for tool in tools]
        cells = [verdict.words() if verdict else "not run" for verdict in found]
        lines.append(f"| **{scenario.name}.** {scenario.says} | {' | '.join(cells)} |")
    return "\n".join(lines).strip() + "\n"


def notes(results: Results) -> str:
    """What was seen where a tool did not end equal: one line for each reason."""
    lines = []
    for tool, verdicts in results.items():
        lines.append(f"\n### {tool}\n")
        seen: dict[str, list[str]] = {}
        for name in (scenario.name for scenario in SCENARIOS if scenario.name in verdicts):
            verdict = verdicts[name]
            if not verdict.is_equal():
                why = verdict.unsupported or verdict.stopped or verdict.examples[0]
                seen.setdefault(f"{verdict.words()}. {one_line(why)}", []).append(name)
        lines += [f"- *{', '.join(names)}*: {words}" for words, names in seen.items()] or ["All equal."]
    return "\n".join(lines).strip() + "\n"


def from_json(file: Path) -> tuple[Results, dict[str, str]]:
    """The verdicts of an earlier run, and what it was about."""
    known = json.loads(file.read_text("utf-8"))
    results = {}
    for tool, verdicts in known["tools"].items():
        results[tool] = {name: Verdict(**{key: of[key] for key in of if key != "verdict"}) for name, of in verdicts.items()}
    return results, known["about"]


def one_line(text: str) -> str:
    """Words of tools in a document: one line, nothing that Markdown would read."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    words = " ".join(word for word in printable.split())
    return "`" + words.replace("`", "'")[:650] + "`"


def write_into(document: Path, name: str, text: str) -> None:
    """Replaces what is between the marks of this name."""
    begin, end = BEGIN.format(name), END.format(name)
    before, _, rest = document.read_text("utf-8").partition(begin)
    _, _, after = rest.partition(end)
    if not rest or end not in rest:
        raise SystemExit(f"{document}: the marks {begin} and {end} are missing")
    document.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", "utf-8")
