"""What `policy verify` found, as text, JSON and SARIF."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs

from .terminal import Output, Piece, counted

if TYPE_CHECKING:
    from ..engine.mends.fix import Made
    from ..engine.mends.mend import Mend
    from ..engine.policy import Policy
    from ..engine.proofs import Finding, Witness
    from ..rules.diagnostics import Diagnostic
    from ..rules.document import Document
    from ..rules.sarif import Fix, Result
    from ..rules.tree import Allowance


@attrs.frozen
class Verified:
    """What was found in a policy, and what was done about it: *changed* are the lines that a dry run would change."""

    name: str
    policy: Policy
    found: tuple[Finding, ...]
    made: tuple[Made, ...] = ()
    saved: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    is_dry: bool = False

    @property
    def is_to_be_seen_to(self) -> bool:
        """Whether somebody has to look at the policy."""
        return bool(self.changed) or any(finding.counts for finding in self.found)


def write(results: list[Verified], format_: str, *, overlaps: bool) -> None:
    """Write what was found in one of the forms."""
    from .terminal import out

    output = out()
    if format_ == "json":
        from .as_json import VERSION, write_json

        policies = [policy_json(result) for result in results]
        write_json(output, {"format_version": VERSION, "policies": policies})
    elif format_ == "sarif":
        from ..rules.sarif import render_results

        shown = [
            sarif_result(result.policy, finding, diagnostic)
            for result in results
            for finding, diagnostic in in_place(result.policy, result.found)
            if overlaps or not finding.is_listing
        ]
        output.text(render_results(shown, "policy-verify"))
    else:
        for result in results:
            _print(output, result, overlaps=overlaps)


def listed(found: tuple[Finding, ...], *, overlaps: bool) -> list[Finding]:
    """Return the findings that are to be shown: those that are allowed are not, and mere listings only with *overlaps*."""
    return [f for f in found if f.allowed is None and (overlaps or not f.is_listing)]


def in_place(policy: Policy, found: Iterable[Finding]) -> list[tuple[Finding, Diagnostic]]:
    """Return findings with their diagnostics, which know line and column."""
    from ..rules.locate import located

    return [(finding, located([finding.diagnostic], policy.documents)[0]) for finding in found]


def _print(output: Output, result: Verified, *, overlaps: bool) -> None:
    from .mending import print_mended

    found = result.found
    print_mended(output, result)
    for finding, diagnostic in in_place(result.policy, listed(found, overlaps=overlaps)):
        _print_finding(output, result.policy, finding, diagnostic)
    count = sum(finding.counts for finding in found)
    allowed = sum(finding.allowed is not None for finding in found)
    listings = [finding.code for finding in found if finding.is_listing and finding.allowed is None]
    order, waiting = listings.count("overlapping-rules"), listings.count("breakable-guard")
    said = counted(count, "finding") if count else "nothing found"
    notes = [f", {allowed} more allowed" if count else f", {counted(allowed, 'finding')} allowed"] if allowed else []
    notes += [f"; {counted(order, 'overlap')} where the order decides"] if order else []
    notes += [f"; {counted(waiting, 'red line')} that may stop a decision for want of a fact"] if waiting else []
    notes += [" (`--overlaps` lists them)"] if listings and not overlaps else []
    output.line(Piece(result.name, "strong"), ": ", Piece(said, "bad" if count else "good"), "".join(notes), hang=2)


def _print_finding(output: Output, policy: Policy, finding: Finding, diagnostic: Diagnostic) -> None:
    from .findings import print_finding
    from .mending import print_mend

    print_finding(output, diagnostic)
    if finding.lapsed is not None:
        said = f"was allowed until {finding.lapsed.until}: {finding.lapsed.because}"
        output.line(Piece(" note: ", "name"), said, hang=7)
    if len(finding.words) > 1:
        output.line(Piece(" all of it:" if finding.is_exact else " among them:", "name"))
        for words in finding.words[:20]:
            output.line(f"   - {words}", hang=5)
        if len(finding.words) > 20:
            output.line(f"   - and {len(finding.words) - 20} more; `--format json` has them all")
    if finding.witness is not None and finding.code != "overlapping-rules":
        _print_witness(output, " for example:", finding.witness)
    if finding.twin is not None:
        _print_witness(output, " and, decided otherwise:", finding.twin)
    for mend in finding.mends:
        print_mend(output, mend, policy.documents[mend.document])
    output.line()


def sarif_result(policy: Policy, finding: Finding, diagnostic: Diagnostic) -> Result:
    """Return a finding as SARIF has it; what is allowed is there as suppressed."""
    from ..rules.sarif import Result

    allowed = finding.allowed
    suppressed = None if allowed is None else f"{allowed.because} (until {allowed.until})"
    return Result(diagnostic, suppressed, _fixes(policy, finding), is_note=finding.is_listing)


def _print_witness(output: Output, head: str, witness: Witness) -> None:
    output.line(Piece(head, "name"))
    for line in witness.toml.rstrip().splitlines():
        output.unbroken(Piece(f"   {line}".rstrip(), "dim"))


def _fixes(policy: Policy, finding: Finding) -> tuple[Fix, ...]:
    from ..rules.positions import Lines
    from ..rules.sarif import Change, Fix

    fixes: list[Fix] = []
    for mend in finding.mends:
        lines = Lines(policy.documents[mend.document].text)
        changes = [Change(mend.document, lines.span(edit.start, edit.end), edit.text) for edit in mend.edits]
        fixes.append(Fix(mend.title, tuple(changes)))
    return tuple(fixes)


def policy_json(result: Verified) -> dict[str, Any]:
    """Return what was found in a policy, overlaps included, regions and witnesses as data."""
    policy = result.policy
    return {
        "policy": result.name,
        "id": policy.id,
        "findings": [finding_json(policy, *found) for found in in_place(policy, result.found)],
        "fixed": [{"code": made.code, "title": made.title, "refused": made.why} for made in result.made],
        "saved_tests": list(result.saved),
        "diff": list(result.changed),
    }


def finding_json(policy: Policy, finding: Finding, diagnostic: Diagnostic) -> dict[str, Any]:
    """Return one finding."""
    from ..engine.proofs import region_data
    from ..rules.rendering import as_data

    return {
        **as_data(diagnostic),
        "decision": finding.decision,
        "rules": list(finding.rules),
        "is_listing": finding.is_listing,
        "allowed": _allowance_json(finding.allowed),
        "lapsed": _allowance_json(finding.lapsed),
        "region": [region_data(policy.tree, box) for box in finding.region],
        "region_in_words": list(finding.words),
        "is_exact": finding.is_exact,
        "mends": [_mend_json(mend, policy.documents[mend.document]) for mend in finding.mends],
        "witness": _witness_json(finding.witness),
        "twin": _witness_json(finding.twin),
    }


def _witness_json(witness: Witness | None) -> dict[str, Any] | None:
    if witness is None:
        return None
    given = {
        name: value if isinstance(value, bool | int | list) else str(value) for name, value in witness.given.items()
    }
    return {"given": given, "as_of": witness.as_of.isoformat(), "toml": witness.toml}


def _allowance_json(allowance: Allowance | None) -> dict[str, Any] | None:
    if allowance is None:
        return None
    return {"because": allowance.because, "until": allowance.until.isoformat(), "file": allowance.origin.document}


def _mend_json(mend: Mend, document: Document) -> dict[str, Any]:
    from ..rules.positions import Lines

    lines = Lines(document.text)
    spans = [(lines.span(edit.start, edit.end), edit.text) for edit in mend.edits]
    edits = [
        {"line": at.line, "column": at.column, "end_line": at.end_line, "end_column": at.end_column, "text": text}
        for at, text in spans
    ]
    return {"title": mend.title, "keeps_decisions": mend.keeps, "file": mend.document, "edits": edits}
