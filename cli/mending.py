"""`policy verify --fix` and `--save-tests`: what is written into an owner's file, and how it is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import is_pack
from .proofs import Verified
from .storing import as_stored, store
from .terminal import Output, Piece, counted

if TYPE_CHECKING:
    from ..engine.mends.fix import Fixed
    from ..engine.mends.mend import Mend
    from ..engine.policy import Policy
    from ..rules.document import Document

#: The most lines of a mend that are shown.
MOST_LINES = 16


def refuse_packs(names: Sequence[str]) -> None:
    """
    Refuse to write into what ships.

    Raises:
        UsageError: If one of the names is a shipped pack.
    """
    for name in names:
        if is_pack(name):
            raise click.UsageError(f"{name!r} is a shipped pack: only files of your own can be written.")


class Mending:
    """The policies of a run, which may build on each other: each is mended so that all keep their decisions."""

    def __init__(
        self,
        policies: Sequence[tuple[str, Policy]],
        *,
        fix: bool,
        save_tests: bool,
        dry: bool,
        budget: float | None,
        as_of: dt.date | None,
    ) -> None:
        self.policies = policies
        self.fix, self.save_tests, self.dry = fix, save_tests, dry
        self.budget, self.as_of = budget, as_of

    def mended(self, name: str) -> Verified:
        """Mend a policy, keep its incidents as tests, write the file (or say how it would change), and say what is left."""
        from ..engine.mends import Desk
        from ..engine.mends.kept_tests import kept_tests
        from ..rules.edits import applied

        path = Path(name)
        fixed = self._fixed(name, path)
        text = fixed.after
        saved: tuple[str, ...] = ()
        if self.save_tests:
            edit, saved = kept_tests(Desk(fixed.policy.tree, fixed.policy.documents), fixed.found)
            text = applied(text, [edit]) if edit is not None else text
        changed: tuple[str, ...] = ()
        if self.dry:
            changed = tuple(_changes(name, fixed.before, text))
        elif text != fixed.before:
            _write(path, fixed.before, text)
        return Verified(name, fixed.policy, fixed.found, fixed.made, saved, changed, is_dry=self.dry)

    def _fixed(self, name: str, path: Path) -> Fixed:
        from ..engine.mends.fix import Fixed, fix
        from ..engine.policy import Policy
        from ..engine.proofs import verify
        from .waiting import shown_progress

        policy = Policy.load(name)  # anew, because a file that it builds on may have been mended by now
        text = policy.documents[policy.tree.document].text
        with shown_progress(name) as progress:
            if not self.fix:
                found = verify(policy, budget=self.budget, as_of=self.as_of, progress=progress)
                return Fixed(policy, text, text, (), found)
            others = [other for other_name, other in self.policies if other_name != name and _builds_on(other, path)]
            return fix(policy, path.parent, built_on_it=others, budget=self.budget, as_of=self.as_of, progress=progress)


def _builds_on(policy: Policy, path: Path) -> bool:
    """Whether a policy extends the file at a path, near or far."""
    paths = [document.path for document in policy.documents.values() if document.path is not None]
    return any(other.exists() and other.samefile(path) for other in paths)


def _changes(name: str, before: str, after: str) -> list[str]:
    """Return the lines that would change, as `diff -u` has them."""
    from difflib import unified_diff

    return list(unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (mended)", lineterm=""))


def _write(path: Path, before: str, after: str) -> None:
    """
    Write a file that is still as it was read.

    Raises:
        ClickException: If somebody has changed it in the meantime, or it cannot be written.
    """
    from ..rules.text_files import read_text

    if read_text(path) != before:
        raise click.ClickException(f"{path} has changed since it was read: nothing was written; run it again.")
    store(path, as_stored(path, after))


def print_mend(output: Output, mend: Mend, document: Document) -> None:
    """Write a mend: its title and the lines that change."""
    note = " (`--fix` does it)" if mend.keeps else ""
    output.line(Piece(" mend: ", "name"), mend.title, Piece(note, "dim"), hang=7)
    lines = [line for line in mend.diff(document, around=0) if line[1:].strip() and not line.startswith("@@")]
    if sorted(line[1:] for line in lines if line[0] == "+") == sorted(line[1:] for line in lines if line[0] == "-"):
        return  # because what only moves is best said
    for line in lines[:MOST_LINES]:
        output.unbroken(Piece(f"   {line[:1]} {line[1:]}".rstrip(), "good" if line[0] == "+" else "bad"))
    if len(lines) > MOST_LINES:
        output.line(Piece(f"   and {counted(len(lines) - MOST_LINES, 'line')} more", "dim"))


def print_mended(output: Output, result: Verified) -> None:
    """Write what was done, what was not and why, and in a dry run the lines that would change."""
    styles = {"+": "good", "-": "bad", "@": "name"}
    for line in result.changed:
        output.unbroken(Piece(line, styles.get(line[:1], "")))
    if result.changed:
        output.line()
    for made in result.made:
        if made.why:
            output.line(Piece(" not done: ", "warning"), f"{made.title}: {made.why}", hang=11)
        else:
            verb = " would: " if result.is_dry else " done: "
            output.line(Piece(verb, "good"), made.title, Piece(f" ({made.code})", "dim"), hang=len(verb))
    for name in result.saved:
        verb = " would save as a test: " if result.is_dry else " saved as a test: "
        output.line(Piece(verb, "good"), name, hang=4)
    if result.made or result.saved:
        output.line()
