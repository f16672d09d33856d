"""A policy with one parameter or two set otherwise, over a range: the knobs of `policy tune`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from ...rules.diagnostics import Findings, Place, nearest
from ...rules.document import Document, parse_document
from ...rules.edits import Outline, applied, quoted
from ...rules.given import FactProblem, read_value
from ...rules.load import SHIPPED, load_text
from ...rules.quantities import value_text
from ...rules.tree import Parameter
from ...rules.types import Number, exact
from ..policy import Policy
from .standing import standing

#: The most values of one parameter, and of two together.
MOST: Final = 200
MOST_TOGETHER: Final = 400
_RANGE: Final = re.compile(r"(?P<low>.+?)\s*\.\.\s*(?P<high>[^:]+?)\s*:\s*(?P<step>.+)\Z")
_UNIT: Final = re.compile(r"[A-Za-z%]+\s*\Z")


class RangeError(ValueError):
    """Why a parameter cannot be swept so: one lower-case sentence, with the way out."""


@attrs.frozen
class Knob:
    """A parameter and the values to try, in order; *present* is what the policy has, which is always among them."""

    parameter: Parameter
    values: tuple[Number, ...]
    currency: str

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.parameter.name

    @property
    def present(self) -> Number:
        """The value that the policy has."""
        value = self.parameter.value
        assert isinstance(value, int | Fraction)
        return value

    def text(self, value: Number) -> str:
        """Return a value as people read it."""
        if self.parameter.text.strip().endswith("%"):
            return f"{float(value * 100):g}%"
        return value_text(value, self.parameter.type, self.currency).replace("_", ",")


def knob(policy: Policy, text: str) -> Knob:
    """
    Read `small_loss=25..150:25` or `small_loss=25,50,100`; the units are the parameter's own where none are written.

    Raises:
        RangeError: If there is no such parameter, or the values are not of its type.
    """
    name, sign, range_ = (part.strip() for part in text.partition("="))
    parameters = policy.tree.parameters
    if not sign or not range_:
        raise RangeError(f"`{text}` names no values: write it like small_loss=25..150:25 or small_loss=25,50,100")
    parameter = parameters.get(name)
    if parameter is None:
        near = nearest(name, parameters)
        listed = ", ".join(f"`{one}`" for one in list(parameters)[:12]) or "none"
        meant = f"did you mean `{near}`?" if near else f"it has {listed}"
        raise RangeError(f"the policy has no parameter `{name}`: {meant}")
    if not parameter.type.is_ordered or isinstance(parameter.value, tuple):
        raise RangeError(
            f"`{name}` is {parameter.type}, which has no range: only amounts, numbers, lengths of time and dates have"
        )
    found = _values(policy, parameter, range_)
    assert isinstance(parameter.value, int | Fraction)
    return Knob(parameter, tuple(sorted({*found, parameter.value})), policy.tree.currency)


def _values(policy: Policy, parameter: Parameter, text: str) -> list[Number]:
    match = _RANGE.match(text)
    if match is None:
        if ".." in text:
            raise RangeError(f"`{text}` has no step: write it like 25..150:25")
        return [_read(policy, parameter, part, text) for part in text.split(",")]
    if parameter.type.kind in ("date", "datetime"):
        raise RangeError(
            f"`{parameter.name}` is a {parameter.type}: list the values, as in {parameter.name}=2026-11-01,2026-12-01"
        )
    low, high, step = (_read(policy, parameter, match[part], text) for part in ("low", "high", "step"))
    if step <= 0 or high < low:
        raise RangeError(f"`{text}` goes nowhere: it begins below its end, and its step is more than nothing")
    count = int((high - low) // step) + 1
    if count > MOST:
        raise RangeError(f"`{text}` has {count:,} values, and {MOST} are the most: take a longer step")
    return [exact(Fraction(low + number * step)) for number in range(count)]


def _read(policy: Policy, parameter: Parameter, text: str, whole: str) -> Number:
    """Read one value; a bare number takes the unit that stands at the range's end, or else the parameter's."""
    text = text.strip()
    if not _UNIT.search(text) and parameter.type.kind in ("money", "duration", "number", "integer"):
        unit = _UNIT.search(whole.partition(":")[0]) or _UNIT.search(parameter.text.strip())
        text = (
            f"{text} {unit[0]}"
            if unit and parameter.type.kind in ("money", "duration")
            else f"{text}{unit[0] if unit else ''}"
        )
    try:
        found = read_value(text, parameter.type, policy.currencies)
    except FactProblem:
        raise RangeError(f"`{text}` is no value of `{parameter.name}`, which is {parameter.text}") from None
    assert isinstance(found, int | Fraction)
    return found


def variant(policy: Policy, settings: Sequence[tuple[Knob, Number]]) -> Policy:
    """
    Return a policy with parameters set otherwise, as if it were in force.

    Its own file is edited and loaded again, so that whatever is checked of a policy is checked of this one.

    Raises:
        PolicyError: If the policy cannot have these values.
    """
    document = policy.documents[policy.tree.document]
    for of, value in settings:
        document = _set(document, of, value)
    loaded = load_text(document.text, name=document.name, resolve=_Bases(policy.documents.values()))
    return standing(Policy(loaded))[0]


def _set(document: Document, knob_: Knob, value: Number) -> Document:
    """Return a document in which a parameter has another value: in place of its own, or over that of a policy it extends."""
    outline, written = Outline(document), _written(knob_, value)
    own = document.values.get("parameters")
    if isinstance(own, dict) and knob_.name in own:
        edit = outline.value_replaced(("parameters", knob_.name), written)
    elif outline.is_table(("parameters",)):
        edit = outline.within(("parameters",), f"{knob_.name} = {written}")
    else:
        edit = outline.appended(["[parameters]", f"{knob_.name} = {written}"])
    changed, problems = parse_document(applied(document.text, [edit]), document.name)
    assert changed is not None and not problems
    return changed


def _written(knob_: Knob, value: Number) -> str:
    """Return a value as TOML."""
    type_ = knob_.parameter.type
    if not type_.is_numeric:
        return quoted(value_text(value, type_, knob_.currency))
    if isinstance(value, int):
        return str(value)
    return format(Decimal(value.numerator) / Decimal(value.denominator), "f")


class _Bases:
    """Finds what a policy extends among the documents that it was loaded from, wherever these came from."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_name = {posixpath.normpath(document.name): document for document in documents}

    def __call__(self, name: str, current: Document, place: Place, findings: Findings) -> Document | None:
        """Return the document that a name in `extends` means."""
        shipped = f"{SHIPPED}{name}.toml"
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(current.name), name))
        for wanted in (beside, shipped, f"{beside}.toml"):
            if wanted in self._by_name:
                return self._by_name[wanted]
        # A file of a git revision has its path behind the revision's name.
        found = next((one for key, one in self._by_name.items() if key.endswith(f":{beside}")), None)
        if found is None:
            findings.report("extends-unreadable", place, name=name[:80], why="it was not part of the policy")
        return found
