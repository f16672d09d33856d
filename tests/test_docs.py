"""The pages say what is so: examples print what stands there, generated parts are fresh, and links lead somewhere."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from evenhand import Policy, PolicyError

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def module(name: str) -> ModuleType:
    """Import a module that stands in docs/."""
    spec = spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


EXAMPLES = module("page_examples")
WITH_EXAMPLES = [path for path in PAGES if EXAMPLES.has_examples(path.read_text(encoding="utf-8"))]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.once
@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=relative)
def test_examples_print_what_stands_there(page: Path) -> None:
    """Word for word; `python docs/generate.py --examples` takes what they print now."""
    text = page.read_text(encoding="utf-8")
    assert text == EXAMPLES.as_run(text)


def test_the_pages_that_need_examples_have_some() -> None:
    names = {relative(path) for path in WITH_EXAMPLES}
    assert {
        "README.md",
        "docs/index.md",
        "docs/tutorial.md",
        "docs/guide.md",
        "docs/language.md",
        "docs/cases.md",
    } <= names


@pytest.mark.once
def test_generated_parts_are_fresh(root: Path) -> None:
    """`make docs` brings them up to date."""
    command = [sys.executable, str(root / "docs" / "generate.py"), "--check"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def conditions() -> Iterator[str]:
    """Yield the conditions in the tables of operators and functions."""
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    for table in re.findall(r"^\| condition \|.*?\n\n", page, re.MULTILINE | re.DOTALL):
        for row in table.splitlines()[2:]:
            cell = re.split(r"(?<!\\)\|", row)[1] if row else ""
            yield from (code.replace("\\|", "|") for code in re.findall(r"`([^`]+)`", cell))


def own_facts() -> str:
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    (text,) = re.findall(r'^```toml title="own-facts.toml"\n(.*?)^```', page, re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.mark.parametrize("condition", sorted(set(conditions())))
def test_every_condition_in_the_reference_is_one(condition: str) -> None:
    rule = f"[[rule]]\nid = 'r'\nwhen = '''{condition}'''\nthen.refund = 'full'\n"
    try:
        assert Policy.loads(f"{own_facts()}\n{rule}").tree.rules
    except PolicyError as error:
        pytest.fail("; ".join(found.message for found in error.diagnostics))


def cells() -> Iterator[str]:
    """Yield the cells in the table of unary tests, as TOML."""
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| cell \|.*?\n\n", page, re.MULTILINE | re.DOTALL)
    for row in table.splitlines()[2:]:
        yield from re.findall(r"`([^`]+)`", row.split("|")[1] if row else "")


@pytest.mark.parametrize("cell", sorted(set(cells())))
def test_every_cell_in_the_reference_is_one(cell: str) -> None:
    """On some fact of a fitting type."""
    facts = ("abuse", "loss", "injury", "history.refunds_90d", "bought", "note")
    assert any(loads(f"[[rule]]\nid = 'r'\nwhen.{fact} = {cell}\nthen.refund = 'full'\n") for fact in facts)


def loads(rule: str) -> bool:
    try:
        return bool(Policy.loads(f"{own_facts()}\n{rule}").tree.rules)
    except PolicyError:
        return False


def test_the_reference_names_every_operator_and_function() -> None:
    from evenhand.rules.syntax import RESERVED

    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    section = page[page.index("### Operators") : page.index("## Three truth values")]
    assert {word for word in RESERVED if not re.search(rf"\b{word}\b", section)} == set()


@pytest.mark.parametrize("page", [path for path in PAGES if "diagnostics" not in path.parts], ids=relative)
def test_toml_blocks_are_toml(page: Path) -> None:
    for block in EXAMPLES.blocks(page.read_text(encoding="utf-8")):
        if block.kind == "toml":
            tomllib.loads(block.body)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_inside_lead_somewhere(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    lost = [link for one, other in LINK.findall(text) if (link := one or other) and not leads_somewhere(page, link)]
    assert lost == []


def leads_somewhere(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return link.startswith("https://")
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.is_file():
        return False
    return not anchor or anchor in anchors(target)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page, as its headings make them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(text))
    return {re.sub(r"[\s-]+", "-", heading.strip()) for heading in plain}
