"""What the tests reach, in text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ..engine.coverage import KINDS, Coverage, Kind, Reached
from ..rules.document import Document
from .as_json import Json, origin_text
from .terminal import Output, Piece, counted
from .testing import has_solver

NAMES: Final[dict[Kind, str]] = {
    "rule": "rules",
    "red-line": "red lines",
    "condition": "conditions",
    "boundary": "boundaries",
    "mcdc": "MC/DC",
}


def print_coverage(
    output: Output, reached: Coverage, documents: Mapping[str, Document], *, least: float | None = None
) -> None:
    """Write how much of each kind is reached, then what is missing, rule by rule, and what nothing can reach."""
    output.line()
    output.line(Piece("  Coverage", "strong"))
    for kind in KINDS:
        count = reached.of(kind)
        if not count.of and not count.impossible:
            continue
        # Not rounded up: 100 % is said of all of it only.
        share = f"{int(count.percent):3d}%"
        line = f"    {NAMES[kind]:<11} {count.reached:>4} of {count.of:>4}  {share}"
        out_of_reach = f"  and {count.impossible} out of reach" if count.impossible else ""
        output.line(Piece(line, "good" if count.reached == count.of else "warning"), Piece(out_of_reach, "dim"))
    _print_missing(output, reached, documents)
    _print_impossible(output, [found for found in reached.targets if found.impossible])
    if others := reached.count(own=False):
        output.line(Piece(f"    of {counted(others, 'rule')} from packs, {reached.won(own=False)} won", "dim"))
    if reached.missing and not has_solver():
        note = "  Some of it may be out of reach. The solver tells: pip install 'evenhand[verify]'"
        output.line(Piece(note, "dim"), hang=2)
    if least is not None and reached.least < least:
        output.line(Piece(f"  ✗ the tests reach {int(reached.least)}%, less than {least:g}%", "bad"))


def _print_missing(output: Output, reached: Coverage, documents: Mapping[str, Document]) -> None:
    """Write what no test reaches under the first rule that it is about, in the order of the rules; red lines last."""
    by_rule: dict[str, list[Reached]] = {}
    for found in reached.targets:
        if found.is_missing:
            by_rule.setdefault(_heading(found), []).append(found)
    for covered in reached.rules:
        heading = f"rule `{covered.rule.id}`"
        if heading in by_rule:
            _print_under(output, heading, origin_text(covered.rule.origin, documents))
            for line in _missing_lines(by_rule[heading], covered.matched_in):
                output.line(f"      - {line}", hang=8)
    for guarded in reached.guards:
        heading = f"red line `{guarded.guard.id}`"
        if heading in by_rule:
            _print_under(output, heading, origin_text(guarded.guard.origin, documents))
            output.line("      - no test tries to cross it")


def _heading(found: Reached) -> str:
    return f"{'red line' if found.target.kind == 'red-line' else 'rule'} `{found.target.rules[0]}`"


def _print_under(output: Output, heading: str, place: str) -> None:
    output.line(f"    {heading}", Piece(f"  {place}", "dim"), hang=6)


def _missing_lines(missing: Iterable[Reached], matched: tuple[str, ...]) -> Iterable[str]:
    alone: list[str] = []
    for found in missing:
        target = found.target
        if target.kind == "mcdc":
            alone.append(target.text)
            continue
        others = "".join(f", `{id_}`" for id_ in target.rules[1:])
        also = f" (asked in{others[1:]} as well)" if others and target.kind != "boundary" else ""
        why = f"; it matched in {matched[0]!r}, where another rule won" if target.kind == "rule" and matched else ""
        yield f"no test {target.text}{also}{why}"
    if alone:
        which = "it makes" if len(alone) == 1 else "each of these makes"
        yield f"no two tests show what difference {which} alone: {', '.join(alone)}"


def _print_impossible(output: Output, found: list[Reached]) -> None:
    if not found:
        return
    output.line("    out of reach, as is proved")
    alike: dict[tuple[str, str], list[str]] = {}
    for reached in found:
        target = reached.target
        what = target.text if target.kind == "mcdc" else f"a test that {target.text}"
        if target.kind == "red-line":
            what = "a red line"
        alike.setdefault((target.rules[0], reached.impossible), []).append(what)
    for (id_, why), whats in alike.items():
        output.line(Piece(f"      - `{id_}`: {', '.join(whats)}: {why}", "dim"), hang=8)


def coverage_json(reached: Coverage, documents: Mapping[str, Document]) -> Json:
    """Return what the tests reach as data."""
    return {
        "own_rules": reached.count(own=True),
        "own_rules_won": reached.won(own=True),
        "percent": round(reached.percent, 1),
        "pack_rules": reached.count(own=False),
        "pack_rules_won": reached.won(own=False),
        "never_won": [
            {
                "rule": covered.rule.id,
                "origin": origin_text(covered.rule.origin, documents),
                "matched_in": list(covered.matched_in),
            }
            for covered in reached.never_won
        ],
        "never_broken": [
            {"guard": covered.guard.id, "origin": origin_text(covered.guard.origin, documents)}
            for covered in reached.never_broken
        ],
        "kinds": {kind: _count_json(reached, kind) for kind in KINDS},
        "missing": [_target_json(found) for found in reached.targets if found.is_missing],
        "impossible": [
            {**_target_json(found), "why": found.impossible} for found in reached.targets if found.impossible
        ],
    }


def _count_json(reached: Coverage, kind: Kind) -> Json:
    count = reached.of(kind)
    return {
        "of": count.of,
        "reached": count.reached,
        "impossible": count.impossible,
        "percent": round(count.percent, 1),
    }


def _target_json(found: Reached) -> Json:
    return {"kind": found.target.kind, "rules": list(found.target.rules), "what": found.target.text}
