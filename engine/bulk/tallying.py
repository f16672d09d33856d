"""Counting what came of the rows, and writing down the bad ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from ...rules.diagnostics import Diagnostic
from ..columns.library import pc
from .chunks import BadRow
from .deciding import Decided
from .job import Job, Summary
from .journal import State

#: The most reasons that are counted one by one.
_MOST: Final = 200


class Tally:
    """Adds up the summary, chunk by chunk."""

    def __init__(self, summary: Summary, decisions: tuple[str, ...]) -> None:
        self.summary = summary
        self._decisions = decisions

    @classmethod
    def of(cls, state: State, job: Job) -> Tally:
        """Return the tally of a job that is as far as *state* says."""
        summary = Summary(**state.counts) if state.counts else Summary()
        summary.resumed = state.last
        summary.output, summary.bad_file = str(job.output), str(job.bad_file)
        return cls(summary, tuple(job.policy.tree.decisions))

    def add(self, decided: Decided) -> None:
        """Count a chunk."""
        summary = self.summary
        summary.decided += decided.table.num_rows
        summary.bad += len(decided.bad)
        summary.rows += decided.table.num_rows + len(decided.bad)
        for row in decided.bad:
            for problem in row.problems:
                self._count_reason(row, problem)
        for decision in self._decisions:
            self._count_outcomes(decision, decided.table)

    def _count_reason(self, row: BadRow, problem: Diagnostic) -> None:
        reason = reason_of(problem)
        reasons = self.summary.reasons
        if reason not in reasons and len(reasons) >= _MOST:
            reason = "other reasons"
        reasons[reason] = reasons.get(reason, 0) + 1
        self.summary.examples.setdefault(reason, f"row {row.row:,}: {problem.message}")

    def _count_outcomes(self, decision: str, table: Any) -> None:
        column = table.column(decision)
        if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type) or pa.types.is_boolean(column.type):
            _count(self.summary.outcomes.setdefault(decision, {}), column)
        _count(self.summary.statuses.setdefault(decision, {}), table.column(f"{decision}.status"))


def reason_of(problem: Diagnostic) -> str:
    """
    Return what tells one reason for bad rows from another: what was found and in which fact, whatever stood in the cell.

    >>> from evenhand.rules.diagnostics import Place
    >>> reason_of(Diagnostic("bad-value", {"fact": "loss", "text": "x"}, Place("row")))
    'bad-value loss'
    """
    if problem.code == "unreadable-incident":
        return str(problem.facts["why"])
    fact = problem.facts.get("fact") or problem.facts.get("name", "")
    return f"{problem.code} {fact}".strip()


def _count(counts: dict[str, int], column: Any) -> None:
    for value in pc.value_counts(column):
        name = value["values"].as_py()
        if name is not None:
            name = str(name).lower() if isinstance(name, bool) else str(name)
            counts[name] = counts.get(name, 0) + value["counts"].as_py()


def bad_line(bad: BadRow) -> bytes:
    """Return a bad row as a line of JSON: its number, everything that is wrong with it, and the row as it was found."""
    line: Mapping[str, Any] = {
        "row": bad.row,
        "problems": [_problem(problem) for problem in bad.problems],
        "found": bad.found,
    }
    return (json.dumps(line, ensure_ascii=False, default=str) + "\n").encode("utf-8", "backslashreplace")


def _problem(problem: Diagnostic) -> dict[str, str]:
    found = {"code": problem.code, "fact": str(problem.facts.get("fact", "")), "message": problem.message}
    return {name: text for name, text in {**found, "help": problem.help}.items() if text}
