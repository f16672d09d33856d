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
    else:
        for tried in results:
            _print(out(), tried, saved)
    return not any(tried.orders.found or tried.orders.depth < tried.orders.asked for tried in results)


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
    orders = tried.orders
    for found in orders.found:
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
    from .case_views import clock, event_text

    head = f"{found.pattern.id}: "
    output.line(Piece(head, "bad"), Piece(found.pattern.title or "it must never match", "strong"), hang=2)
    if found.pattern.because:
        output.line(f"  {found.pattern.because}", hang=2)
    output.line(f"  It comes about with the events of “{found.story.name}” in this order:", hang=2)
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
        "found": [_found_json(found) for found in orders.found],
    }


def _found_json(found: Counterexample) -> dict[str, Any]:
    import json

    reasons = ["", *(move.why for move in found.moves)]
    return {
        "pattern": found.pattern.id,
        "story": found.story.name,
        "events": [
            {"event": json.loads(event.to_json()), "allowed": why}
            for event, why in zip(found.events, reasons, strict=True)
        ],
    }
