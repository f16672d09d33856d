"""The pass over `[[independent]]`: which facts a decision must not depend on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .compose import Part
from .consequences import check_id, word_of
from .declare import Work
from .describe import shown
from .diagnostics import Place, nearest
from .takes import fits
from .tree import Independence


def check_independence(work: Work) -> None:
    """Check every declaration of independence: decisions and facts that there are, each once."""
    for part in work.draft.independent:
        check_id(work, part, "declaration")
        decisions = _decisions(work, part)
        facts = _facts(work, part)
        if decisions and facts:
            words = {key: word_of(part.raw, key) for key in ("id", "title", "because", "source")}
            work.independent.append(Independence(decisions=decisions, facts=facts, origin=part.origin, **words))


def _decisions(work: Work, part: Part) -> tuple[str, ...]:
    if "decision" not in part.raw and "decisions" not in part.raw:
        about = "the decision that must not depend on these facts"
        work.findings.report("missing-key", part.place, key="decision", table="[[independent]]", about=about)
    found: dict[str, str] = {}
    for place, name in _names(work, part, "decision", "decisions"):
        if name in work.decisions:
            _take(work, place, name, [name], found)
        else:
            owner = next((spec.id for spec in work.decisions.values() if name in spec.values), "")
            suggestion = owner or nearest(name, work.decisions)
            work.findings.report("unknown-decision", place, suggestion=suggestion, name=shown(name))
    return tuple(found)


def _facts(work: Work, part: Part) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for place, name in _names(work, part, "of"):
        inside = [fact for fact in work.facts if fact.startswith(f"{name}.")]
        if name in work.facts or inside:
            _take(work, place, name, inside or [name], found)
        else:
            groups = {fact.rpartition(".")[0] for fact in work.facts} - {""}
            suggestion = nearest(name, [*work.facts, *sorted(groups)])
            work.findings.report("unknown-fact", place, suggestion=suggestion, name=shown(name))
    return tuple(found)


def _take(work: Work, place: Place, name: str, all_of: Iterable[str], found: dict[str, str]) -> None:
    """Keep names; report one that stands there already, by itself or with its group."""
    for one in all_of:
        if one in found:
            again = f"`{one}`" if found[one] == one else f"`{one}`, as part of `{found[one]}`,"
            work.findings.report("named-twice", place, name=name, again=again)
            return
    found.update(dict.fromkeys(all_of, name))


def _names(work: Work, part: Part, *keys: str) -> Iterator[tuple[Place, str]]:
    """Yield the names under some keys with their places; an empty list is reported."""
    for key in keys:
        raw = part.raw.get(key)
        if isinstance(raw, str) and key == "decision":
            yield part.place.inside(key), raw
        elif isinstance(raw, list) and fits(raw, "list of text") and key != "decision":
            if not raw:
                work.findings.report("empty-list", part.place.inside(key), key=key)
            for index, name in enumerate(raw):
                yield part.place.inside(key, index), name
