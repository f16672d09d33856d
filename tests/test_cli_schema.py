"""`policy schema`: two validators that are not ours accept every pack and refuse what is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from commands import run

from evenhand.rules.diagnostics import catalogue
from evenhand.rules.json_schema import policy_schema
from evenhand.rules.shape import TABLES

WRONG = {
    "unknown table": '[policy]\nid = "a"\n[rulez]\nx = 1\n',
    "no policy": "[parameters]\na = 1\n",
    "unknown key": '[policy]\nid = "a"\ntitel = "b"\n',
    "no id": '[policy]\ntitle = "b"\n',
    "bad id": '[policy]\nid = "A b"\n',
    "currency": '[policy]\nid = "a"\ncurrency = "usd"\n',
    "date": '[policy]\nid = "a"\neffective = "soon"\n',
    "condition": '[policy]\nid = "a"\n[[rule]]\nid = "r"\nwhen = 3\nthen.refund = "deny"\n',
    "rule without id": '[policy]\nid = "a"\n[[rule]]\nwhen = "true"\nthen.refund = "deny"\n',
    "fact type": '[policy]\nid = "a"\n[facts.x]\ntype = "colour"\n',
    "hit policy": '[policy]\nid = "a"\n[decisions.refund]\nhit_policy = "best"\n',
    "rows": '[policy]\nid = "a"\n[[table]]\nid = "t"\ncolumns = ["abuse"]\nrows = ["none"]\n',
    "test without name": '[policy]\nid = "a"\n[[test]]\ngiven = {}\nexpect = {}\n',
    "given": '[policy]\nid = "a"\n[[test]]\nname = "t"\ngiven = { abuse = 3 }\nexpect = {}\n',
}


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    schema = policy_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


@pytest.fixture(scope="module")
def schema_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "policy.schema.json"
    path.write_text(run("schema").out, encoding="utf-8")
    return path


def as_json(text: str) -> Any:
    """Return TOML as a validator of JSON sees it: dates as text."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def taplo(schema: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    """Run taplo, the validator behind most editors of TOML."""
    command = [str(Path(sys.executable).with_name("taplo")), "lint", "--no-auto-config", "--schema", schema.as_uri()]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)


def shipped(root: Path) -> list[Path]:
    return [*sorted((root / "policies").glob("*.toml")), root / "docs/examples/corner-cafe.toml"]


def test_every_pack_is_valid(root: Path, validator: jsonschema.Draft7Validator) -> None:
    for path in shipped(root):
        assert [error.message for error in validator.iter_errors(as_json(path.read_text(encoding="utf-8")))] == []


def test_taplo_accepts_every_pack(root: Path, schema_file: Path) -> None:
    done = taplo(schema_file, *shipped(root))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused(name: str, validator: jsonschema.Draft7Validator) -> None:
    assert list(validator.iter_errors(as_json(WRONG[name])))


def test_taplo_refuses_what_is_wrong(tmp_path: Path, schema_file: Path) -> None:
    for name, text in WRONG.items():
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        assert taplo(schema_file, path).returncode != 0, name


@pytest.mark.parametrize("code", [code for code, entry in catalogue().items() if entry.good.strip()])
def test_the_good_example_of_every_diagnostic_is_valid(code: str, validator: jsonschema.Draft7Validator) -> None:
    assert [error.message for error in validator.iter_errors(as_json(catalogue()[code].good))] == []


def test_the_schema_has_every_table_and_key() -> None:
    text = json.dumps(policy_schema())
    properties = policy_schema()["properties"]
    assert list(properties) == [table.name for table in TABLES]
    for table in TABLES:
        for key in table.keys:
            assert (
                re.search(rf'"{key.name}": {{"description": {json.dumps(key.about).replace("[", "[[]")}', text)
                or key.about in text
            )
