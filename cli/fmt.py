"""`policy fmt`: policy files laid out alike, comments kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from .options import check_exists, is_pack, own_policies, toml_files
from .storing import as_stored, store

if TYPE_CHECKING:
    from .terminal import Output

HELP = """\
Lay out policy files, comments kept.

Aligns keys, spaces tables, and changes nothing that a file means: the values, their order and every comment stay.
Laying out a file twice is the same as once. FILES are files or folders, - is standard input, written to standard
output; without any, the policies in and below the current folder.

\b
Examples:
  policy fmt
  policy fmt policy.toml --diff
  policy fmt --check policies/

\b
Exit codes:
  0  everything is laid out (with --check or --diff: was so already)
  1  with --check or --diff: a file would be changed; or a file is no TOML
  2  wrong usage
"""


@attrs.frozen
class Laid:
    """A file as it is and as it should be; *formatted* is None where the file cannot be read."""

    name: str
    text: str
    formatted: str | None

    @property
    def differs(self) -> bool:
        """Whether the file should change."""
        return self.formatted is not None and self.formatted != self.text


@click.command(help=HELP)
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("--check", is_flag=True, help="Write nothing; say which files would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(*, files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Lay out files."""
    from .terminal import out

    if files == ("-",):
        raise click.exceptions.Exit(_from_stdin(check=check or diff))
    output = out()
    found = [_lay_out(name) for name in (_named(files) if files else own_policies())]
    for laid in found:
        if diff and laid.differs:
            _print_diff(output, laid)
        elif laid.differs:
            output.line(f"{'would lay out' if check else 'laid out'} {laid.name}")
        if laid.differs and not check and not diff:
            store(Path(laid.name), laid.formatted or "")
    _print_counts(output, found, dry=check or diff)
    unreadable = any(laid.formatted is None for laid in found)
    changes = (check or diff) and any(laid.differs for laid in found)
    raise click.exceptions.Exit(1 if unreadable or changes else 0)


def _named(files: tuple[str, ...]) -> list[str]:
    found: dict[str, None] = {}
    for name in files:
        if is_pack(name):
            raise click.UsageError(f"{name!r} is a shipped pack: only files of your own can be laid out.")
        check_exists(name)
        inside = [str(path) for path in toml_files(Path(name))] if Path(name).is_dir() else [name]
        found.update(dict.fromkeys(inside))
    return list(found)


def _lay_out(name: str) -> Laid:
    """Read a file and lay it out; what is wrong with it goes to stderr."""
    from ..rules.document import Problem
    from ..rules.text_files import read_text
    from .findings import of_problem, print_findings

    text = read_text(name)
    if isinstance(text, Problem):
        print_findings([of_problem(text, None, name)])
        return Laid(name, "", None)
    return attrs.evolve(_formatted(text, name), text=as_stored(Path(name), text))


def _formatted(text: str, name: str) -> Laid:
    from ..rules.document import parse_document
    from ..rules.layout import format_document
    from .findings import of_problem, print_findings

    formatted, problems = format_document(text, name=name)
    if problems:
        document = parse_document(text, name)[0]
        print_findings([of_problem(problem, document, name) for problem in problems])
        return Laid(name, text, None)
    return Laid(name, text, formatted)


def _from_stdin(*, check: bool) -> int:
    from .terminal import out

    try:
        text = sys.stdin.buffer.read().decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise click.UsageError("standard input is not UTF-8.") from None
    laid = _formatted(text, "<stdin>")
    if laid.formatted is not None and not check:
        out().stream.write(laid.formatted)
    return 1 if laid.formatted is None or (check and laid.differs) else 0


def _print_diff(output: Output, laid: Laid) -> None:
    from difflib import unified_diff

    from .terminal import Piece

    assert laid.formatted is not None
    before, after = laid.text.splitlines(), laid.formatted.splitlines()
    styles = {"+": "good", "-": "bad", "@": "name"}
    for line in unified_diff(before, after, laid.name, f"{laid.name} (laid out)", lineterm=""):
        output.unbroken(Piece(line, styles.get(line[:1], "")))


def _print_counts(output: Output, found: list[Laid], *, dry: bool) -> None:
    from .terminal import counted

    changed = sum(laid.differs for laid in found)
    kept = sum(laid.formatted is not None and not laid.differs for laid in found)
    verb = "to lay out" if dry else "laid out"
    parts = [f"{counted(changed, 'file')} {verb}"] if changed else []
    parts += [f"{counted(kept, 'file')} as {'it' if kept == 1 else 'they'} should be"] if kept else []
    if parts:
        output.line(", ".join(parts) + ".")
