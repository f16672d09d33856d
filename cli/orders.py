"""`policy verify --orders`: what was tried, and orders of events that lead to what must never happen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from .terminal import Output, Piece, cells, counted

if TYPE_CHECKING:
    from ..engine.cases.orders import Counterexample, Orders
    from ..engine.policy import Policy
    from ..rules.diagnostics import Diagnostic


@attrs.frozen
class Tried:
    """A policy as it was named, and what its orders came to."""

    name: str
    policy: Policy
    orders: Orders


def try_all(policies: Sequence[tuple[str, Policy]], depth: int, budget: float | None) -> list[Tried]:
    """Try the orders of each policy's stories."""
    from ..engine.cases.orders import try_orders

    return [Tried(name, policy, try_orders(policy, depth=depth, budget=budget)) for name, policy in policies]


def write(results: Sequence[Tried], format_: str, save: str | None) -> bool:
    """Write what was found, in one of the forms, and say whether nothing was."""
    from .terminal import out

    saved = {id(found): _saved(found, Path(save)) for tried in results for found in tried.orders.found} if save else {}
    if format_ == "json":
        from .as_json import VERSION, write_json

        write_json(out(), {"format_version": VERSION, "policies": [_json(tried) for tried in results]})
    elif format_ == "sarif":
        from ..rules.sarif import Result, render_results

        shown = [Result(_as_sarif(tried, *one)) for tried in results for one in _diagnosed(tried)]
        out().text(render_results(shown, "policy-verify-orders"))
    else:
        for tried in results:
            _print(out(), tried, saved)
    return not any(tried.orders.found or tried.orders.depth < tried.orders.asked for tried in results)


def _diagnosed(tried: Tried) -> list[tuple[Diagnostic, Counterexample | None]]:
    """Return what was found as diagnostics that know line and column, each with the order that shows it."""
    from ..rules.diagnostics import Diagnostic, Place
    from ..rules.locate import located

    orders, tree = tried.orders, tried.policy.tree
    found: list[tuple[Diagnostic, Counterexample | None]] = []
    for one in orders.found:
        title = one.pattern.title or "it must never match"
        facts = {"pattern": one.pattern.id, "title": title}
        found.append((Diagnostic("forbidden-order", facts, Place.of(one.pattern.origin)), one))
    if orders.depth < orders.asked and orders.forbidden and orders.stories:
        facts = {"depth": counted(orders.depth, "event"), "asked": str(orders.asked)}
        found.append((Diagnostic("orders-not-tried", facts, Place.of(tree.case.stories[0].origin)), None))
    placed = located([diagnostic for diagnostic, _ in found], tried.policy.documents)
    return [(diagnostic, one) for diagnostic, (_, one) in zip(placed, found, strict=True)]


def _as_sarif(tried: Tried, diagnostic: Diagnostic, found: Counterexample | None) -> Diagnostic:
    """Return a diagnostic whose message tells the order as well, for those who see nothing else."""
    if found is None:
        return diagnostic
    return attrs.evolve(
        diagnostic, facts={**diagnostic.facts, "title": f"{diagnostic.facts['title']}; {_in_a_line(tried, found)}"}
    )


def _in_a_line(tried: Tried, found: Counterexample) -> str:
    from .case_timeline import event_text

    return " → ".join(event_text(event, tried.policy) for event in found.events)


def _saved(found: Counterexample, folder: Path) -> Path:
    """Write an order as an event file, and return where it stands."""
    path = folder / f"{found.pattern.id}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{event.to_json()}\n" for event in found.events), encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.UsageError(f"cannot write {str(path)!r}: {(error.strerror or 'it failed').lower()}.") from None
    return path


def _print(output: Output, tried: Tried, saved: dict[int, Path]) -> None:
    from .findings import print_finding

    orders = tried.orders
    for diagnostic, found in _diagnosed(tried):
        print_finding(output, diagnostic)
        if found is not None:
            _print_one(output, tried.policy, found)
        if id(found) in saved:
            output.line("  kept in ", Piece(str(saved[id(found)]), "strong"))
        output.line()
    said = f"{counted(len(orders.found), 'way')} to what must never happen" if orders.found else "no way found"
    output.line(
        Piece(tried.name, "strong"), ": ", Piece(said, "bad" if orders.found else "good"), *_reach(orders), hang=2
    )


def _reach(orders: Orders) -> list[str]:
    """Say what was tried."""
    if not orders.forbidden:
        return ["; nothing is forbidden: say what must never happen with `forbidden = true` on a [[pattern]]"]
    if not orders.stories:
        return ["; there is nothing to try: its [[story]] tables say what may happen"]
    said = f"; all orders of up to {counted(orders.depth, 'event')} from {counted(orders.stories, 'story', 'stories')}"
    found = [f"{said} ({orders.tried:,} tried)" if orders.tried else said]
    if orders.depth < orders.asked:
        found.append(f", and no further for want of time: {counted(orders.asked, 'event')} were asked for")
    elif orders.at_random:
        found.append(f", and {orders.at_random:,} longer ones at random")
    return found


def _print_one(output: Output, policy: Policy, found: Counterexample) -> None:
    from .case_timeline import clock, event_text

    if found.pattern.because:
        output.line(Piece(" because: ", "name"), found.pattern.because, hang=10)
    output.line(Piece(" for example: ", "name"), f"the events of “{found.story.name}” in this order", hang=14)
    for event, why in zip(found.events, ["", *(move.why for move in found.moves)], strict=True):
        start = f"    {clock(event.at)}  "
        output.line(start, event_text(event, policy), hang=cells(start))
        if why:
            output.line(" " * cells(start), Piece(f"allowed: {why}", "dim"), hang=cells(start))


def _json(tried: Tried) -> dict[str, Any]:
    orders = tried.orders
    return {
        "policy": tried.name,
        "id": tried.policy.id,
        "stories": orders.stories,
        "forbidden_patterns": orders.forbidden,
        "depth": orders.depth,
        "depth_asked": orders.asked,
        "tried": orders.tried,
        "at_random": orders.at_random,
        "findings": [_found_json(*found) for found in _diagnosed(tried)],
    }


def _found_json(diagnostic: Diagnostic, found: Counterexample | None) -> dict[str, Any]:
    import json

    from ..rules.rendering import as_data

    if found is None:
        return as_data(diagnostic)
    reasons = ["", *(move.why for move in found.moves)]
    return {
        **as_data(diagnostic),
        "pattern": found.pattern.id,
        "story": found.story.name,
        "events": [
            {"event": json.loads(event.to_json()), "allowed": why}
            for event, why in zip(found.events, reasons, strict=True)
        ],
    }
