"""A mapping proposed: columns and facts matched by their names and by what stands in the cells, with the reason of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import TYPE_CHECKING, Final

import attrs
import tomli_w

from ....rules.types import Fact
from .looks import Look

if TYPE_CHECKING:
    from ....engine.policy import Policy

#: What people call things, by the word that the facts use.
SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "loss": ("claim", "amount", "damage", "claimed", "value", "cost", "close"),
    "paid": ("price", "purchase", "total", "order", "charged", "payment"),
    "abuse": ("tone", "conduct", "aggression", "behaviour", "behavior", "hostility", "severity"),
    "fault": ("responsible", "liability", "blame", "cause"),
    "verified": ("confirmed", "proof", "evidence", "substantiated", "validated"),
    "demand": ("request", "requested", "wants", "asks", "remedy", "wish", "sought"),
    "channel": ("via", "medium", "source", "submitted", "contact"),
    "views": ("impressions", "reach"),
    "shares": ("retweets", "reposts"),
    "injury": ("injured", "hurt", "bodily", "medical"),
    "legal": ("lawsuit", "lawyer", "attorney", "court", "litigation"),
    "refunds": ("refunded", "returns"),
    "incidents": ("complaints", "claims", "tickets"),
    "months": ("tenure", "since", "customer"),
    "replies": ("responses", "answers"),
    "vulnerable": ("older", "servicemember", "disability"),
    "property": ("site", "goods", "belongings"),
}
_STOP: Final = frozenset(
    "the a an of to in is was were has have had did do does how what which who when where for and or by with on at be been it "
    "this that they their them any much many long often last days months 90d 12m number count customer we our us".split()
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+[a-z]*")
#: Below this, a match is none.
ENOUGH: Final = 0.5


@attrs.frozen
class Match:
    """A column that probably is a fact: how much speaks for it, and what."""

    look: Look
    fact: Fact
    score: float
    why: str
    entry: Mapping[str, object]
    notes: tuple[str, ...] = ()


@attrs.frozen
class Guess:
    """A proposed mapping: what was matched, and the columns and facts that were not."""

    matches: tuple[Match, ...]
    columns: tuple[Look, ...]
    facts: tuple[Fact, ...]


def guess(looks: Sequence[Look], policy: Policy) -> Guess:
    """Match columns with facts, the surest first, each once; facts that the policy asks for come before the others."""
    asked = policy.tree.asked
    found = [
        attrs.evolve(match, score=match.score + (0.05 if fact.name in asked else 0))
        for fact in policy.tree.facts.values()
        for look in looks
        if (match := _match(look, fact, policy.tree.currency)) is not None
    ]
    found.sort(key=lambda match: (-match.score, match.fact.name, match.look.name))
    taken: dict[str, Match] = {}
    columns: set[str] = set()
    for match in found:
        if match.fact.name not in taken and match.look.name not in columns:
            taken[match.fact.name] = match
            columns.add(match.look.name)
    in_order = tuple(taken[name] for name in policy.tree.facts if name in taken)
    left = tuple(fact for name, fact in policy.tree.facts.items() if name in asked and name not in taken)
    return Guess(in_order, tuple(look for look in looks if look.name not in columns), left)


def words_of(name: str) -> list[str]:
    """
    Return the words that a name is made of.

    >>> words_of("CloseAmount_USD"), words_of("history.refunds_90d")
    (['close', 'amount', 'usd'], ['history', 'refunds', '90d'])
    """
    return [word.lower() for word in _WORD.findall(name)]


@cache
def _vocabulary(fact: Fact) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the words of a fact's name, what people say instead, and the words by which it is explained."""
    own = frozenset(words_of(fact.name.rpartition(".")[2])) - _STOP or frozenset(words_of(fact.name))
    others = frozenset(other for word in words_of(fact.name) for other in SYNONYMS.get(word, ()))
    told = frozenset(words_of(f"{fact.about} {fact.ask}")) - _STOP
    return own, others, told


def _name_score(column: str, fact: Fact) -> tuple[float, str]:
    if column.strip().lower() == fact.name.lower():
        return 1.0, "the names are the same"
    words = [word for word in words_of(column) if word not in _STOP] or words_of(column)
    own, others, told = _vocabulary(fact)
    alike = SequenceMatcher(None, "".join(words), "".join(words_of(fact.name.rpartition(".")[2]))).ratio()
    best, why = (0.9 * alike, "the names are alike") if alike > 0.75 else (0.0, "")
    for weight, known, reason in (
        (0.85, own, "has the word"),
        (0.6, others, "people also say"),
        (0.35, told, "is explained by"),
    ):
        shared = [word for word in words if _stem(word) in {_stem(other) for other in known}]
        score = weight * (0.5 + 0.5 * len(shared) / max(1, len(words))) if shared else 0.0
        if score > best:
            best, why = score, f"{reason} `{shared[0]}`"
    return best, why


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _match(look: Look, fact: Fact, home: str) -> Match | None:
    """Return how well a column is a fact; None where its cells cannot be, or too little speaks for it."""
    if look.kind == "empty" or (_is_id(look) and look.name != fact.name):
        return None
    by_name, why = _name_score(look.name, fact)
    if fact.type.words:
        return _word_match(look, fact, by_name, why)
    entry: dict[str, object] = {"column": look.name}
    notes: list[str] = []
    score = _kind_score(look, fact, home, entry, notes)
    if score is None:
        return None
    if fact.type.kind in ("date", "datetime"):
        _add_format(look, entry, notes)
    if fact.type.kind in ("number", "integer", "money", "duration"):
        entry.update({key: text for key, text in (("thousands", look.thousands), ("decimal", look.decimal)) if text})
    if look.lowest and fact.low is not None:
        notes.append("some values are negative: those rows will be bad")
    if look.blanks:
        entry["blank"] = list(look.blanks)
    total = by_name + score
    return Match(look, fact, total, why, entry, tuple(notes)) if by_name >= 0.3 and total >= ENOUGH else None


