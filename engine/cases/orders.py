"""Orders: whether the policy itself can lead to what must never happen, whatever order the events of its stories come in."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from ...rules.case_tree import Pattern, Story
from ...rules.moments import milliseconds
from ..policy import Policy
from .allowed import REGULATED, asked_for
from .correlate import Match
from .event import Event
from .intake import opening
from .keeping import as_kept
from .passing import pass_time, run_through
from .plain import Plain
from .progress import Progress

#: How far apart two events are at least, in milliseconds, and how far those are for which a story has no time.
_LEAST, _USUAL = 1_000, 3_600_000
#: How many orders of one length are kept of one story, to be made longer.
MOST_KEPT: Final = 20_000


@attrs.frozen
class Move:
    """One event of an order: how long after the case was opened, in milliseconds, what it is, and why the policy allows it."""

    after: int
    kind: str
    raw: Mapping[str, object]
    why: str = ""


@attrs.frozen
class Counterexample:
    """
    An order of events in which a forbidden pattern matches, although we did only what the policy asks for.

    *moves* are the events but the first, with the reasons; *events* are all of them as an event file has them.
    """

    story: Story
    pattern: Pattern
    match: Match
    moves: tuple[Move, ...]
    events: tuple[Event, ...]


@attrs.frozen
class Orders:
    """
    What was tried, and what was found: at most one order for each forbidden pattern, a shortest where all were tried.

    All orders of up to *depth* events were tried in each story, and *at_random* longer ones; *asked* is the depth that was wanted.
    """

    stories: int
    forbidden: int
    asked: int
    depth: int
    tried: int
    at_random: int
    found: tuple[Counterexample, ...]


def try_orders(
    policy: Policy, *, depth: int = 3, at_random: int = 200, budget: float | None = None, seed: int = 0
) -> Orders:
    """
    Try the events of each story of a policy in every order, up to *depth* of them, then longer ones at random.

    What others do may come at any moment; what we do only when the policy asks for it then, or says nothing of it. Beside a
    story's own events, the next steps of plans are taken, and what forbidden patterns speak of and the policy decides about:
    payments and public statements. *budget* is in seconds.
    """
    return _Search(policy, depth, at_random, budget, seed).run()


class _Search:
    def __init__(self, policy: Policy, depth: int, at_random: int, budget: float | None, seed: int) -> None:
        self.policy, self.depth, self.at_random = policy, depth, at_random
        self.until = None if budget is None else time.monotonic() + budget
        self.random = random.Random(seed)  # noqa: S311 because the same orders are to be drawn again
        patterns = policy.tree.case.patterns
        self.forbidden = {pattern.id: pattern for pattern in patterns if pattern.forbidden}
        self.tales = [_Tale(policy, story) for story in policy.tree.case.stories]
        self.tried = 0
        self.found: dict[str, Counterexample] = {}

    def run(self) -> Orders:
        depth, drawn = 0, 0
        if self.forbidden and self.tales:
            depth = self._try_lengths()
            drawn = sum(1 for _ in range(self.at_random) if self._is_time_left() and self._draw())
        found = tuple(self.found[id_] for id_ in self.forbidden if id_ in self.found)
        return Orders(len(self.tales), len(self.forbidden), self.depth, depth, self.tried, drawn, found)

    def _try_lengths(self) -> int:
        """Try all orders, the shorter ones first, and return up to which length all were tried."""
        kept: dict[int, list[tuple[Move, ...]]] = {number: [()] for number in range(len(self.tales))}
        for length in range(self.depth + 1):
            if not self._try_all(kept):
                return max(length - 1, 0)
        return self.depth

    def _try_all(self, kept: dict[int, list[tuple[Move, ...]]]) -> bool:
        """Try all orders of one length; False where there was no time, or too many of them."""
        for number, tale in enumerate(self.tales):
            longer: list[tuple[Move, ...]] = []
            for moves in kept[number]:
                if not self._is_time_left() or len(longer) > MOST_KEPT:
                    return False
                progress = tale.played(moves)
                assert progress is not None
                self.tried += 1
                following = list(tale.following(progress, moves)) if len(moves) < self.depth else []
                tale.settle(progress, moves)
                if not self._look(tale, progress, moves):
                    longer += [(*moves, move) for move in following]
            kept[number] = longer
        return True

    def _draw(self) -> bool:
        """Try one order at random, as long as it goes."""
        tale = self.random.choice(self.tales)
        progress = tale.opened()
        moves: tuple[Move, ...] = ()
        for _ in range(self.random.randint(self.depth + 1, 2 * self.depth + len(tale.alphabet))):
            after = (moves[-1].after if moves else 0) + self.random.choice(tale.gaps)
            following = list(tale.following(progress, moves, after))
            if not following:
                break
            moves = (*moves, self.random.choice(following))
            tale.take(progress, moves[-1])
            if self._look(tale, progress, moves):
                return True
        tale.settle(progress, moves)
        self._look(tale, progress, moves)
        return True

    def _look(self, tale: _Tale, progress: Progress, moves: tuple[Move, ...]) -> bool:
        """Look whether something forbidden has come; the first order, made as short as it goes, is kept."""
        seen = [match for match in progress.matches if match.pattern in self.forbidden]
        for match in seen:
            if match.pattern not in self.found:
                self.found[match.pattern] = tale.counterexample(moves, self.forbidden[match.pattern], match.at)
        return bool(seen)

    def _is_time_left(self) -> bool:
        return self.until is None or time.monotonic() < self.until


class _Tale:
    """One story as a set of events that may come in any order."""

    def __init__(self, policy: Policy, story: Story) -> None:
        self.policy, self.story = policy, story
        self.at = milliseconds(story.opened)
        entries = [entry for entry in story.entries if entry.raw]
        self.alphabet = [_move(entry.raw) for entry in entries]
        self.alphabet += [Move(0, kind, {}) for kind in _more(policy, self.alphabet)]
        self.times = _apart([int(entry.after * 1000) for entry in entries])
        self.gaps = sorted(
            {later - earlier for earlier, later in zip([0, *self.times], self.times, strict=False)} | {_USUAL}
        )
        waits = [e.absent_for for pattern in policy.tree.case.patterns for e in pattern.elements if e.absent_for]
        #: How long nothing happens at the end of an order, so that what is absent shows.
        self.rest = int(max(waits, default=0) * 1000)

    def opened(self) -> Progress:
        """Return the case as it begins."""
        progress = Progress(self.policy, Plain(self.policy.tree.case.patterns))
        list(run_through(progress, [opening(self.at, self.story.given)]))
        return progress

    def take(self, progress: Progress, move: Move) -> None:
        """Let a move happen, and all that follows by itself."""
        list(run_through(progress, [Event(0, self.at + move.after, move.kind, move.raw)]))

    def settle(self, progress: Progress, moves: Sequence[Move]) -> None:
        """Let so much time pass after some moves that everything absent is noticed."""
        list(pass_time(progress, self.at + (moves[-1].after if moves else 0) + self.rest))

    def played(self, moves: Sequence[Move], *, strictly: bool = False) -> Progress | None:
        """Return the case after some moves; with *strictly*, None where the policy does not ask for one of ours."""
        progress = self.opened()
        for move in moves:
            if strictly:
                list(pass_time(progress, self.at + move.after - 1))
                if self._why(progress, move, move.after) is None:
                    return None
            self.take(progress, move)
        return progress

    def following(self, progress: Progress, moves: Sequence[Move], after: int | None = None) -> Iterator[Move]:
        """Yield the moves that may come next, and let time pass until then."""
        when = self._when(len(moves)) if after is None else after
        list(pass_time(progress, self.at + when - 1))
        left = list(self.alphabet)
        for move in moves:
            plain = attrs.evolve(move, after=0, why="")
            if plain in left:
                left.remove(plain)
        seen: list[Move] = []
        for move in [*left, *self._steps(progress, when)]:
            why = self._why(progress, move, when)
            if why is not None and move not in seen:
                seen.append(move)
                yield attrs.evolve(move, after=when, why=why)

    def counterexample(self, moves: tuple[Move, ...], pattern: Pattern, until: int) -> Counterexample:
        """Return an order in which a pattern matches by a moment, without the events that do not matter."""
        for move in reversed(moves):
            fewer = tuple(other for other in moves if other is not move)
            if self._matches(fewer, pattern, until) is not None:
                moves = fewer
        match = self._matches(moves, pattern, until)
        assert match is not None
        told = [Event(0, self.at + move.after, move.kind, move.raw) for move in moves]
        return Counterexample(self.story, pattern, match, moves, (opening(self.at, self.story.given), *told))

    def _matches(self, moves: Sequence[Move], pattern: Pattern, until: int) -> Match | None:
        progress = self.played(moves, strictly=True)
        if progress is None:
            return None
        list(pass_time(progress, until))
        return next((match for match in progress.matches if match.pattern == pattern.id), None)

    def _when(self, number: int) -> int:
        """Return when the event of that number comes: at the story's own times, and each hour after them."""
        over = number - len(self.times)
        return self.times[number] if over < 0 else (self.times[-1] if self.times else 0) + (over + 1) * _USUAL

    def _why(self, progress: Progress, move: Move, when: int) -> str | None:
        return asked_for(progress, Event(0, self.at + when, move.kind, move.raw))

    def _steps(self, progress: Progress, when: int) -> Iterator[Move]:
        """Yield the next steps of plans that the story itself does not take."""
        own = {str(move.raw.get("step")) for move in self.alphabet if move.kind == "step_done"}
        for found in progress.next_steps(self.at + when):
            if not found.waits_for and found.step.do not in own:
                yield Move(0, "step_done", {"step": found.step.do})


def _move(raw: Mapping[str, object]) -> Move:
    return Move(0, str(raw["kind"]), {name: as_kept(value) for name, value in raw.items() if name != "kind"})


def _more(policy: Policy, moves: Sequence[Move]) -> list[str]:
    """Return the kinds that forbidden patterns speak of, the policy decides about, and a story does not have."""
    own = {move.kind for move in moves}
    patterns = [pattern for pattern in policy.tree.case.patterns if pattern.forbidden]
    spoken = {element.kind for pattern in patterns for element in pattern.elements if element.absent_for is None}
    return sorted((spoken & REGULATED.keys()) - own)


def _apart(times: Sequence[int]) -> list[int]:
    """
    Return moments in order, no two of them at once.

    >>> _apart([0, 60_000, 60_000])
    [1000, 60000, 61000]
    """
    found: list[int] = []
    for at in sorted(times):
        found.append(max(at, (found[-1] if found else 0) + _LEAST))
    return found
