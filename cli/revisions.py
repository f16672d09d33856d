"""Policies out of a git revision: `HEAD~1:policies/house.toml`, and all that they extend from the same one."""

from __future__ import annotations

import posixpath
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click

from .options import check_exists, is_pack, load

if TYPE_CHECKING:
    from ..engine.policy import Policy
    from ..rules.compose import Resolver
    from ..rules.diagnostics import Findings, Place
    from ..rules.document import Document

#: Seconds that git may take for one answer.
_PATIENCE: Final = 30


def load_any(name: str) -> Policy:
    """
    Load a policy file, a shipped pack, or a file in a git revision; what is wrong with it goes to stderr, and the run ends with 1.

    Raises:
        UsageError: If there is no such file, pack or revision.
    """
    revision, colon, path = name.partition(":")
    if not colon or not revision or not path or Path(name).exists():
        check_exists(name)
        if not is_pack(name) and Path(name).is_dir():
            raise click.UsageError(f"{name!r} is a folder: name a policy file in it.")
        return load(name)
    return _loaded(Revision.named(revision), path, name)


def _loaded(revision: Revision, path: str, name: str) -> Policy:
    from ..engine.policy import Policy
    from ..rules.load import load_text
    from .findings import mistakes_told, print_findings

    path = revision.path_of(path)
    text = revision.text(path)
    if text is None:
        raise click.UsageError(f"there is no {path!r} in the revision {revision.name!r}.{revision.hint(path)}")
    with mistakes_told():
        loaded = load_text(text, name=name, resolve=revision.resolver(path))
    print_findings(loaded.warnings)
    return Policy(loaded)


@attrs.frozen
class Revision:
    """A commit of the repository that the current folder lies in."""

    name: str
    commit: str

    @classmethod
    def named(cls, name: str) -> Revision:
        """
        Return the revision that a name means.

        Raises:
            UsageError: If this is no repository, or it has no such revision.
        """
        if _git("rev-parse", "--git-dir") is None:
            raise click.UsageError(f"{name!r} is no git revision: this folder is in no git repository.")
        found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if found is None:
            raise click.UsageError(f"there is no git revision {name[:200]!r} here.")
        return cls(name, found.decode().strip())

    def path_of(self, path: str) -> str:
        """Return a path from the repository's top, where git looks; one that begins with a dot is from here."""
        if path.startswith(("./", "../")):
            path = posixpath.join((_git("rev-parse", "--show-prefix") or b"").decode().strip(), path)
        return posixpath.normpath(path)

    def hint(self, path: str) -> str:
        """Return what may have been meant by a path that is not there."""
        prefix = (_git("rev-parse", "--show-prefix") or b"").decode().strip()
        if prefix and self.text(posixpath.normpath(posixpath.join(prefix, path))) is not None:
            return f" Paths are from the repository's top: write {f'{self.name}:./{path}'!r}."
        return ""

    def text(self, path: str) -> str | None:
        """Return the text of a file, None where there is none."""
        found = _git("cat-file", "blob", f"{self.commit}:{path}")
        return None if found is None else found.decode("utf-8", errors="replace")

    def resolver(self, top: str) -> Resolver:
        """
        Return how `extends` finds a policy: in the folder of the file at the top of it, in this revision.

        A pack's id means the shipped pack, but where the file is a pack itself, with those that it extends beside it.
        """
        from ..rules.diagnostics import nearest
        from ..rules.document import parse_document
        from ..rules.load import read_pack, report_problems, shipped_packs

        folder = posixpath.dirname(top)
        is_of_packs = posixpath.basename(top).removesuffix(".toml") in shipped_packs()

        def resolve(name: str, current: Document, place: Place, findings: Findings) -> Document | None:
            path = posixpath.join(folder, f"{name}.toml")
            if not name.endswith(".toml"):
                text = self.text(path) if is_of_packs else None
                if text is None and name not in shipped_packs():
                    findings.report("unknown-pack", place, suggestion=nearest(name, shipped_packs()), name=name[:80])
                    return None
                found = read_pack(name) if text is None else parse_document(text, f"{self.name}:{path}")
            else:
                _, _, base = current.name.partition(":")
                path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path_of(base)), name))
                if (folder and not path.startswith(f"{folder}/")) or path.startswith(("../", "/")):
                    findings.report("extends-outside", place, name=name[:80])
                    return None
                text = self.text(path)
                if text is None:
                    why = f"there is no `{path}` in the revision"
                    findings.report("extends-unreadable", place, name=name[:80], why=why)
                    return None
                found = parse_document(text, f"{self.name}:{path}")
            document, problems = found
            report_problems(problems, document.name if document else name, findings)
            return document

        return resolve


def _git(*arguments: str) -> bytes | None:
    """Return what git answers, None where it refuses; no shell takes part."""
    try:
        ran = subprocess.run(["git", *arguments], capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603, S607 because git is where it is
    except FileNotFoundError:
        raise click.UsageError("git is not installed: a revision cannot be read without it.") from None
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return ran.stdout if ran.returncode == 0 else None
