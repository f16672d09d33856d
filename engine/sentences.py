"""What was found, in words: values, what a test asks for, by how much it failed. The wording of explanations is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final, TypeAlias

import attrs

from ..rules.given import Knowledge
from ..rules.quantities import value_text
from ..rules.regions import Cut, Region, Spans, Texts, Words, complement, is_empty, listed
from ..rules.tree import And, Atom, Compare, Condition, Constant, FactRef, FactTest, Named, Not, Or, TextTest
from ..rules.types import DISCRETE, Fact, Number, Type, Value
from ..rules.words import condition_text
from .gaps import Gap
from .known import region_in, value_in
from .traces import Tested, shortfall
from .truth import State

_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
#: The most values that a sentence lists.
_MOST: Final = 6
#: The constants that a rule holds a fact against, each with the owner's name for it, or an empty text.
Limits: TypeAlias = Mapping[tuple[str, Value], str]


def joined(words: Sequence[str], conjunction: str) -> str:
    """
    Join words as a sentence does.

    >>> joined(["rude", "hostile", "violent"], "or")
    'rude, hostile or violent'
    """
    if len(words) > _MOST:
        return f"{', '.join(words[:_MOST])} {conjunction} {len(words) - _MOST} more"
    return f" {conjunction} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(number: int, noun: str) -> str:
    """
    Return a number with its noun.

    >>> counted(2, "step"), counted(1, "rule")
    ('two steps', 'one rule')
    """
    figure = _NUMBERS[number] if number < len(_NUMBERS) else f"{number:_}"
    return f"{figure} {noun}" + ("" if number == 1 else "s")


# --- what is known, and what is asked for ----------------------------------------------------------------------------


def found_text(subject: str, what: Knowledge | None, fact: Fact, currency: str) -> str:
    """
    Say what is known of a fact: what it is, what it may be, or that it is not known.

    >>> found_text("loss", 450, Fact("loss", Type("money")), "USD")
    'loss is 4.50 USD'
    """
    value, region = value_in(what), region_in(what)
    if region is not None:
        return f"{subject} may be {region_text(region, fact, currency)}"
    return f"{subject} is not known" if value is None else f"{subject} is {one_text(value, fact.type, currency)}"


def one_text(value: Value, type_: Type, currency: str) -> str:
    """Return one value in words."""
    return "an empty list" if value == () else value_text(value, type_, currency)


def region_text(region: Region, fact: Fact, currency: str) -> str:
    """
    Return the values of a region in words; a fact's own bounds go without saying.

    >>> from evenhand.rules.regions import compared
    >>> region_text(compared("<=", 5_000, Type("money")), Fact("loss", Type("money"), low=0), "USD")
    'at most 50 USD'
    """
    if is_empty(region):
        return "impossible"
    match region:
        case Words(words):
            return _words_text(words, fact.type)
        case Texts(words, inside):
            names = joined([f"'{word}'" for word in sorted(words)], "or")
            return (names if inside else f"anything but {names}") if words else "anything"
        case Spans():
            return _spans_text(_unbounded(region, fact), fact.type, currency)


def _words_text(words: frozenset[Value], type_: Type) -> str:
    """Return words; a piece of a scale by its end, most of a list by what is left out."""
    domain = type_.domain
    chosen = [word for word in domain if word in words]
    named = [value_text(word, type_, "") for word in chosen]
    if len(chosen) == len(domain):
        return "anything"
    at = domain.index(chosen[0])
    if type_.kind == "scale" and len(chosen) > 1:
        if at == 0 and chosen == list(domain[: len(chosen)]):
            return f"at most {named[-1]}"
        if chosen == list(domain[at:]):
            return f"at least {named[0]}"
        if chosen == list(domain[at : at + len(chosen)]) and len(chosen) > 2:
            return f"from {named[0]} to {named[-1]}"
    if type_.kind == "text" and len(chosen) > 2 and len(chosen) > len(domain) // 2:
        return f"anything but {joined([str(word) for word in domain if word not in words], 'or')}"
    return joined(named, "or")


def _unbounded(region: Spans, fact: Fact) -> Spans:
    """Return a region without the bounds that every value of the fact keeps."""
    inside, cuts = region.inside, region.cuts
    if fact.low is not None and cuts and cuts[0] == (fact.low, 0) and not inside:
        inside, cuts = True, cuts[1:]
    top = None if fact.high is None else (fact.high + 1, 0) if fact.type.kind in DISCRETE else (fact.high, 1)
    if top is not None and cuts and cuts[-1] == top and inside ^ (len(cuts) % 2 == 0):
        cuts = cuts[:-1]
    return Spans(inside, cuts)


def _spans_text(region: Spans, type_: Type, currency: str) -> str:
    values = listed(region, type_)
    if values is not None:
        return joined([value_text(value, type_, currency) for value in values], "or")
    barred = listed(complement(region), type_)
    if barred is not None:
        names = [value_text(value, type_, currency) for value in barred]
        return f"anything but {joined(names, 'or')}" if names else "anything"
    return joined([_piece_text(low, high, type_, currency) for low, high in region.pieces()], "or")


def _piece_text(low: Cut | None, high: Cut | None, type_: Type, currency: str) -> str:
    last = _last(high, type_) if high else None
    if low and last and not low[1] and last[1]:
        return f"from {value_text(low[0], type_, currency)} to {value_text(last[0], type_, currency)}"
    ends = [f"{('at least', 'above')[low[1]]} {value_text(low[0], type_, currency)}"] if low else []
    ends += [f"{('below', 'at most')[last[1]]} {value_text(last[0], type_, currency)}"] if last else []
    return " and ".join(ends) or "anything"


def _last(high: Cut, type_: Type) -> Cut:
    """Return an upper cut; for discrete types just after the last value inside, so that it reads `at most`."""
    value, side = high
    return (value - 1, 1) if type_.kind in DISCRETE and not side else high


def asked_text(test: FactTest, fact: Fact, currency: str) -> str:
    """Return what a test on one fact asks for."""
    if test.known == test.missing:
        return region_text(test.known, fact, currency)
    known = region_text(test.known, fact, currency)
    if is_empty(test.missing):
        return "known" if known == "anything" else f"known and {known}"
    return "missing" if is_empty(test.known) else f"missing or {known}"


# --- tests as they turned out ----------------------------------------------------------------------------------------


def tested_text(test: Tested, state: State, currency: str, limits: Limits) -> str:
    """Return a test with what was found: `loss is 90 USD, 40 USD above the limit of 50 USD`."""
    if isinstance(test.part, Atom):
        return _atom_text(test, test.part, state, currency)
    name, what = test.found[0]
    fact = state.facts[name]
    found = found_text(name, what, fact, currency) + (" (assumed)" if test.assumed else "")
    if test.gap is not None:
        return f"{found}, {gap_text(test.gap, fact, currency, limits)}"
    asked = asked_text(test.part, fact, currency)
    if test.truth is None:
        return f"{found}, and must be {asked}"
    if test.truth is False:
        return (
            f"{found}, and must be {asked}"
            if asked.startswith(("anything but", "missing", "known"))
            else f"{found}, not {asked}"
        )
    value = value_in(what)
    told = asked in ("known", "missing") or (value is not None and asked == one_text(value, fact.type, currency))
    return found if told else f"{found} ({asked})"


def amount_text(amount: Number, type_: Type, currency: str) -> str:
    """Return a distance between two values of a type; for dates in days, for moments as a length of time."""
    match type_.kind:
        case "date":
            return f"{amount} {'day' if amount == 1 else 'days'}"
        case "datetime":
            return value_text(Fraction(amount) / 1_000_000, Type("duration"), currency)
        case "scale":
            return counted(int(amount), "step")
        case _:
            return value_text(amount, type_, currency)


def gap_text(gap: Gap, fact: Fact, currency: str, limits: Limits) -> str:
    """Return by how much a value misses what a test asks for."""
    gap = _as_written(gap, fact, limits)
    type_ = fact.type
    name = limits.get((fact.name, gap.limit))
    limit = value_text(gap.limit, type_, currency) + (f" ({name})" if name else "")
    if gap.side == "beside" or gap.by is None:
        return f"not {limit}"
    distance = amount_text(gap.by, type_, currency)
    if type_.kind == "scale":
        return f"{distance} {gap.side} {limit}"
    if not gap.reached:
        wanted = f"must be {'below' if gap.side == 'above' else 'above'} {limit}"
        return (
            f"{distance} too {'much' if gap.side == 'above' else 'little'}: it {wanted}" if gap.by else f"and {wanted}"
        )
    return f"{distance} above the limit of {limit}" if gap.side == "above" else f"{distance} short of {limit}"


def _as_written(gap: Gap, fact: Fact, limits: Limits) -> Gap:
    """Return the gap of a whole number to the limit as the owner wrote it: below 10_000, not at most 9_999."""
    if (
        fact.type.kind not in DISCRETE
        or gap.by is None
        or not isinstance(gap.limit, int)
        or (fact.name, gap.limit) in limits
    ):
        return gap
    written = gap.limit + (1 if gap.side == "above" else -1)
    return attrs.evolve(gap, limit=written, by=gap.by - 1, reached=False) if (fact.name, written) in limits else gap


def _atom_text(test: Tested, atom: Atom, state: State, currency: str) -> str:
    """Return a test over several facts with what was found of each, and where it fails how far its sides are apart."""
    condition = condition_text(atom.test, currency)
    facts = [found_text(name, what, state.facts[name], currency) for name, what in test.found]
    verb = {True: "holds", False: "does not hold", None: "cannot be told"}[test.truth]
    apart = _apart_text(test, atom, state, currency) if test.truth is False else ""
    return f"{condition if atom.holds else f'not ({condition})'} {verb}: {joined(facts, 'and')}{apart}"


def _apart_text(test: Tested, atom: Atom, state: State, currency: str) -> str:
    sides = shortfall(test, state.settled)
    if sides is None or isinstance(atom.test, TextTest) or sides[2] == 0:
        return ""
    left, right, distance = sides
    type_ = atom.test.left.type
    where = "above" if left > right else "short of"
    one, other = (value_text(side, type_, currency) for side in (left, right))
    return f"; {one} is {amount_text(distance, type_, currency)} {where} {other}"


def limits_in(condition: Condition) -> Limits:
    """Return the constants that a condition holds facts against, with the names of the parameters that they came from."""
    found: dict[tuple[str, Value], str] = {}
    pending = [condition]
    while pending:
        match pending.pop():
            case And(parts) | Or(parts):
                pending.extend(parts)
            case Not(part) | Named(_, part):
                pending.append(part)
            case Compare(_, FactRef(fact), Constant(value, _, name)):
                found[fact, value] = name or found.get((fact, value), "")
            case _:
                pass
    return found


# --- reasons ---------------------------------------------------------------------------------------------------------


def clause(text: str) -> str:
    """
    Return the first sentence of a reason, fit to stand inside another.

    >>> clause("It costs less than the argument. They leave disarmed.")
    'it costs less than the argument'
    """
    first = " ".join(text.split())
    for stop in (". ", "! ", "? "):
        first = first.split(stop, 1)[0]
    head, space, rest = first.rstrip(".!?").partition(" ")
    return f"{head.lower()}{space}{rest}" if head in _STARTERS or head.endswith("ing") else f"{head}{space}{rest}"


#: Words that begin a reason and are no names: they lose their capital inside a sentence.
_STARTERS: Final = frozenset(
    "A After All An And Another Any Anybody As At Because Before Between Both But By Each Either Every Everybody For From He "
    "Her Here His How If In It Its Large Like Many Money Most Much My Neither No Nobody None Not Nothing Of On Once One Only Or "
    "Our Out Over Pain People She Silence Small Some Somebody Staff That The Their Then There These They This Those To Two "
    "Until We What When Where Which While Who Whoever Whose With Without You Your".split()
)
