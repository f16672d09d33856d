"""A policy as callers hold it: loaded once, immutable, asked many times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from time import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import attrs

from ..rules.incident import DECISIONS, Incident, Shape
from ..rules.vocabulary import given_in
from .decision import Breach, Judgement, Verdict
from .force import moment

# What loads and compiles policies is imported when the first one is loaded: it takes as long as all the rest.
if TYPE_CHECKING:
    from pathlib import Path

    from ..rules.diagnostics import Diagnostic
    from ..rules.document import Document
    from ..rules.given import Currencies, Knowledge
    from ..rules.load import Loaded
    from ..rules.tree import DecisionSpec, Obligation, PolicyTree
    from .explain import Explanation
    from .index import Found, Index
    from .records import Record
    from .shapes import Line


@attrs.frozen
class Duty:
    """An obligation that a decision brings: what, by whom, and *due* by when (None where no deadline is set)."""

    obligation: Obligation
    due: dt.datetime | None

    @property
    def id(self) -> str:
        """The obligation's id."""
        return self.obligation.id

    @property
    def title(self) -> str:
        """What is to be done."""
        return self.obligation.title

    @property
    def by(self) -> str:
        """Who does it."""
        return self.obligation.by

    @property
    def within(self) -> dt.timedelta | None:
        """How long there is to do it."""
        seconds = self.obligation.within
        return None if seconds is None else dt.timedelta(microseconds=round(seconds * 1_000_000))


class _Made:
    """A decision as it is made: plain slots, filled at once; it becomes a `Decision`, which cannot be changed."""

    __slots__ = ("__dict__", "_as_of", "_found", "_given", "policy")

    def __init__(self, policy: Policy, found: Found, given: Mapping[str, object], as_of: dt.date | float) -> None:
        self.policy = policy
        self._found = found
        self._given = given
        self._as_of = as_of
        # So that `decision.refund` is a look-up and nothing more:
        self.__dict__ = found if isinstance(found, dict) else dict(found.verdicts)
        self.__class__ = Decision  # pyright: ignore[reportAttributeAccessIssue]  # because the slots are the same


