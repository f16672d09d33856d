"""What came of a bulk job, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .as_json import VERSION, write_json
from .terminal import Output, Piece, counted, err, out, padded

if TYPE_CHECKING:
    from ..engine.bulk.job import Summary

#: The most reasons, and outcomes of one decision, that the text lists.
_MOST: Final = 12


def report(summary: Summary, format_: str, *, to_stderr: bool) -> None:
    """Write the summary; to stderr where the rows themselves went to stdout."""
    output = err() if to_stderr else out()
    if format_ == "json":
        write_json(output, summary_json(summary))
    else:
        _print(output, summary)


def summary_json(summary: Summary) -> dict[str, Any]:
    """Return the summary as JSON has it."""
    return {
        "format_version": VERSION,
        "rows": summary.rows,
        "decided": summary.decided,
        "bad": summary.bad,
        "reasons": summary.reasons,
        "outcomes": summary.outcomes,
        "statuses": summary.statuses,
        "seconds": round(summary.seconds, 3),
        "resumed_after": summary.resumed,
        "output": summary.output,
        "bad_file": summary.bad_file if summary.bad else None,
        "renamed": summary.renamed,
    }


def _print(output: Output, summary: Summary) -> None:
    rate = f", {summary.rows / summary.seconds:,.0f} a second" if summary.seconds > 0.01 and summary.rows else ""
    where = f" → {summary.output}" if summary.output != "-" else ""
    output.line(
        Piece(counted(summary.decided, "row"), "strong"), f" decided{where} ({summary.seconds:.1f} s{rate})", hang=2
    )
    if summary.resumed:
        output.line(f"  went on behind row {summary.resumed:,}")
    for name, written in summary.renamed.items():
        output.line(
            f"  the column `{name}` is called `{written}` in the output, which has a `{name}` of its own", hang=4
        )
    _print_outcomes(output, summary)
    if summary.bad:
        _print_bad(output, summary)


def _print_outcomes(output: Output, summary: Summary) -> None:
    if not summary.decided:
        return
    names = [name for name, found in summary.outcomes.items() if found]
    width = max(map(len, names), default=0)
    for name in names:
        found = sorted(summary.outcomes[name].items(), key=lambda pair: -pair[1])
        shown = [f"{outcome} {count:,}" for outcome, count in found[:_MOST]]
        more = [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
        output.line("  ", Piece(padded(name, width), "name"), "  ", " · ".join([*shown, *more]), hang=width + 4)


def _print_bad(output: Output, summary: Summary) -> None:
    verb = "is" if summary.bad == 1 else "are"
    output.line(Piece(counted(summary.bad, "row"), "bad"), f" {verb} bad, and not decided → {summary.bad_file}", hang=2)
    found = sorted(summary.reasons.items(), key=lambda pair: -pair[1])
    width = max(len(f"{count:,}") for _, count in found[:_MOST])
    for reason, count in found[:_MOST]:
        example = summary.examples.get(reason, reason)
        output.line("  ", f"{count:>{width},}  ", Piece(example, "dim"), hang=width + 4)
    if len(found) > _MOST:
        output.line(f"  and {len(found) - _MOST} more reasons")
    if any("not in UTF-8" in reason for reason in summary.reasons):
        output.line(Piece(" help: ", "name"), "the file may be stored otherwise: try --encoding cp1252", hang=7)
