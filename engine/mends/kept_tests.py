"""Incidents that show findings, kept as the owner's own tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...rules.describe import shortened
from ...rules.edits import Edit
from ..proofs.finding import Finding, Witness
from .mend import Desk


def kept_tests(desk: Desk, found: Iterable[Finding]) -> tuple[Edit | None, tuple[str, ...]]:
    """
    Return the edit that puts a `[[test]]` for each finding's incident at the end of the policy, and the tests' names.

    Incidents that are tested already are left out.
    """
    names = {case.name for case in desk.tree.tests}
    tested = [(_flat(case.given), dict(case.expect)) for case in desk.tree.tests]
    added: dict[str, str] = {}
    for finding in found:
        witness = finding.witness
        if witness is None or not finding.counts or _is_tested(witness, tested):
            continue
        name = _name(finding, names | added.keys())
        added[name] = witness.as_test(name).rstrip()
        tested.append((dict(witness.given), dict(witness.expect)))
    if not added:
        return None, ()
    lines = "\n\n".join(added.values()).split("\n")
    return desk.outline(desk.tree.document).appended(lines), tuple(added)


def _name(finding: Finding, taken: Iterable[str]) -> str:
    """Return a name that says what is shown and that no other test has."""
    said = shortened(finding.message.replace("`", ""), 100)
    wanted, number, known = said[0].upper() + said[1:], 1, set(taken)
    name = wanted
    while name in known:
        number += 1
        name = f"{wanted} ({number})"
    return name


def _is_tested(witness: Witness, tested: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> bool:
    given, expect = dict(witness.given), dict(witness.expect)
    return any(
        facts == given and all(said.get(name) == outcome for name, outcome in expect.items()) for facts, said in tested
    )


def _flat(given: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return facts by dotted name."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, dict):
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found
