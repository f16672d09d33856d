"""What it costs to follow the patterns of cases: events a second, on each correlator."""

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

from evenhand.engine.cases.correlate import Correlation, Happened, Learned
from evenhand.engine.cases.durable import Durable, Worker
from evenhand.engine.cases.joining import Joiner
from evenhand.engine.cases.plain import Plain
from evenhand.rules.case_tree import Element, Pattern
from evenhand.rules.check import Checker, Scope
from evenhand.rules.diagnostics import Findings, Place
from evenhand.rules.event_kinds import EVENT_KINDS
from evenhand.rules.given import Currencies
from evenhand.rules.normal import Normalizer
from evenhand.rules.syntax import parse_condition
from evenhand.rules.tree import ALWAYS, NormalForm, Origin
from evenhand.rules.types import Fact

from .report import Reach, Section, micros, number, table
from .timing import Entry, race

#: Events of one case, and how many of them are in the longest window.
LENGTHS = (20, 200)
DAY = 86_400
Spec = tuple[str, str, str, int, str]
#: Alias, kind, `where`, count, distinct.
PATTERNS: dict[str, tuple[int, tuple[Spec, ...]]] = {
    "pile-on": (DAY, (("post", "post_seen", "views >= 1_000", 3, "author"),)),
    "flare-up": (
        DAY,
        (
            ("low", "post_seen", "", 1, ""),
            ("high", "post_seen", "post = low.post and views >= low.views + 5_000", 1, ""),
        ),
    ),
    "provoked": (
        DAY,
        (
            ("first", "message_received", "abuse >= rude", 1, ""),
            ("ours", "message_sent", "", 1, ""),
            ("again", "message_received", "author = first.author and abuse > first.abuse", 1, ""),
        ),
    ),
    "turned-down-twice": (7 * DAY, (("offer", "offer_declined", "", 2, ""),)),
}


def _form(text: str, facts: dict[str, Fact]) -> NormalForm:
    if not text:
        return ALWAYS
    scope = Scope(facts, {}, {}, {}, Currencies("USD"))
    condition = Checker(scope, Findings(), Place("benchmark")).condition(parse_condition(text))
    return Normalizer(scope.universe).normal_form(condition)


def pattern(id_: str, within: int, specs: tuple[Spec, ...]) -> Pattern:
    """Make a pattern as the checked tree has it."""
    scope: dict[str, Fact] = {}
    elements = []
    for alias, kind, where, count, distinct in specs:
        fields = dict(EVENT_KINDS[kind].fields)
        form = _form(where, {**scope, **fields})
        elements.append(Element(alias, kind, form, fields, count=count, distinct=distinct))
        scope.update((f"{alias}.{name}", fact) for name, fact in fields.items())
    return Pattern(id_, id_, tuple(elements), Fraction(within), ALWAYS, {}, "", "", Origin("benchmark", ()))


def events(count: int, case: int) -> Iterator[Happened]:
    """Yield the events of one case, each some minutes after the one before."""
    for seq in range(1, count + 1):
        at = seq * 720_000
        author = f"author {(seq * 7 + case) % 5}"
        match seq % 4:
            case 0:
                views = (seq * 997 + case) % 9_000
                yield Happened(seq, at, "post_seen", {"post": f"post {seq % 3}", "author": author, "views": views})
            case 1:
                abuse = ("none", "none", "rude", "none", "hostile")[(seq + case) % 5]
                yield Happened(seq, at, "message_received", {"author": author, "abuse": abuse})
            case 2:
                yield Happened(seq, at, "message_sent", {"author": "us"})
            case _:
                yield Happened(seq, at, "offer_declined" if seq % 40 == 3 else "offer_made", {"offer": f"offer {seq}"})


def follow(joiner: Joiner, patterns: list[Pattern], name: Callable[[], str]) -> Callable[[list[list[Happened]]], int]:
    """Return what follows some cases from their first event to their last."""

    def run(cases: list[list[Happened]]) -> int:
        matches = 0
        for case in cases:
            correlation, fold = Correlation(patterns, joiner, {}, case=name()), Learned()
            for event in case:
                correlation.advance(event, fold)
            matches += len(correlation.matches)
            joiner.drop(correlation.case)
        return matches

    return run


def _same(cases: list[list[Happened]], _: int) -> list[list[Happened]]:
    return cases


def measure(rounds: int = 9) -> Section:
    """Time the same cases on both correlators."""
    patterns = [pattern(id_, within, specs) for id_, (within, specs) in PATTERNS.items()]
    worker = Worker(patience=20)
    there = worker.is_ready(20)
    joiners: dict[str, Joiner] = {"plain": Plain(patterns)}
    if there:
        joiners["durable_rules"] = Durable(patterns, worker=worker)
    names = itertools.count()
    ready: dict[tuple[str, int], Entry] = {}
    found: dict[int, set[int]] = {}
    for length in LENGTHS:
        for label, joiner in joiners.items():
            run = follow(joiner, patterns, lambda: f"case {next(names)}")
            size = 400 // length
            cases = [list(events(length, case)) for case in range(size)]
            found.setdefault(length, set()).add(run(cases))
            ready[label, length] = Entry(partial(_same, cases), run, 400)
    assert all(len(same) == 1 for same in found.values()), found
    timed = race(ready, rounds=rounds, sample=0.2, repeats=5)
    worker.close()
    rows = [
        (
            f"{label}, {length} events a case",
            micros(timed[label, length].least),
            micros(timed[label, length].median),
            number(1 / timed[label, length].median),
            f"{next(iter(found[length])):,}",
        )
        for label, length in ready
    ]
    head = ("correlator", "least, an event", "median, an event", "events a second", "matches in 400 events")
    tables = [table(head, rows)]
    if not there:
        tables.append(f"durable_rules was not measured: {worker.missing or worker.failures}.")
    reaches = (
        Reach("plain, 200 events a case", 2_000, 1 / timed["plain", 200].median, "events a second", at_least=True),
    )
    return Section("cases", tuple(tables), reaches)
