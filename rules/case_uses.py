"""What the part of a policy that speaks of cases uses: facts, parameters and terms that no rule may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .declare import Work
from .normal import facts_of
from .syntax import SyntaxProblem, tokens

#: The keys of patterns, their events, plans and steps, and of [monitoring], that are conditions.
_CONDITIONS = ("when", "unless", "where", "reopen")


def spoken_of(work: Work) -> frozenset[str]:
    """Return the facts, parameters and terms that patterns, plans and watching speak of, terms within terms included."""
    forms = [pattern.when for pattern in work.patterns]
    forms += [form for plan in work.plans.values() for form in (plan.form, *(step.form for step in plan.steps))]
    forms += [work.monitoring.reopen] if work.monitoring is not None else []
    facts = {name for form in forms for name in facts_of(form)}
    own = [
        *work.draft.patterns,
        *work.draft.plans.values(),
        *([work.draft.monitoring] if work.draft.monitoring else []),
    ]
    pending = [text for part in own for text in _conditions(part.raw)]
    words: set[str] = set()
    while pending:
        for word in _words(pending.pop()) - words:
            words.add(word)
            if word in work.draft.terms:
                pending += _texts(work.draft.terms[word].raw)
    return frozenset(facts | words & (work.draft.parameters.keys() | work.draft.terms.keys()))


def _conditions(raw: object) -> Iterator[str]:
    """Yield every text within the conditions of a part."""
    if isinstance(raw, list):
        for item in raw:
            yield from _conditions(item)
    elif isinstance(raw, dict):
        for key, value in raw.items():
            yield from _texts(value) if key in (*_CONDITIONS, "learn") else _conditions(value)


def _texts(raw: Any) -> Iterator[str]:
    match raw:
        case str():
            yield raw
        case dict():
            for value in raw.values():
                yield from _texts(value)
        case list():
            for item in raw:
                yield from _texts(item)


def _words(text: str) -> set[str]:
    try:
        return {token.text for token in tokens(text)}
    except SyntaxProblem:
        return set()  # because it was reported where it stands
