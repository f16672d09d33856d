"""
Write everything in docs/ that could drift from the code.

    python docs/generate.py              pages and parts of pages
    python docs/generate.py --examples   what the examples print, too
    python docs/generate.py README.md    one page
    python docs/generate.py --check      write nothing; fail if something is stale
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from page_examples import as_run, has_examples
from parts import filled

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


def command_line() -> Iterator[tuple[str, str]]:
    """The reference of the command line."""
    from evenhand.cli.reference import cli_reference

    yield "cli.md", cli_reference()


#: Each with the folder that is all its own, if it has one: pages there that it no longer writes are deleted.
GENERATORS: tuple[tuple[Generator, str], ...] = ((diagnostics, "diagnostics"), (command_line, ""))


def written_pages() -> list[Path]:
    """Return the pages that people write."""
    return [DOCS.parent / "README.md", *sorted(path for path in DOCS.glob("*.md") if path.name != "cli.md")]


def pages(names: Sequence[str] = (), *, examples: bool = False) -> dict[Path, str]:
    """Return every page that is generated, or has parts that are, by its path; of those that people write, only *names*, if any."""
    found: dict[Path, str] = {}
    if not names:
        found = {DOCS / name: text for generator, _ in GENERATORS for name, text in generator()}
    for path in written_pages():
        if names and path.name not in names:
            continue
        text = filled(path.read_text(encoding="utf-8"))
        found[path] = as_run(text) if examples and has_examples(text) else text
    return found


def stale(wanted: dict[Path, str]) -> list[Path]:
    """Return the pages that are missing, differ from what they should be, or should not be there."""
    differ = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    own = [path for _, folder in GENERATORS if folder for path in (DOCS / folder).glob("*.md")]
    return sorted([*differ, *(path for path in own if path not in wanted)])


def main() -> int:
    """Bring the pages up to date, or say which are not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="PAGE", help="only these pages, of those that people write")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is stale")
    parser.add_argument("--examples", action="store_true", help="run the examples, and take what they print")
    options = parser.parse_args()
    wanted = pages([Path(name).name for name in options.names], examples=options.examples)
    found = stale(wanted) if not options.names else [path for path in stale(wanted) if path in wanted]
    for path in found:
        done = "stale" if options.check else "written" if path in wanted else "deleted"
        print(f"{done}: {path.relative_to(DOCS.parent)}")
        if options.check:
            continue
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return 1 if options.check and found else 0


if __name__ == "__main__":
    sys.exit(main())
