"""
What people see first, kept as files: regenerate with `UPDATE_GOLDEN=1 pytest tests/test_cli_golden.py`, and read the difference.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from commands import run

GOLDEN = Path(__file__).parent / "golden" / "cli"
DEMO = "docs/examples/incidents"
SHOP = "tests/golden/cli/shop.toml"
TWO = "tests/golden/cli/two.jsonl"

SHOWN: dict[str, list[str]] = {
    "demo.txt": ["check", "house", DEMO],
    "check.txt": ["check", SHOP, TWO],
    "why.txt": ["check", SHOP, TWO, "--why"],
    "as-of.txt": ["check", SHOP, TWO, "--as-of", "2026-11-21T09:30:00Z"],
    "too-early.txt": ["check", SHOP, TWO, "--as-of", "2025-12-31"],
    "check.json": ["check", SHOP, TWO, "--as-of", "2026-11-21", "--format", "json"],
    "test.txt": ["test", SHOP, "--coverage"],
    "test.json": ["test", SHOP, "--coverage", "--format", "json"],
    "english.txt": ["show", SHOP],
    "table.txt": ["show", SHOP, "--format", "table"],
    "one-file.toml": ["show", SHOP, "--format", "toml"],
    "explain.txt": ["explain", "money-against-number"],
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_is_as_it_was_when_last_read(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    ran = run(*SHOWN[name])
    assert ran.code == 0
    shown = re.sub(r'"content_hash": "[0-9a-f]{64}"', '"content_hash": "…"', ran.out)
    if name.endswith(".json"):
        shown = json.dumps(json.loads(shown), indent=2, ensure_ascii=False) + "\n"
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8", newline="\n")
    assert shown == path.read_text(encoding="utf-8")