def _is_id(look: Look) -> bool:
    """Whether a column only tells rows apart."""
    return len(look.cells) == look.filled and not {"id", "number", "no", "nr", "key", "ref"}.isdisjoint(
        words_of(look.name)
    )


def _kind_score(look: Look, fact: Fact, home: str, entry: dict[str, object], notes: list[str]) -> float | None:
    """Return what the looks of a column say for a fact, None where its cells cannot be that; how they are read is added."""
    match fact.type.kind, look.kind:
        case ("money", "money" | "number"):
            if look.currency or look.thousands or look.decimal or look.lowest:
                entry["currency"] = look.currency or home
            return 0.15 if look.kind == "money" else 0.05
        case ("integer", "number") if look.is_whole:
            return 0.05
        case ("boolean", "binary"):
            entry["values"] = {cell: cell.lower() in ("y", "t", "1") for cell in sorted(look.cells)}
            return 0.05
        case ("duration", "number"):
            entry["unit"] = fact.unit or "hours"
            notes.append(f"it is not said in which unit: {entry['unit']}?")
            return 0.0
        case ("text", _):
            return 0.0
        case kind, same if kind == same:
            return 0.1
        case _:
            return None


def _add_format(look: Look, entry: dict[str, object], notes: list[str]) -> None:
    if look.format not in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"):
        entry["format"] = look.format
    if look.others:
        notes.append(f"the dates may be written like {' or '.join(look.others)} as well: look at some")


def _word_match(look: Look, fact: Fact, by_name: float, why: str) -> Match | None:
    """Match a column of words with a fact of words: by how many of its cells are words of the fact."""
    if look.kind not in ("text", "number", "boolean", "binary") or len(look.cells) > 200:
        return None
    placed = {cell: word for cell in look.cells if (word := _word_for(cell, fact.type.words))}
    share = sum(look.cells[cell] for cell in placed) / look.filled
    if not (share >= 0.5 and (by_name >= 0.2 or share >= 0.9)) or not placed:
        return None
    entry: dict[str, object] = {"column": look.name}
    notes: list[str] = []
    if any(cell != word for cell, word in placed.items()):
        entry["values"] = dict(sorted(placed.items()))
    lost = [cell for cell in look.cells if cell not in placed]
    if lost:
        entry.setdefault("values", dict(sorted(placed.items())))
        entry["otherwise"] = ""
        notes.append(f"taken for missing: {', '.join(cell[:30] for cell in sorted(lost)[:8])}")
    if look.blanks:
        entry["blank"] = list(look.blanks)
    said = f"{share:.0%} of its cells are words of it"
    return Match(look, fact, by_name + 0.6 * share, f"{why}; {said}" if why else said, entry, tuple(notes))


def _word_for(cell: str, words: Iterable[str]) -> str:
    plain = "".join(words_of(cell))
    known = {"".join(words_of(word)): word for word in words}
    return known.get(plain) or known.get(_stem(plain), "")


def toml_of(found: Guess, source: str, policy: str) -> str:
    """Return a guess as a mapping that runs as it stands, with a comment for each fact and what could not be placed."""
    lines = [
        f"# Which column of {_told(source)} is which fact of {_told(policy)}. Proposed by `policy map --guess`: read it before you use it.",
        "",
        "[facts]",
    ]
    for match in found.matches:
        lines.append(f"# {_told(match.look.name)} ({_told(match.look.sample)}): {_told(match.why)}")
        lines += [f"#   {_told(note)}" for note in match.notes]
        lines.append(f"{_key(match.fact.name)} = {_inline(match.entry)}")
    if not found.matches:
        lines.append("# nothing could be placed: write lines such as")
        lines.append('# loss = "Close Amount"')
    if found.columns:
        lines += ["", "# Columns that are no fact, as far as can be told; they are left out:"]
        lines += [f"#   {_told(look.name)} ({_told(look.sample or 'empty')})" for look in found.columns]
    if found.facts:
        lines += [
            "",
            "# Facts that the policy asks for, and no column seems to have; map them, or state them for all rows:",
        ]
        lines += [f"#   {_key(fact.name)} ({_told(str(fact.type))})" for fact in found.facts]
    lines += ["", "[constants]", '# channel = "phone"']
    return "\n".join(lines) + "\n"


def _told(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:160]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name) else _text(name)


def _text(text: object) -> str:
    return tomli_w.dumps({"x": text}).removeprefix("x = ").strip()


def _inline(entry: Mapping[str, object]) -> str:
    if set(entry) == {"column"}:
        return _text(entry["column"])
    pairs = []
    for key, value in entry.items():
        if isinstance(value, Mapping):
            inner = ", ".join(f"{_text(name)} = {_text(word)}" for name, word in value.items())
            pairs.append(f"{key} = {{ {inner} }}")
        elif isinstance(value, list):
            pairs.append(f"{key} = [{', '.join(map(_text, value))}]")
        else:
            pairs.append(f"{key} = {_text(value)}")
    return f"{{ {', '.join(pairs)} }}"
