"""From TOML to a checked mapping, every mistake reported with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping as Table, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from ....rules.currencies import MINOR_DIGITS
from ....rules.describe import described, shown
from ....rules.diagnostics import Findings, Place, PolicyError, TooManyFindings, nearest
from ....rules.document import Document, parse_document, read_document
from ....rules.given import FactProblem, read_fact
from ....rules.load import report_problems
from ....rules.locate import located
from ....rules.quantities import TIME_UNITS, from_python
from ....rules.types import NAMED_TYPES, TEXT, Fact
from .specs import KEYS, Spec

if TYPE_CHECKING:
    from ....engine.policy import Policy
    from ....rules.given import Currencies
    from ..chunks import Source
    from .applying import Mapped

_TABLES: Final = ("facts", "constants", "columns", "blank")
_SCALARS: Final = (str, int, Decimal)


@attrs.frozen(eq=False)
class Mapping:
    """
    A checked mapping.

    *facts* has where each fact comes from, *constants* those that are the same for all rows, as they were written, *columns* the
    names that expressions may use beside facts. *fingerprint* tells one mapping from another.
    """

    document: Document
    currencies: Currencies
    facts: Table[str, Spec]
    constants: Table[str, object]
    columns: Table[str, Spec]
    fingerprint: str

    def bound(self, source: Source) -> Mapped:
        """
        Return what makes facts of the columns of *source*.

        Raises:
            PolicyError: If the mapping does not fit to it, with all that is wrong.
        """
        from .applying import bind

        return bind(self, source)


def load_mapping(file: str | Path, policy: Policy, *others: Policy) -> Mapping:
    """
    Read a mapping for a policy from a file, or for several: a fact that two of them have is read as the first has it.

    Raises:
        PolicyError: If it cannot be used, with all that is wrong with it.
    """
    document, problems = read_document(Path(file))
    return _checked(document, problems, (policy, *others), str(file))


def read_mapping(text: str, policy: Policy, *, name: str = "mapping.toml") -> Mapping:
    r"""
    Read a mapping for a policy from its text.

    Raises:
        PolicyError: If it cannot be used, with all that is wrong with it.

    >>> from evenhand import Policy
    >>> read_mapping('[facts]\nloss = "Close Amount"', Policy.load("house")).facts["loss"].column
    'Close Amount'
    """
    document, problems = parse_document(text, name)
    return _checked(document, problems, (policy,), name)


def _checked(document: Document | None, problems: Any, policies: Sequence[Policy], name: str) -> Mapping:
    findings = Findings()
    report_problems(problems, document.name if document else name, findings)
    if document is None:
        raise PolicyError(located(findings, {}))
    facts = {name: fact for policy in reversed(policies) for name, fact in policy.tree.facts.items()}
    reader = _Reader(document, facts, policies[0].currencies, findings)
    with suppress(TooManyFindings):
        reader.read()
    if findings.has_errors:
        raise PolicyError(located(findings, {document.name: document}))
    digest = hashlib.sha256(document.text.encode()).hexdigest()
    return Mapping(document, policies[0].currencies, reader.facts, reader.constants, reader.columns, digest)


class _Reader:
    """Reads the tables of a mapping."""

    def __init__(self, document: Document, known: Table[str, Fact], currencies: Currencies, findings: Findings) -> None:
        self._values = document.values
        self._known, self._currencies, self._findings = known, currencies, findings
        self._top = Place(document.name)
        self._blank: frozenset[str] = frozenset()
        self.facts: dict[str, Spec] = {}
        self.constants: dict[str, object] = {}
        self.columns: dict[str, Spec] = {}

    def read(self) -> None:
        """Read all tables."""
        for name in self._values:
            if name not in _TABLES:
                place = attrs.evolve(self._top.inside(name), key=True)
                facts = {"name": name, "table": "a mapping", "keys": ", ".join(_TABLES)}
                self._findings.report("unknown-key", place, suggestion=nearest(name, _TABLES), **facts)
        self._blank = self._texts(self._values.get("blank", []), self._top.inside("blank"), "blank")
        for name, raw, place in self._entries("columns"):
            self._read_column(name, raw, place)
        for name, raw, place in self._entries("facts"):
            if (fact := self._fact(name, place)) is not None:
                self._add(self.facts, name, self._spec(fact, raw, place))
        for name, raw, place in self._entries("constants"):
            self._read_constant(name, raw, place)
        if not (self.facts or self.constants or len(self._findings)):
            self._findings.report(
                "missing-key", self._top, key="facts", table="a mapping", about="which column is which fact"
            )

    def _entries(self, table: str) -> Iterator[tuple[str, object, Place]]:
        """Yield what a table says by dotted name; a table without a key of a description is a group."""
        raw = self._values.get(table, {})
        place = self._top.inside(table)
        if not isinstance(raw, dict):
            self._wrong(place, table, "a table", raw)
            return
        pending: list[tuple[str, object, Place]] = [(name, inner, place.inside(name)) for name, inner in raw.items()][
            ::-1
        ]
        while pending:
            name, inner, at = pending.pop()
            is_group = isinstance(inner, dict) and inner and not set(inner) & set(KEYS) and self._is_group(name)
            if is_group and isinstance(inner, dict):
                pending += [(f"{name}.{key}", value, at.inside(key)) for key, value in inner.items()][::-1]
            else:
                yield name, inner, at

    def _is_group(self, name: str) -> bool:
        return name not in self._known and any(fact.startswith(f"{name}.") for fact in self._known)

    def _fact(self, name: str, place: Place) -> Fact | None:
        if name in self._known:
            return self._known[name]
        self._findings.report(
            "unknown-fact", attrs.evolve(place, key=True), suggestion=nearest(name, self._known), name=shown(name)
        )
        return None

    def _add(self, where: dict[str, Spec], name: str, spec: Spec | None) -> None:
        if spec is not None:
            where[name] = spec

    def _read_column(self, name: str, raw: object, place: Place) -> None:
        type_ = TEXT
        if isinstance(raw, dict) and "type" in raw:
            written = raw["type"]
            if written not in NAMED_TYPES:
                known = ", ".join(NAMED_TYPES)
                self._findings.report(
                    "unknown-type",
                    place.inside("type"),
                    suggestion=nearest(str(written), NAMED_TYPES),
                    type=shown(written),
                    types=known,
                )
                return
            type_ = NAMED_TYPES[written]
        self._add(self.columns, name, self._spec(Fact(name, type_), raw, place, is_column=True))

    def _read_constant(self, name: str, raw: object, place: Place) -> None:
        fact = self._fact(name, place)
        if fact is None:
            return
        if name in self.facts:
            self._findings.report("fact-stated-twice", attrs.evolve(place, key=True), fact=name)
        try:
            read_fact(raw, fact, self._currencies)
        except FactProblem as problem:
            named = {"fact": name, **problem.facts}
            self._findings.report(problem.code, place, suggestion=problem.suggestion, **named)
            return
        self.constants[name] = raw

    # -- one description

    def _spec(self, fact: Fact, raw: object, place: Place, *, is_column: bool = False) -> Spec | None:
        if isinstance(raw, str):
            return Spec(fact, place, column=raw, blank=self._blank)
        if not isinstance(raw, dict):
            self._wrong(place, fact.name, "the name of a column, or a table", raw)
            return None
        before = len(self._findings)
        for key in raw:
            self._check_key(key, fact, place, is_column=is_column)
        column, expression = raw.get("column"), raw.get("expression")
        if (column is None) == (expression is None) or (is_column and column is None):
            self._findings.report("column-or-expression", place, fact=fact.name)
        if len(self._findings) > before:
            return None
        return self._described(fact, raw, place)

    def _check_key(self, key: str, fact: Fact, place: Place, *, is_column: bool) -> None:
        here = attrs.evolve(place.inside(key), key=True)
        known = [name for name in KEYS if (name != "type" or is_column) and (name != "expression" or not is_column)]
        if key not in known:
            facts = {"name": key, "table": f"`{fact.name}`", "keys": ", ".join(known)}
            self._findings.report("unknown-key", here, suggestion=nearest(key, known), **facts)
        elif KEYS[key][1] and fact.type.kind not in KEYS[key][1]:
            self._findings.report("idle-mapping-key", here, key=key, fact=fact.name, type=str(fact.type))

    def _described(self, fact: Fact, raw: Table[str, object], place: Place) -> Spec | None:
        before = len(self._findings)
        spec = Spec(
            fact,
            place,
            column=self._text(raw, "column", place),
            expression=self._text(raw, "expression", place),
            blank=self._texts(raw["blank"], place.inside("blank"), "blank") if "blank" in raw else self._blank,
            values=self._translation(raw, fact, place),
            otherwise=self._target(raw["otherwise"], fact, place.inside("otherwise")) if "otherwise" in raw else None,
            formats=self._formats(raw, place),
            unit=self._one_of(raw, "unit", TIME_UNITS, place),
            currency=self._one_of(raw, "currency", MINOR_DIGITS, place),
            scale=self._scale(raw, place),
            decimal=self._one_of(raw, "decimal", (".", ","), place) or ".",
            thousands=self._text(raw, "thousands", place),
            separator=self._text(raw, "separator", place),
        )
        return spec if len(self._findings) == before else None

    def _wrong(self, place: Place, key: str, wanted: str, found: object) -> None:
        self._findings.report("wrong-kind", place, key=key, wanted=wanted, found=described(found))

    def _text(self, raw: Table[str, object], key: str, place: Place) -> str:
        value = raw.get(key, "")
        if isinstance(value, str) and (value or key not in raw):
            return value
        self._wrong(place.inside(key), key, KEYS[key][0], value)
        return ""

    def _texts(self, raw: object, place: Place, key: str) -> frozenset[str]:
        if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
            return frozenset(item.strip() for item in raw)
        self._wrong(place, key, KEYS[key][0], raw)
        return frozenset()

    def _one_of(self, raw: Table[str, object], key: str, known: Any, place: Place) -> str:
        value = self._text(raw, key, place)
        if not value or value in known:
            return value
        code = {"unit": "unknown-unit", "currency": "unknown-currency"}.get(key, "")
        if code:
            facts = {"currency": value} if key == "currency" else {"unit": value, "units": "minutes, hours, days"}
            self._findings.report(code, place.inside(key), suggestion=nearest(value, known), **facts)
        else:
            self._wrong(place.inside(key), key, KEYS[key][0], value)
        return ""

    def _scale(self, raw: Table[str, object], place: Place) -> Any:
        value = raw.get("scale")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._wrong(place.inside("scale"), "scale", KEYS["scale"][0], value)
            return None
        return from_python(value)

    def _formats(self, raw: Table[str, object], place: Place) -> tuple[str, ...]:
        value = raw.get("format", [])
        formats: Sequence[object] = value if isinstance(value, list) else [value]
        for format_ in formats:
            if not isinstance(format_, str):
                self._wrong(place.inside("format"), "format", KEYS["format"][0], value)
                return ()
            if why := format_problem(format_):
                self._findings.report("bad-date-format", place.inside("format"), format=format_, why=why)
        return tuple(str(format_) for format_ in formats)

    def _translation(self, raw: Table[str, object], fact: Fact, place: Place) -> dict[str, str] | None:
        value = raw.get("values")
        if value is None:
            return None
        if not isinstance(value, dict):
            self._wrong(place.inside("values"), "values", KEYS["values"][0], value)
            return None
        found = {key.strip(): self._target(inner, fact, place.inside("values", key)) for key, inner in value.items()}
        return {key: target for key, target in found.items() if target is not None}

    def _target(self, value: object, fact: Fact, place: Place) -> str | None:
        """Read what a cell is translated to; an empty text is a missing fact."""
        if not isinstance(value, _SCALARS):
            self._wrong(place, str(place.path[-1]), KEYS["otherwise"][0], value)
            return None
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if not text:
            return text
        try:
            read_fact(text, fact, self._currencies)
        except FactProblem as problem:
            self._findings.report(
                problem.code, place, suggestion=problem.suggestion, **{"fact": fact.name, **problem.facts}
            )
        return text


def format_problem(format_: str) -> str:
    """
    Say what is wrong with the format of a date; nothing where it is one.

    >>> format_problem("%m/%d/%Y"), format_problem("MM/DD/YYYY")
    ('', 'it names no part of a date')
    """
    import datetime as dt

    if "%" not in format_:
        return "it names no part of a date"
    moment = dt.datetime(2026, 11, 21, 10, 30, tzinfo=dt.UTC)
    try:
        back = dt.datetime.strptime(moment.strftime(format_), format_)  # noqa: DTZ007 because only the day counts
    except ValueError as error:
        return str(error)[:100].lower()
    return "" if (back.year, back.month, back.day) == (2026, 11, 21) else "year, month and day do not all stand in it"
