"""From what was counted to a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from ..decision import REFER
from .bootstrap import rate
from .kinds import Kind
from .parts import OTHERS
from .records import (
    Amounts,
    Decided,
    Duties,
    Guarded,
    Moved,
    Moves,
    Part,
    Referred,
    Report,
    Split,
)
from .showing import examples
from .sides import OPEN, MoneyValue

if TYPE_CHECKING:
    from .running import Backtest
    from .tallies import Pairs

#: The most parts of a split that are told one by one.
_PARTS: Final = 40


def assembled(job: Backtest, *, read: int, left_out: int, sampled: int, notes: tuple[str, ...]) -> Report:
    """Return everything that a job has found, as records."""
    seed = job.options.seed
    old, new = (None if side is None else side.policy for side in job.sides())
    assert new is not None
    return Report(
        new=new,
        old=old,
        read=read,
        left_out=left_out,
        sampled=sampled,
        rows=job.rows,
        bad=job.bad.rows,
        bad_kinds=job.bad.kinds(),
        changed=rate(job.changed, job.rows, seed, "changed"),
        revalued=job.revalued,
        decisions=tuple(_decided(job, decision) for decision in job.decisions),
        money=tuple(_amounts(job, money) for money in job.money),
        guards=tuple(_guards(job)),
        duties=tuple(_duties(job)),
        splits=tuple(_split(job, at) for at in range(len(job.splits))),
        agreement=tuple(
            recorded.report(
                (list(job.kinds(recorded.decision, 0)), list(job.kinds(recorded.decision, 1))), (old, new), seed
            )
            for recorded in job.recorded
        ),
        examples=tuple(examples(job)),
        seed=seed,
        notes=notes,
    )


def _decided(job: Backtest, decision: str) -> Decided:
    kinds = job.kinds(decision, 0), job.kinds(decision, 1)
    pairs = job.pairs[decision]
    matrix: Counter[tuple[str, str]] = Counter()
    for (before, now), rows in pairs.counts.items():
        matrix[kinds[0][before].outcome, kinds[1][now].outcome] += rows
    has_both = job.old is not None and all(side and decision in side.registers for side in job.sides())
    changed = job.differing[decision] if has_both else 0
    spec = next(
        side.policy.tree.decisions[decision] for side in job.sides()[::-1] if side and decision in side.registers
    )
    return Decided(
        decision,
        spec.title or decision.replace("_", " "),
        _outcomes(job, decision, matrix),
        dict(matrix),
        rate(changed, job.rows, job.options.seed, f"changed.{decision}"),
        tuple(_moves(job, decision, pairs)),
        None if job.old is None else _referred(pairs, kinds[0], 0),
        _referred(pairs, kinds[1], 1),
    )


def _outcomes(job: Backtest, decision: str, matrix: Mapping[tuple[str, str], int]) -> tuple[str, ...]:
    """Return the outcomes that occur, in the declared order, `refer` last."""
    met = {outcome for pair in matrix for outcome in pair}
    order: dict[str, None] = {}
    for side in job.sides()[::-1]:
        if side is not None and decision in side.registers:
            order.update(dict.fromkeys(side.policy.tree.decisions[decision].outcomes))
    listed = [word for word in order if word in met]
    others = sorted(met - set(order) - {REFER, ""})
    return (*listed, *others, *([REFER] if REFER in met else []))


def _moves(job: Backtest, decision: str, pairs: Pairs) -> Iterator[Moves]:
    """Yield the rules that decide any row, those that gained or lost most first."""
    kinds = job.kinds(decision, 0), job.kinds(decision, 1)
    old: Counter[str] = Counter()
    new: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for (before, now), rows in pairs.counts.items():
        one, other = kinds[0][before].rule, kinds[1][now].rule
        old[one] += rows
        new[other] += rows
        kept[one] += rows if one == other else 0
    titles = {rule.id: rule.title for side in job.sides() if side for rule in side.policy.tree.rules}
    found = [
        Moves(rule, titles.get(rule, ""), old[rule], new[rule], new[rule] - kept[rule], old[rule] - kept[rule])
        for rule in {**old, **new}
        if rule
    ]
    yield from sorted(found, key=lambda one: (-(one.gained + one.lost), -one.new, one.rule))


def _referred(pairs: Pairs, kinds: Sequence[Kind], side: int) -> Referred:
    why: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for pair, rows in pairs.counts.items():
        kind = kinds[pair[side]]
        if kind.refers:
            why[kind.status] += rows
            for fact in kind.missing:
                missing[fact] += rows
    return Referred(why.total(), dict(why.most_common()), dict(missing.most_common()))


def _amounts(job: Backtest, money: MoneyValue) -> Amounts:
    ledger = job.ledgers[money]
    old, new, difference = ledger.all.sums(job.options.seed, money.column)
    side = job.new if money in job.new.money else job.old
    assert side is not None
    return Amounts(
        money.decision,
        money.value,
        side.policy.tree.currency,
        old,
        new,
        difference,
        *ledger.shares(),
        ledger.rows(old=OPEN),
        ledger.rows(new=OPEN),
        ledger.moved if job.old is not None else 0,
    )


def _guards(job: Backtest) -> Iterator[Guarded]:
    """Yield the red lines of both policies."""
    titles = {guard.id: guard.title or guard.text for side in job.sides() if side for guard in side.policy.tree.guards}
    for guard, title in titles.items():
        figures = [
            _figure(job, column, side, guard, None if held is None else {one.id for one in held.policy.tree.guards})
            for column in ("breaches", "possible_breaches")
            for side, held in enumerate(job.sides())
        ]
        yield Guarded(guard, title, *figures)


def _duties(job: Backtest) -> Iterator[Duties]:
    titles = {id_: duty.title for side in job.sides() if side for id_, duty in side.policy.tree.obligations.items()}
    for id_, title in titles.items():
        figures = [
            _figure(job, "obligations", side, id_, None if held is None else set(held.policy.tree.obligations))
            for side, held in enumerate(job.sides())
        ]
        if any(figures):
            yield Duties(id_, title, *figures)


def _figure(job: Backtest, column: str, side: int, id_: str, known: set[str] | None) -> int | None:
    """Return on how many rows something is there, None where that side does not know it."""
    if known is None or id_ not in known:
        return None
    return job.words.get((column, side), Counter())[id_]


@attrs.define
class _Counts:
    """Rows of one part: how many, how many changed, how many are left to a human."""

    rows: int = 0
    changed: int = 0
    referred: int = 0


def _split(job: Backtest, at: int) -> Split:
    columns = job.splits[at]
    counts: dict[int, _Counts] = {}
    for (part, has_changed, refers), rows in job.parts[at].counts.items():
        held = counts.setdefault(part, _Counts())
        held.rows += rows
        held.changed += rows * has_changed
        held.referred += rows * refers
    untold = counts.pop(OTHERS, _Counts()).rows
    parts = sorted(counts, key=lambda part: (-counts[part].rows, columns.of(part)))
    told = [_part(job, at, part, counts[part]) for part in parts[:_PARTS]]
    return Split(columns.names, tuple(told), len(parts) - len(told), untold)


def _part(job: Backtest, at: int, part: int, counts: _Counts) -> Part:
    columns, seed = job.splits[at], job.options.seed
    name = f"{','.join(columns.names)}={columns.of(part)}"
    money: list[Moved] = []
    for value, ledger in job.ledgers.items():
        heap = ledger.parts[at].get(part)
        side = job.new if value in job.new.money else job.old
        assert side is not None
        if heap is not None:
            _, _, difference = heap.sums(seed, f"{name}.{value.column}")
            money.append(Moved(value.value or value.decision, side.policy.tree.currency, difference, heap.new))
    return Part(
        columns.of(part),
        counts.rows,
        rate(counts.changed, counts.rows, seed, f"{name}.changed"),
        rate(counts.referred, counts.rows, seed, f"{name}.referred"),
        tuple(money),
    )
