"""Making mends: those that are proved to change no decision, of the policy and of all that build on it."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from ...rules.diagnostics import PolicyError
from ...rules.edits import Edit, applied
from .mend import Mend

if TYPE_CHECKING:
    from ..policy import Policy
    from ..proofs import Finding, Progress

#: How often the policy is verified anew, because one mend may make room for the next.
ROUNDS: Final = 12


@attrs.frozen
class Made:
    """A mend that was made, or (*why* says so) that was not; *code* is that of the finding."""

    code: str
    title: str
    why: str = ""


@attrs.frozen
class Fixed:
    """A policy's own file before and after, what was done, what was left, and what is found now."""

    policy: Policy
    before: str
    after: str
    made: tuple[Made, ...]
    found: tuple[Finding, ...]


def fix(
    policy: Policy,
    folder: Path,
    *,
    built_on_it: Iterable[Policy] = (),
    budget: float | None = None,
    as_of: dt.date | None = None,
    progress: Progress | None = None,
) -> Fixed:
    """
    Make the mends of a policy's own file that keep every decision, each proved before it is taken.

    *built_on_it* are policies that extend it: a mend has to keep their decisions as well.
    """
    from ..proofs import verify

    fixer = _Fixer(policy, folder, tuple(built_on_it), budget)
    found = verify(policy, budget=budget, as_of=as_of, progress=progress)
    for _ in range(ROUNDS):
        if not fixer.take(found):
            break
        found = verify(fixer.now, budget=budget, as_of=as_of, progress=progress)
    return Fixed(fixer.now, fixer.before, fixer.text, (*fixer.made, *fixer.refused.values()), found)


class _Fixer:
    """A policy's own text as it is mended."""

    def __init__(self, policy: Policy, folder: Path, built_on_it: tuple[Policy, ...], budget: float | None) -> None:
        self.first = self.now = policy
        self.folder = folder
        self.built_on_it = built_on_it
        self.budget = budget
        self.name = policy.tree.document
        self.before = self.text = policy.documents[self.name].text
        self.made: list[Made] = []
        self.refused: dict[tuple[str, str], Made] = {}

    def take(self, found: Sequence[Finding]) -> bool:
        """Make all mends that can be made together; where they cannot, the first that can be made alone."""
        offers = list(self._offers(found))
        together = list(_apart(offers))
        if not together:
            return False
        why = self._try(together)
        if not why:
            return True
        if len(together) > 1:
            for offer in offers:
                why = self._try([offer])
                if not why:
                    return True
                self._refuse(offer, why)
            return False
        self._refuse(together[0], why)
        return len(offers) > 1

    def _refuse(self, offer: tuple[Finding, Mend], why: str) -> None:
        finding, mend = offer
        self.refused[finding.message, mend.title] = Made(finding.code, mend.title, why)

    def _offers(self, found: Sequence[Finding]) -> Iterator[tuple[Finding, Mend]]:
        for finding in found:
            mend = next((m for m in finding.mends if m.keeps and m.document == self.name), None)
            if finding.counts and mend is not None and (finding.message, mend.title) not in self.refused:
                yield finding, mend

    def _try(self, offers: Sequence[tuple[Finding, Mend]]) -> str:
        """Make some mends if that keeps every decision; return why not, where it does not."""
        from ..policy import Policy

        text = applied(self.text, _edits(offers))
        try:
            policy = Policy.loads(text, name=self.name, folder=self.folder)
            others = [(other, _with(other, self.folder / Path(self.name).name, text)) for other in self.built_on_it]
        except PolicyError as error:
            return f"the policy could not be loaded then: {error.diagnostics[0].message}"
        for old, new in [(self.first, policy), *others]:
            why = self._differs(old, new)
            if why:
                return why
        self.now, self.text = policy, text
        self.made += [Made(finding.code, mend.title) for finding, mend in offers]
        return ""

    def _differs(self, old: Policy, new: Policy) -> str:
        from ..proofs import Answer, difference

        answer = difference(old.tree, new.tree, budget=self.budget)
        if answer is Answer.NONE:
            return ""
        where = "" if old is self.first else f" of `{old.id}`"
        if answer is Answer.UNKNOWN:
            return f"it is not proved that every decision{where} stays the same"
        return f"it would change a decision{where}"


def _edits(offers: Iterable[tuple[Finding, Mend]]) -> list[Edit]:
    return [edit for _, mend in offers for edit in mend.edits]


def _apart(offers: Iterable[tuple[Finding, Mend]]) -> Iterator[tuple[Finding, Mend]]:
    """Yield mends that have nothing to do with those before them."""
    taken: list[Edit] = []
    for finding, mend in offers:
        meets = any(a.start <= b.end and b.start <= a.end for a in mend.edits for b in taken if a != b)
        if not meets:
            taken += mend.edits
            yield finding, mend


def _with(policy: Policy, changed: Path, text: str) -> Policy:
    """Return a policy as it would be if a file that it builds on had another text."""
    from ..policy import Policy

    own = policy.documents[policy.tree.document].path
    assert own is not None
    with tempfile.TemporaryDirectory() as scratch:
        for document in policy.documents.values():
            if document.path is not None:
                copy = Path(scratch, os.path.relpath(document.path, own.parent))
                copy.parent.mkdir(parents=True, exist_ok=True)
                is_it = document.path.resolve() == changed.resolve()
                copy.write_text(text if is_it else document.text, encoding="utf-8", newline="")
        return Policy.load(Path(scratch, own.name))
