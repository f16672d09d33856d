"""One straight line of look-ups for each shape of incident: which facts, in which order, of which Python types.

Callers hand in the same facts again and again, so the loop over them can be written out: no iterator, no look-up by name. The code
is put together from numbers alone; nothing that an owner or a caller wrote becomes part of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

import attrs

from .classes import Column
from .decision import Verdict

#: A function from the facts' values to the AND of their vectors, or at once to the verdicts by decision. It raises KeyError,
#: TypeError or IndexError for incidents of any other shape.
Line: TypeAlias = "Callable[[Iterable[object]], int | dict[str, Verdict]]"

#: How many shapes are written out, the most facts in one, and how often a shape must come before it is.
SHAPES: Final = 64
LONGEST: Final = 200
WORTHWHILE: Final = 8


@attrs.frozen
class Ending:
    """
    How verdicts follow from the bits left, where none of *special* is set.

    *decisions* has for each decision its name, its clauses, and the verdicts by the number of the highest one left.
    """

    special: int
    decisions: tuple[tuple[str, int, Sequence[Verdict | None]], ...]

    def verdicts(self, bits: int) -> dict[str, Verdict]:
        """Return the verdict on each decision."""
        found = {name: made[(bits & clauses).bit_length()] for name, clauses, made in self.decisions}
        return cast("dict[str, Verdict]", found)  # because an ending has no decision that is not ready


def line(given: Mapping[str, object], columns: Mapping[str, Column], ending: Ending | None) -> Line | None:
    """Return the written-out look-ups for incidents of the shape of *given*, None where it has facts of rarer types."""
    if not 0 < len(given) <= LONGEST:
        return None
    names: dict[str, Any] = {"bisect_right": bisect_right, "wrong": _wrong}
    checks: list[str] = []
    terms: list[str] = []
    for at, (name, raw) in enumerate(given.items()):
        found, kind = columns.get(name), type(raw)
        if found is None:
            return None
        try:
            steps = found.steps[kind]
        except KeyError:
            return None
        if kind is bool:
            names[f"t{at}"], names[f"f{at}"] = found.words[True], found.words[False]
            terms.append(f"(t{at} if x{at} is True else f{at} if x{at} is False else wrong(x{at}))")
            continue
        if steps is None:
            names[f"w{at}"] = found.words
            terms.append(f"w{at}[x{at}]")
        else:
            names[f"s{at}"], names[f"v{at}"] = steps, found.vectors
            terms.append(f"v{at}[bisect_right(s{at}, x{at})]")
        if kind is int or kind is float:  # a word is found as a text or not at all, and dates compare with dates only
            names[f"k{at}"] = kind
            checks.append(f"type(x{at}) is not k{at}")
    return _written(len(given), names, checks, terms, ending)


def _wrong(raw: object) -> int:
    raise TypeError(raw)


def _written(
    count: int, names: dict[str, Any], checks: Sequence[str], terms: Sequence[str], ending: Ending | None
) -> Line:
    lines = [f"{''.join(f'x{at}, ' for at in range(count))}= values"]
    if checks:
        lines.append(f"if {' or '.join(checks)}: raise TypeError")
    lines.append(f"bits = {' & '.join(terms)}")
    if ending is None:
        lines.append(
            "return bits & -1"
        )  # a TypeError where the only fact has an impossible value, whose vector is None
    else:
        lines.append("if bits & special: return bits")
        names["special"] = ending.special
        for at, (name, clauses, made) in enumerate(ending.decisions):
            names[f"n{at}"], names[f"c{at}"], names[f"r{at}"] = name, clauses, made
        verdicts = [f"n{at}: r{at}[(bits & c{at}).bit_length()]" for at in range(len(ending.decisions))]
        lines.append(f"return {{{', '.join(verdicts)}}}")
    body = "".join(f"        {part}\n" for part in lines)
    source = f"def bound({', '.join(names)}):\n    def line(values):\n{body}    return line\n"
    space: dict[str, Any] = {}
    exec(source, {"__builtins__": {"type": type, "TypeError": TypeError}}, space)  # noqa: S102 because only numbers vary
    made_line: Line = space["bound"](**names)
    return made_line
