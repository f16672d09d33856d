"""Write everything in docs/ that could drift from the code: `python docs/generate.py`, or with `--check` only look."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

DOCS = Path(__file__).parent

#: Yields the path of each page, within docs/, and its text.
Generator: TypeAlias = Callable[[], Iterator[tuple[str, str]]]


def diagnostics() -> Iterator[tuple[str, str]]:
    """One page for each diagnostic, and a list of all."""
    from evenhand.rules.diagnostics import catalogue
    from evenhand.rules.pages import index_page, page

    yield "diagnostics/index.md", index_page()
    for code in catalogue():
        yield f"diagnostics/{code}.md", page(code)


#: Each with the folder that is all its own, if it has one: pages there that it no longer writes are deleted.
GENERATORS: tuple[tuple[Generator, str], ...] = ((diagnostics, "diagnostics"),)


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {DOCS / name: text for generator, _ in GENERATORS for name, text in generator()}


def stale(wanted: dict[Path, str]) -> list[Path]:
    """Return the pages that are missing, differ from what they should be, or should not be there."""
    differ = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    own = [path for _, folder in GENERATORS if folder for path in (DOCS / folder).glob("*.md")]
    return sorted([*differ, *(path for path in own if path not in wanted)])


def main() -> int:
    """Bring the pages up to date, or say which are not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is stale")
    check = parser.parse_args().check
    wanted = pages()
    found = stale(wanted)
    for path in found:
        print(f"{'stale' if check else 'written' if path in wanted else 'deleted'}: docs/{path.relative_to(DOCS)}")
        if check:
            continue
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())
