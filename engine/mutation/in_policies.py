"""Drafts of mutants of a policy as a whole: rules left out, their order, what is decided by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import attrs

from ...rules.tree import DecisionSpec, Expression
from ...rules.words import expression_text
from .bench import Bench
from .in_consequences import other_expressions, written
from .mutants import Draft, Edit, Subject, consequences
from .operators import register

register("rule", "A rule left out.", before="with the rule", after="without it")
register(
    "order",
    "Two neighbouring rules for one decision, tried in the other order.",
    before="no-shouting, then insist",
    after="insist, then no-shouting",
)
register(
    "default",
    "Another default, or none.",
    before='default = "stay"',
    after='default = "pause"',
)


def drafts_of_rules_left_out(bench: Bench) -> Iterator[Draft]:
    """Yield the policy without each of its rules."""
    for place, rule in enumerate(bench.tree.rules):
        if bench.is_own(rule.origin):
            subject = Subject("rule", rule.id, rule.origin)
            what = "row" if "/" in rule.id else "rule"
            gone = f"the whole {what} was left out"
            yield Draft("rule", subject, rule.text, "", partial(Edit, rules={place: None}), gone)


def drafts_of_order(bench: Bench) -> Iterator[Draft]:
    """Yield each two neighbours among the rules for a decision that takes the first, swapped."""
    rules = bench.tree.rules
    seen: set[tuple[int, int]] = set()
    for spec in bench.tree.decisions.values():
        if spec.hit_policy not in ("first", "rule order"):
            continue
        for one, other in pairwise([place for place, rule in enumerate(rules) if spec.id in rule.outcomes]):
            own = bench.is_own(rules[one].origin) and bench.is_own(rules[other].origin)
            if own and (one, other) not in seen and consequences(rules[one]) != consequences(rules[other]):
                seen.add((one, other))
                yield _swapped(bench, one, other)


def _swapped(bench: Bench, one: int, other: int) -> Draft:
    first, second = bench.tree.rules[one], bench.tree.rules[other]
    places = [place for place in range(len(bench.tree.rules)) if place != other]
    places.insert(one, other)
    subject = Subject("rule", second.id, second.origin)
    before, after = f"{first.id}, then {second.id}", f"{second.id}, then {first.id}"
    edit = Edit(order=tuple(places))
    return Draft("order", subject, before, after, lambda: edit, f"it was tried before `{first.id}`")


def drafts_of_decisions(bench: Bench) -> Iterator[Draft]:
    """Yield each default of the policy changed, and left out."""
    for name, spec in bench.tree.decisions.items():
        if spec.default is None or not bench.is_own(spec.origin):
            continue
        assert spec.origin is not None
        subject = Subject("decision", name, spec.origin)
        before = written("default", spec.default, bench.home)
        for _, new in other_expressions(spec.default):
            yield Draft("default", subject, before, written("default", new, bench.home), _deciding(spec, new))
        text = expression_text(spec.default, bench.home)
        yield Draft("default", subject, before, "", _deciding(spec, None), f"the default `{text}` was left out")


def _deciding(spec: DecisionSpec, default: Expression | None) -> Callable[[], Edit]:
    return lambda: Edit(decisions={spec.id: attrs.evolve(spec, default=default)})
