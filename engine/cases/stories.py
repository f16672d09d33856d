"""Stories: cases as the owner tells them, run event by event, and what came out held to what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import attrs

from ...rules.case_tree import Entry, Story
from ...rules.cases import ABSENT
from ...rules.given import FactProblem, Knowledge, flatten, read_fact
from ...rules.moments import milliseconds, moment_of
from ...rules.tree import Case as Test, Origin
from ...rules.types import Type
from ..policy import Policy
from ..trials import Mismatch, matching_rules, mismatches, written
from ..truth import is_value
from ..wording import canonical_text
from .event import Event
from .intake import opening
from .joining import LateEventError
from .keeping import as_kept
from .passing import EndlessCaseError, pass_time, run_through
from .plain import Plain
from .progress import Moment, Progress

#: What a line of a story may expect that no test of a single incident does.
OF_A_CASE: Final = frozenset({"facts", "status", "patterns", "next_steps", "open", "done", "breached", "withdrawn"})


@attrs.frozen
class Chapter:
    """One line of a story as it came out: when, what happened, and everything in which it is not as expected."""

    at: int
    entry: Entry | None
    moments: tuple[Moment, ...]
    mismatches: tuple[Mismatch, ...]
    origin: Origin


@attrs.frozen
class Telling:
    """A story as it came out."""

    story: Story
    chapters: tuple[Chapter, ...]
    progress: Progress

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not any(chapter.mismatches for chapter in self.chapters)


def tell_stories(policy: Policy) -> Iterator[Telling]:
    """Run every story of a policy."""
    for story in policy.tree.case.stories:
        yield tell(policy, story)


def tell(policy: Policy, story: Story) -> Telling:
    """Run one story; one whose patterns chase each other without end stops there, and has failed."""
    opened = milliseconds(story.opened)
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    first = opening(opened, story.given)
    chapters: list[Chapter] = []
    at, origin = opened, story.origin
    try:
        list(run_through(progress, [first]))
        _check_followed(progress)
        for entry in story.entries:
            at, origin = opened + int(entry.after * 1000), entry.origin
            chapters.append(_chapter(progress, entry, at))
            _check_followed(progress)
    except EndlessCaseError as error:
        endless = Mismatch("story", "an end", "none", str(error))
        entry_of = next((entry for entry in story.entries if entry.origin == origin), None)
        return Telling(story, (*chapters, Chapter(at, entry_of, (), (endless,), origin)), progress)
    if story.expect:
        at = chapters[-1].at if chapters else opened
        wrong = tuple(_mismatches(progress, story.expect, at, story.origin))
        chapters.append(Chapter(at, None, (), wrong, story.origin))
    surprises = tuple(_forbidden(progress, story))
    if surprises:
        chapters.append(Chapter(chapters[-1].at if chapters else opened, None, (), surprises, story.origin))
    if not any(entry.expect for entry in story.entries) and not story.expect:
        nothing = Mismatch("expect", "something", "nothing", "a story that expects nothing proves nothing")
        chapters.append(Chapter(opened, None, (), (nothing,), story.origin))
    return Telling(story, tuple(chapters), progress)


def _check_followed(progress: Progress) -> None:
    """
    See that patterns are still followed.

    Raises:
        EndlessCaseError: If they are not.
    """
    if progress.trouble is not None:
        raise EndlessCaseError(progress.trouble.message)


def _chapter(progress: Progress, entry: Entry, at: int) -> Chapter:
    try:
        moments = tuple(_told(progress, entry, at))
    except LateEventError:
        late = Mismatch(
            "after", "a later moment", "the same", "a line before it has let this moment pass: put it first"
        )
        return Chapter(at, entry, (), (late,), entry.origin)
    wrong = tuple(_mismatches(progress, entry.expect, at, entry.origin))
    return Chapter(at, entry, moments, wrong, entry.origin)


def _forbidden(progress: Progress, story: Story) -> Iterator[Mismatch]:
    """Yield a mismatch for each forbidden pattern that matched although no line of the story expects it."""
    expected = {
        id_
        for expect in (story.expect, *(entry.expect for entry in story.entries))
        for id_ in listed(expect, "patterns")
        if not id_.startswith(ABSENT)
    }
    matched = {match.pattern for match in progress.matches}
    for pattern in progress.tree.case.patterns:
        if pattern.forbidden and pattern.id in matched - expected:
            yield Mismatch("patterns", f"no {pattern.id}", pattern.id, pattern.title or "it must never match")


def _told(progress: Progress, entry: Entry, at: int) -> Iterator[Moment]:
    if not entry.raw:
        return pass_time(progress, at)
    fields = {name: as_kept(value) for name, value in entry.raw.items() if name != "kind"}
    return run_through(progress, [Event(0, at, str(entry.raw["kind"]), fields)])


def _mismatches(progress: Progress, expect: Mapping[str, Any], at: int, origin: Origin) -> Iterator[Mismatch]:
    of_the_incident = {name: value for name, value in expect.items() if name not in OF_A_CASE}
    if of_the_incident:
        decision = progress.decision(at)
        test = Test("", decision.given, of_the_incident, moment_of(at), origin)
        yield from mismatches(test, progress.tree, decision.judgement, partial(matching_rules, decision))
    for name, value in expect.items():
        if name == "facts":
            yield from _wrong_facts(progress, value, at)
        elif name == "status":
            if value != progress.status:
                yield Mismatch("status", written(value), progress.status)
        elif name in OF_A_CASE:
            yield from _unlisted(progress, name, value, at)


def _wrong_facts(progress: Progress, expected: Mapping[str, Any], at: int) -> Iterator[Mismatch]:
    known = progress.known(at)
    tree, currencies = progress.tree, progress.policy.currencies
    for name, raw in flatten(expected, tree.facts):
        fact = tree.facts[name]
        got = known.get(name, fact.assume)
        try:
            wanted = read_fact(raw, fact, currencies)
        except FactProblem:
            wanted = None  # was reported when the policy was loaded
        if got != wanted:
            yield Mismatch(name, written(raw), _known_text(got, fact.type, tree.currency))


def _known_text(got: Knowledge | None, type_: Type, currency: str) -> str:
    if got is None:
        return "not known"
    return canonical_text(got, type_, currency) if is_value(got) else "not certain"


def listed(expect: Mapping[str, object], name: str) -> list[str]:
    """Return what is expected under a name, one word or several, as a list."""
    expected = expect.get(name, [])
    return [str(item) for item in (expected if isinstance(expected, list) else [expected])]


def _unlisted(progress: Progress, name: str, expected: object, at: int) -> Iterator[Mismatch]:
    """Yield a mismatch where something expected is not there."""
    got: list[str]
    match name:
        case "patterns":
            got = [match.pattern for match in progress.matches]
        case "next_steps":
            got = [found.step.do for found in progress.next_steps(at)]
        case _:
            got = [entry.id for entry in progress.ledger if entry.state == name]
            if name == "done":
                # A step without a deadline is in no ledger, and is done all the same.
                got += [step for step in progress.facts.steps_done if progress.ledger.get("step", step) is None]
    wanted = listed({name: expected}, name)
    wrong = [item for item in wanted if (item.removeprefix(ABSENT) in got) == item.startswith(ABSENT)]
    if wrong:
        yield Mismatch(name, ", ".join(wrong), ", ".join(dict.fromkeys(got)) or "none")
    elif not wanted and got:
        yield Mismatch(name, "none", ", ".join(dict.fromkeys(got)))