class Decision(_Made):
    """
    What a policy decides about one incident.

    Each decision of the policy is an attribute: `decision.refund`, `decision.walk_away`, each a `Verdict`; or a key, as in
    `decision["refund"]`.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a decision cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a decision cannot be changed")

    @property
    def as_of(self) -> dt.date:
        """The day or the moment of the decision."""
        if isinstance(self._as_of, dt.date):
            return self._as_of
        return dt.datetime.fromtimestamp(self._as_of, dt.UTC)

    def __getattr__(self, name: str) -> Verdict:
        raise AttributeError(f"the policy has no decision {name!r}")

    def __getitem__(self, name: str) -> Verdict:
        verdict: Verdict = self.__dict__[name]
        return verdict

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.__dict__.values())

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.__dict__]

    @property
    def judgement(self) -> Judgement:
        """Everything that was decided, as one value."""
        found = self._found
        if isinstance(found, Judgement):
            return found
        if not isinstance(found, dict):
            return found.judgement
        from .guards import duties

        return Judgement(found, *duties(self.policy.tree, found, ()))

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdict on each question, by decision."""
        return MappingProxyType(self.__dict__)

    @property
    def outcomes(self) -> dict[str, Any]:
        """The outcome of each decision."""
        return {name: verdict.outcome for name, verdict in self.__dict__.items()}

    @property
    def values(self) -> dict[str, Any]:
        """All values that go with the outcomes, by name."""
        return {name: value for verdict in self for name, value in verdict.values.items()}

    @property
    def given(self) -> Mapping[str, object]:
        """The facts that the decision was made on, as they were handed in, by dotted name."""
        return dict(self._given)

    @property
    def obligations(self) -> tuple[Duty, ...]:
        """What is to be done, by whom, by when."""
        return tuple(self._duty(id_) for id_ in self.judgement.obligations)

    @property
    def possible_obligations(self) -> tuple[Duty, ...]:
        """What may have to be done, for want of a fact."""
        return tuple(self._duty(id_) for id_ in self.judgement.possible_obligations)

    def _duty(self, id_: str) -> Duty:
        obligation = self.policy.tree.obligations[id_]
        duty = Duty(obligation, None)
        if duty.within is None:
            return duty
        try:
            return attrs.evolve(duty, due=moment(self.as_of) + duty.within)
        except OverflowError:  # past the end of the calendar
            return duty

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """The red lines that are, or may be, broken."""
        return self.judgement.breaches

    @property
    def assumed(self) -> tuple[str, ...]:
        """
        The missing facts whose assumption the decision rests on: without it, something would be decided otherwise or not at all.

        `judgement.assumed` has all that were taken.
        """
        judgement = self.judgement
        if not judgement.assumed:
            return ()
        from .assumptions import bearing

        policy, as_of = self.policy, self.as_of
        known = policy.read(self._given)
        return tuple(bearing(judgement, policy.tree.facts, known, lambda changed: policy.judge(changed, as_of)))

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that would settle what is not settled, most useful first."""
        waiting: dict[str, int] = {}
        for verdict in self:
            for rank, name in enumerate(verdict.missing):
                waiting[name] = waiting.get(name, 0) + max(8 - rank, 1)
        return tuple(sorted(waiting, key=lambda name: -waiting[name]))

    @property
    def is_settled(self) -> bool:
        """Whether the policy has decided every question."""
        return all(verdict.is_settled for verdict in self)

    def explain(self) -> Explanation:
        """Return why it was decided so, why not otherwise, and what would change it; each is worked out when asked for."""
        from .explain import Explanation  # because most decisions are never explained

        return Explanation(self)

    def record(self, *, time: dt.datetime | None = None, id: str | None = None) -> Record:  # noqa: A002 because a record has an id
        """Return the decision as an entry for the books, which can be replayed; *time* is when it was made, now unless said."""
        from .records import record_of  # because most decisions are never recorded

        return record_of(self, time=time, id_=id)

    def __repr__(self) -> str:
        return f"Decision({', '.join(f'{name}={outcome!r}' for name, outcome in self.outcomes.items())})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Decision) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(repr(self._key()))

    def _key(self) -> tuple[object, ...]:
        return self.policy.content_hash, self.judgement, dict(self._given), self.as_of


class Policy:
    """
    A checked policy, immutable and safe to share among threads.

    >>> policy = Policy.loads('''
    ... [policy]
    ... id = "corner-cafe"
    ... [[rule]]
    ... id = "small-loss"
    ... when = "loss <= 50 USD and abuse <= rude"
    ... then.refund = "full"
    ... because = "It costs less than the argument."
    ... ''')
    >>> policy.decide(Incident(loss="4.50 USD", abuse="none")).refund.outcome
    'full'
    """

    __slots__ = ("_currencies", "_documents", "_index", "_lines", "tree", "warnings")

    tree: PolicyTree
    warnings: tuple[Diagnostic, ...]
    _currencies: Currencies
    _index: Index
    _lines: Mapping[tuple[str, ...] | Shape, Line]
    _documents: Mapping[str, Document]

    def __init__(self, loaded: Loaded) -> None:
        tree = loaded.tree
        from ..rules.given import Currencies
        from .index import Index

        index = Index(tree)
        for name, value in (
            ("tree", tree),
            ("warnings", loaded.warnings),
            ("_documents", loaded.documents),
            ("_currencies", Currencies(tree.currency, tree.rates)),
            ("_index", index),
            ("_lines", index.lines),
        ):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a policy cannot be changed: load another one")

    @classmethod
    def load(
        cls, path: str | Path, *, vocabulary: type = Incident, decisions: Mapping[str, DecisionSpec] = DECISIONS
    ) -> Policy:
        """
        Load a policy from a TOML file, or a shipped pack by its id.

        *vocabulary* is the attrs class that the built-in facts are read off; *decisions* are those that every policy has.

        Raises:
            PolicyError: If the policy cannot be used; with all that is wrong with it.

        >>> Policy.load("house").id
        'house'
        """
        from ..rules.collector import collector_paused
        from ..rules.load import load_file

        with collector_paused():
            return cls(load_file(path, vocabulary_class=vocabulary, decisions=decisions))

    @classmethod
    def loads(
        cls,
        text: str,
        *,
        name: str = "policy.toml",
        folder: str | Path | None = None,
        vocabulary: type = Incident,
        decisions: Mapping[str, DecisionSpec] = DECISIONS,
    ) -> Policy:
        """
        Load a policy from TOML text; *name* stands in diagnostics, paths in `extends` are looked up in *folder*.

        Raises:
            PolicyError: If the policy cannot be used; with all that is wrong with it.
        """
        from ..rules.collector import collector_paused
        from ..rules.load import load_text

        with collector_paused():
            return cls(load_text(text, name=name, folder=folder, vocabulary_class=vocabulary, decisions=decisions))

    @property
    def id(self) -> str:
        """The policy's id."""
        return self.tree.id

    @property
    def title(self) -> str:
        """The policy's title, or its id."""
        return self.tree.title or self.tree.id

    @property
    def version(self) -> str:
        """The version that its owner gave it."""
        return self.tree.version

    @property
    def content_hash(self) -> str:
        """The SHA-256 of all that it is made of, extended policies included."""
        return self.tree.content_hash

    @property
    def documents(self) -> Mapping[str, Document]:
        """The TOML documents that it is made of, by name."""
        return self._documents

    @property
    def index(self) -> Index:
        """The compiled form that decides."""
        return self._index

    @property
    def currencies(self) -> Currencies:
        """The policy's currency, and its rates for others."""
        return self._currencies

    def read(self, facts: object) -> dict[str, Knowledge]:
        """
        Check and read facts as canonical values.

        Raises:
            FactError: If a fact is unknown, of the wrong type or out of its range; all of them at once.
        """
        from ..rules.given import read_given

        return read_given(stated(facts), self.tree.facts, self._currencies)

    def judge(self, known: Mapping[str, Knowledge], as_of: dt.date) -> Judgement:
        """Decide on canonical facts, as `read` returns them, and return everything as one value."""
        return self._index.decide(known, as_of)

    def decide(self, facts: object, *, as_of: dt.date | None = None) -> Decision:
        """
        Decide what an incident calls for.

        *facts* is an `Incident` (or another instance of the policy's vocabulary), or a mapping, nested or with dotted names.
        *as_of* is the day or the moment of the decision; now unless said otherwise.

        Raises:
            FactError: If a fact is unknown, of the wrong type or out of its range; all of them at once.

        >>> Policy.load("house").decide({"abuse": "violent", "fault": "customer", "verified": True}).walk_away.outcome
        'ban'
        """
        given: Any
        if type(facts) is Incident:
            # An incident cannot be changed: what it holds needs no copy.
            given, shape, values = facts._given, facts._shape, facts._values  # noqa: SLF001 because this is the hot path
        else:
            given = facts.copy() if type(facts) is dict else stated(facts)
            shape, values = tuple(given), given.values()  # type: ignore[assignment]  # because either finds the line
        try:
            found: Any = self._lines[shape](values)
        except (KeyError, TypeError, IndexError):  # a new shape, another type than usual, or a mistake
            given, as_of = snapshot(given), as_of or dt.datetime.now(dt.UTC)
            found = self._index.decide_new(given, as_of)
        if type(found) is int:
            as_of = as_of or dt.datetime.now(
                dt.UTC
            )  # one moment for all that may still be made, whenever it is asked for
            found = self._index.decide_bits(found, given, as_of)
        made: Any = _Made(self, found, given, time() if as_of is None else as_of)
        return made  # type: ignore[no-any-return]  # because it has become a Decision

    def decide_table(
        self,
        table: object,
        *,
        as_of: dt.date | str | None = None,
        threads: int | None = None,
        on_error: Literal["raise", "null"] = "raise",
        keep: Collection[str] = (),
        ignore: Collection[str] = (),
    ) -> Any:
        """
        Decide every row of a table, and return the answers as an Arrow table (`pyarrow.Table`); needs `evenhand[columns]`.

        *table* is anything that speaks Arrow: pandas, Polars, DuckDB, PyArrow, a stream of record batches. A column is the fact of
        its name, dotted or in a struct column; a null is a fact that is missing. *as_of* is the moment of all decisions, or the
        name of a column that has each row's. Columns to *keep* are carried over in front of the answers; those to *ignore* are
        left out. With *on_error* "null", a row with something wrong about it has no answers and says why under `problems`. So many
        *threads* work, 1 or more; one on each processor unless said otherwise.

        Raises:
            FactError: If a column is no fact, or (unless *on_error* is "null") a row has something wrong about it.
            TableError: If it is no table, a column that was named is not there, or an option makes no sense.
            ColumnsMissingError: If pyarrow is not installed, or numba where there are many rows.

        >>> import pyarrow as pa
        >>> cases = pa.table({"case": [1, 2], "abuse": ["violent", "none"], "fault": ["customer", "business"]})
        >>> Policy.load("house").decide_table(cases, keep=["case"]).select(["case", "refund"]).to_pylist()
        [{'case': 1, 'refund': 'deny'}, {'case': 2, 'refund': 'refer'}]
        """
        from .columns.tables import decide_table

        return decide_table(self, table, as_of=as_of, threads=threads, on_error=on_error, keep=keep, ignore=ignore)

    def sql(
        self,
        dialect: str,
        *,
        table: str = "incidents",
        key: Iterable[str] = (),
        columns: Mapping[str, str] | None = None,
        without: Iterable[str] = (),
        given: Iterable[str] = (),
        checked: Iterable[str] = (),
        as_of: dt.date | str | None = None,
        reasons: bool = False,
    ) -> str:
        """
        Write the policy as one query that decides every row of *table* in the database; needs `evenhand[columns]`.

        *dialect* is duckdb, spark, postgres, bigquery or snowflake. A column is the fact of its name, unless *columns* says
        otherwise; NULL is a fact that is missing, and facts *without* a column are missing everywhere. Those *given* are never
        NULL, and those *checked* are right whenever they are known: rely on it, and the query is leaner. The answer keeps the columns
        of *key*, all where none are named. *as_of* is the moment of all decisions, or the name of a column that has each row's; now
        unless said otherwise. With *reasons*, the owner's reason stands beside each outcome.

        Raises:
            SqlError: If the dialect cannot say all of it exactly; every reason at once, with its place.
            SqlMissingError: If sqlglot is not installed.

        >>> import duckdb
        >>> duck = duckdb.connect()
        >>> made = duck.execute("CREATE TABLE claims (id INT, abuse TEXT, fault TEXT)")
        >>> made = duck.execute("INSERT INTO claims VALUES (1, 'violent', 'customer'), (2, 'none', 'business')")
        >>> policy = Policy.load("house")
        >>> unknown = policy.tree.asked - {"abuse", "fault"}
        >>> query = policy.sql("duckdb", table="claims", key=["id"], without=unknown)
        >>> duck.execute(f"SELECT id, refund FROM ({query}) ORDER BY id").fetchall()
        [(1, 'deny'), (2, 'refer')]
        """
        from .sql import sql_of

        return sql_of(
            self,
            dialect,
            table=table,
            key=key,
            columns=columns,
            without=without,
            given=given,
            checked=checked,
            as_of=as_of,
            reasons=reasons,
        )

    def __repr__(self) -> str:
        return f"Policy({self.id!r}, version={self.version!r})"


def snapshot(raw: Any) -> Any:
    """Return what was handed in with its tables and lists copied, so that nobody can change it while a decision rests on it."""
    if isinstance(raw, Mapping):
        return {name: snapshot(inner) for name, inner in raw.items()}
    return tuple(map(snapshot, raw)) if isinstance(raw, list) else raw


def stated(facts: object) -> Mapping[str, object]:
    """Return what was handed in as a mapping: an incident by what it states."""
    if isinstance(facts, Incident):
        return facts.given
    if isinstance(facts, Mapping):
        return dict(facts)
    if attrs.has(type(facts)):
        return given_in(facts)
    kind = type(facts).__name__
    raise TypeError(f"an incident is an Incident or a mapping of facts, not {kind}")
