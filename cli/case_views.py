"""Cases on the terminal: what is known, decided, owed, and to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..engine.cases.ledger import Owed
from ..engine.cases.planning import NextStep
from ..engine.truth import is_value
from ..engine.wording import canonical_text, outcome_text
from ..rules.case_tree import Pattern
from .case_timeline import clock, print_moment
from .english import spaced, title_of
from .terminal import Output, Piece, Words, cells, counted, out, padded

if TYPE_CHECKING:
    from ..engine.cases.arriving import Arrived
    from ..engine.cases.case import Case
    from ..engine.cases.erasing import Erasure
    from ..engine.cases.foresight import NotNow
    from ..engine.cases.replies import Objection
    from ..engine.cases.store import Head, LedgerRow

_STYLES = {
    "open": "warning",
    "done": "good",
    "breached": "bad",
    "withdrawn": "dim",
    "monitored": "warning",
    "closed": "dim",
}
#: How many questions are shown at once.
_MOST_QUESTIONS = 3


# --- one case --------------------------------------------------------------------------------------------------------


def print_case(case: Case) -> None:
    """Write everything about a case."""
    output = out()
    head = f"{case.id}  "
    until = case.progress.watch.until
    watched = f" until {clock(until)}" if case.status == "monitored" and until is not None else ""
    status = Piece(f"{case.status}{watched}", _STYLES[case.status])
    output.line(Piece(head, "title"), status, Piece(f"  {case.policy.id}", "dim"))
    output.line()
    output.line(Piece("What happened", "strong"), Piece("  (times are in UTC)", "dim"))
    for moment in case.timeline:
        print_moment(output, moment, case.policy, numbered=True)
    print_state(case)


def print_trouble(case: Case, output: Output) -> None:
    """Write why patterns are not followed any more, if they are not."""
    trouble = case.trouble
    if trouble is None:
        return
    since = f"since {clock(trouble.at)}{f' (#{trouble.seq})' if trouble.seq else ''}"
    said = f"{since}: {trouble.message}. Events, duties and decisions go on without them; mend the policy."
    output.line(Piece("Patterns are not followed any more ", "bad"), said, hang=2)


def print_state(case: Case) -> None:
    """Write what is known, decided, owed and to be done now."""
    output = out()
    if case.trouble is not None:
        output.line()
        print_trouble(case, output)
    output.line()
    output.line(Piece("What is known", "strong"))
    facts = known_texts(case)
    width = max((cells(name) for name in facts), default=0)
    for name, text in facts.items():
        head = f"  {padded(name, width)}  "
        output.line(head, text, hang=cells(head))
    output.line()
    output.line(Piece("What is decided", "strong"))
    for verdict in case.decision:
        head = f"  {padded(title_of(verdict.spec), 14)} "
        style = "outcome" if verdict.is_settled else "refer"
        why = verdict.because or (f"it depends on {', '.join(verdict.missing)}" if verdict.missing else "")
        output.line(head, Piece(outcome_text(verdict), style), f"  {why}", hang=cells(head))
    _print_questions(output, case)
    _print_ledger(output, case.obligations, case.now)
    _print_steps(output, case.next_steps)
    _print_not_now(output, case.not_now)


def known_texts(case: Case) -> dict[str, str]:
    """Return what is known of a case, each value as the language reads it; times to the minute."""
    tree = case.policy.tree
    found: dict[str, str] = {}
    for name, what in case.progress.known(case.now).items():
        type_ = tree.facts[name].type
        if type_.kind == "duration" and isinstance(what, int | Fraction):
            what = int(what) // 60 * 60
        if is_value(what):
            found[name] = canonical_text(what, type_, tree.currency)
        else:
            found[name] = str(case.facts[name])
    return found


def _print_questions(output: Output, case: Case) -> None:
    """Write what to ask where something is not decided for want of a fact, the most useful first."""
    facts = case.policy.tree.facts
    names = dict.fromkeys(name for verdict in case.decision if not verdict.is_settled for name in verdict.missing)
    asked = [(name, facts[name].ask) for name in names if facts[name].ask][:_MOST_QUESTIONS]
    if not asked or case.status == "closed":
        return
    output.line()
    output.line(Piece("What to ask", "strong"), Piece(f"  (then: record {case.id} fact_learned NAME=…)", "dim"))
    for name, ask in asked:
        head = f"  {name}  "
        output.line(Piece(head, "name", whole=True), ask, hang=cells(head))


def _print_ledger(output: Output, entries: Sequence[Owed], now: int) -> None:
    if not entries:
        return
    output.line()
    output.line(Piece("What is owed", "strong"))
    for entry in sorted(entries, key=lambda entry: (entry.state != "open", entry.due_at or now)):
        overdue = entry.is_overdue(now)
        state = "overdue" if overdue else entry.state
        head = f"  {padded(state, 9)} "
        due = f"due {clock(entry.due_at)}" if entry.due_at is not None and entry.state == "open" else ""
        style = "bad" if overdue else _STYLES[entry.state]
        output.line(Piece(head, style, whole=True), entry.title or entry.id, hang=cells(head))
        # What is done is recorded by its id, so that stands there.
        notes = ", ".join(note for note in (due, entry.by, f"{entry.kind} {entry.id}") if note)
        output.line(" " * cells(head), Piece(notes, "dim"), hang=cells(head))


def _print_steps(output: Output, steps: Sequence[NextStep]) -> None:
    if not steps:
        return
    output.line()
    output.line(Piece("What to do next", "strong"))
    for found in steps:
        head = f"  {found.step.do}  "
        waits = f"  (after {', '.join(found.waits_for)})" if found.waits_for else ""
        output.line(Piece(head, "name", whole=True), found.step.title, Piece(waits, "dim"), hang=cells(head))
        for pattern in found.forbidden:
            output.line(" " * cells(head), Piece("not now: ", "bad", whole=True), _said(pattern), hang=cells(head) + 2)


def _print_not_now(output: Output, found: Sequence[NotNow]) -> None:
    if not found:
        return
    output.line()
    output.line(Piece("What not to do now", "strong"))
    for one in found:
        head = f"  {one.kind}  "
        for pattern in one.patterns:
            output.line(Piece(head, "bad", whole=True), _said(pattern), hang=cells(head))


def _said(pattern: Pattern) -> str:
    because = f"  {pattern.because}" if pattern.because else ""
    return f"{pattern.title or pattern.id} ({pattern.id}){because}"


def print_erasure(id_: str, found: Erasure) -> None:
    """Write what was erased, what is not owed any more because of it, and where it may still be read."""
    output = out()
    output.line(f"erased: {counted(len(found.events), 'event')} of {id_}")
    for entry in found.lost:
        output.line(f"not owed any more: {entry.title or entry.id}", hang=2)
    if found.sent:
        were = "messages that say it have" if found.sent > 1 else "message that says it has"
        output.line(Piece(f"{found.sent} {were} left already", "warning"))
    for left in found.remainders:
        where = f"#{left.seq} {spaced(left.kind)}"
        output.line(Piece(f"still said in {where}: ", "warning"), left.field, hang=2)


def print_arrived(found: Arrived) -> None:
    """Write that a case was taken over, and how far what stood beside its log could be checked."""
    output = out()
    output.line(Piece(found.case, "title"))
    for phrase in found.wrong:
        output.line(Piece("  mended from the log: ", "bad"), phrase, hang=4)
    if not found.is_checked:
        said = f"ledger, timers and status, because its policy {found.policy or '(it names none)'} cannot be used here:"
        output.line(Piece("  taken unchecked: ", "warning"), f"{said} name it with --policy", hang=4)
    if found.left_behind:
        said = f"{counted(found.left_behind, 'message')} that had not left the other store; --messages brings them"
        output.line(Piece("  left behind: ", "warning"), said, hang=4)


# --- several cases ---------------------------------------------------------------------------------------------------


def print_heads(heads: Sequence[Head], ledgers: Mapping[str, Sequence[LedgerRow]], now: int, *, overdue: bool) -> None:
    """Write a line for each case."""
    output = out()
    if not heads:
        output.line("nothing is overdue" if overdue else "there are no such cases")
        return
    width = max(cells(head.case) for head in heads)
    for head in heads:
        rows = [row for row in ledgers[head.case] if row.state == "open"]
        late = sum(row.is_overdue(now) for row in rows)
        words: list[Words] = [
            Piece(f"{padded(head.case, width)}  ", "title"),
            Piece(padded(head.status, 9), _STYLES[head.status]),
            f"  {clock(head.last_at)}" if head.last_at is not None else "",
            f"  {counted(head.version, 'event')}",
            f", {len(rows)} owed" if rows else "",
        ]
        output.line(*words, Piece(f", {late} overdue" if late else "", "bad"))


# --- replies ---------------------------------------------------------------------------------------------------------


def print_objections(text: str, objections: Sequence[Objection]) -> None:
    """Write what speaks against a draft, the words that it is about marked."""
    output = out()
    if not objections:
        output.line(Piece("nothing speaks against it", "good"))
        return
    for objection in objections:
        output.line(Piece(f"{objection.problem}: ", "bad", whole=True), objection.message, hang=2)
        if objection.start is not None and objection.end is not None and objection.problem == "forbidden":
            before, after = text[max(objection.start - 30, 0) : objection.start], text[objection.end :][:30]
            words = text[objection.start : objection.end]
            output.line("  …", before, Piece(words, "bad"), after, "…")
        if objection.because:
            output.line(f"  because: {objection.because}", hang=11)
        if objection.instead:
            output.line(f"  instead: {objection.instead}", hang=11)
    output.line(counted(len(objections), "objection"))
