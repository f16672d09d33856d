"""The examples on a page, and what they print: the tests compare, and `python docs/generate.py` brings their output up to date.

Three kinds of blocks are examples:

- a block with a title, as in ```` ```toml title="cafe.toml" ````, is a file; `title="cafe.toml (at the end)"` is added to it, and
  `title="cafe.toml (this line instead)"` takes the place of the one line with the same key, `(this one instead)` that of the
  rule or test of the same name;
- a ```` ```console ```` block has commands after `$ `, each with what it prints;
- a ```` ```pycon ```` block is a Python session.

The blocks of a page run from top to bottom in one folder of its own, in which `docs` stands for the folder of that name.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

DOCS = Path(__file__).parent
#: Commands that an example may call; whatever else stands after a `$` is for the reader.
RUN = ("policy", "cat")
_BLOCK = re.compile(r"^```(?P<kind>\w+)?[ \t]*(?P<info>[^\n]*)\n(?P<body>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="(?P<file>[^"(]+?)(?: \((?P<how>[^)]*)\))?"')
_PROMPT = re.compile(r"^>>> .*\n(?:^\.\.\.(?: .*)?\n)*", re.MULTILINE)


@attrs.frozen
class Block:
    """One fenced block: its language, the rest of its first line, its text, and where the text stands in the page."""

    kind: str
    info: str
    body: str
    start: int
    end: int


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    for match in _BLOCK.finditer(page):
        yield Block(match["kind"] or "", match["info"], match["body"], match.start("body"), match.end("body"))


def has_examples(page: str) -> bool:
    """Whether a page has anything to run."""
    return any(block.kind in ("console", "pycon") for block in blocks(page))


def as_run(page: str) -> str:
    """Run the examples of a page, and return the page with what they print now."""
    with TemporaryDirectory() as folder:
        return Run(Path(folder)).page(page)


class Run:
    """The examples of one page, run in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "example"}
        (folder / "docs").symlink_to(DOCS)

    def page(self, page: str) -> str:
        """Run every example, and return the page with what they print now."""
        parts: list[str] = []
        at = 0
        for block in blocks(page):
            parts += [page[at : block.start], self.block(block)]
            at = block.end
        return "".join(parts) + page[at:]

    def block(self, block: Block) -> str:
        """Run one block, and return its text as it should be."""
        title = _TITLE.search(block.info)
        if title is not None:
            write(self.folder / title["file"], title["how"] or "", block.body)
        if block.kind == "console":
            return "".join(self._commands(block.body)).rstrip() + "\n"
        return "".join(self._session(block.body)) if block.kind == "pycon" else block.body

    def _commands(self, body: str) -> Iterator[str]:
        for part in re.split(r"^(?=\$ )", body, flags=re.MULTILINE):
            command, _, shown = part.partition("\n")
            words = shlex.split(command.removeprefix("$ "), comments=True)
            runs = command.startswith("$ ") and words and words[0] in RUN
            said = self.command(command.removeprefix("$ ")) if runs else shown.rstrip()
            yield f"{command}\n{said}\n" if said else f"{command}\n" if command else ""

    def command(self, command: str) -> str:
        """Return what a command prints on both streams, in a terminal of 88 columns without colours."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        shell = {"COLUMNS": "88", "NO_COLOR": "1", "PATH": path, "PYTHONUTF8": "1"}
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env={**os.environ, **shell},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if done.returncode not in (0, 1) or "Traceback" in done.stdout:
            raise RuntimeError(f"{command}: exit code {done.returncode}\n{done.stdout}")
        return "\n".join(line.rstrip() for line in done.stdout.splitlines()).rstrip()

    def _session(self, body: str) -> Iterator[str]:
        """Run a session; blank lines between its statements stay."""
        found = list(_PROMPT.finditer(body))
        ends = [match.start() for match in found[1:]] + [len(body)]
        for match, end in zip(found, ends, strict=True):
            yield match[0]
            shown = body[match.end() : end]
            yield self.statement("".join(line[4:] + "\n" for line in match[0].splitlines()))
            yield "\n" if shown.endswith("\n\n") or shown == "\n" else ""

    def statement(self, source: str) -> str:
        """Return what one statement prints, as at Python's prompt."""
        said = io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(said):
            exec(compile(source, "<example>", "single"), self.names)  # because these are our own pages
        return said.getvalue()


def write(path: Path, how: str, text: str) -> None:
    """Write a file, add to it, or change a line of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if how == "this line instead":
        key = text.split("=", 1)[0].strip()
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        (at,) = [at for at, line in enumerate(lines) if line.split("=", 1)[0].strip() == key]
        text = "".join([*lines[:at], text, *lines[at + 1 :]])
    elif how == "this one instead":
        parts = re.split(r"^(?=\[)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        (at,) = [at for at, part in enumerate(parts) if part.split("\n")[:2] == text.split("\n")[:2]]
        text = "".join([*parts[:at], f"{text}\n", *parts[at + 1 :]])
    elif how == "at the end":
        text = f"{path.read_text(encoding='utf-8')}\n{text}"
    elif how:
        raise ValueError(f"a file cannot be written {how!r}")
    path.write_text(text, encoding="utf-8")
