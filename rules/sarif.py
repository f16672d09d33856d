"""Findings as SARIF 2.1.0, the form in which code-scanning services take them; with all that GitHub asks for beyond the standard.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0 plus errata 01, 2023.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import attrs

from .describe import shortened
from .diagnostics import Diagnostic, Location, catalogue
from .positions import Span

Json: TypeAlias = dict[str, Any]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: GitHub refuses a run with more results than this, and descriptions that are longer.
MOST: Final = 25_000
_LONGEST: Final = 1_000


@attrs.frozen
class Change:
    """Text that takes the place of what stands at a span of a file."""

    file: str
    span: Span
    text: str


@attrs.frozen
class Fix:
    """Changes that mend a finding, and what they do."""

    title: str
    changes: tuple[Change, ...]


@attrs.frozen
class Result:
    """A diagnostic with what SARIF can say beside it; one that is suppressed has the reason."""

    diagnostic: Diagnostic
    suppressed: str | None = None
    fixes: tuple[Fix, ...] = ()
    is_note: bool = False


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """Return diagnostics as a log of SARIF 2.1.0."""
    return render_results([Result(diagnostic) for diagnostic in diagnostics], "policy-check")


def render_results(results: Sequence[Result], analysis: str) -> str:
    """Return results as a log of SARIF 2.1.0; *analysis* keeps apart what different commands find in one repository."""
    kept = results if len(results) <= MOST else sorted(results, key=_urgency)[:MOST]
    codes = sorted({result.diagnostic.code for result in kept})
    driver = {"name": "Evenhand", **_version(), "rules": [_rule(code) for code in codes]}
    fingerprints = _Fingerprints()
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{analysis}/"},
        "invocations": [{"executionSuccessful": True, **_left_out(len(results) - len(kept))}],
        "columnKind": "unicodeCodePoints",
        "results": [
            {**_result(result, codes.index(result.diagnostic.code)), **fingerprints.of(result.diagnostic)}
            for result in kept
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _urgency(result: Result) -> tuple[bool, bool, bool]:
    return result.suppressed is not None, result.is_note, result.diagnostic.severity != "error"


def _left_out(count: int) -> Json:
    if not count:
        return {}
    were = "result was" if count == 1 else "results were"
    said = f"{count:,} {were} left out: more than {MOST:,} are not taken"
    return {"toolExecutionNotifications": [{"level": "warning", "message": {"text": said}}]}


def _version() -> Json:
    """Return the version of the package; nothing where it runs from a folder and is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {"version": version("evenhand")}
    except PackageNotFoundError:
        return {}


def _rule(code: str) -> Json:
    entry = catalogue()[code]
    page = f"{entry.what}\n\n**How to mend it.** {entry.mend}\n\n**Why it matters.** {entry.why}"
    return {
        "id": code,
        "shortDescription": {"text": shortened(entry.what, _LONGEST)},
        "fullDescription": {"text": shortened(f"{entry.what} {entry.why}", _LONGEST)},
        "help": {"text": entry.mend or entry.what, "markdown": page},
        "defaultConfiguration": {"level": entry.severity},
        "properties": {
            "tags": ["policy", entry.by or "check"],
            "precision": "very-high",
            "problem.severity": entry.severity,
        },
    }


def _result(result: Result, index: int) -> Json:
    diagnostic = result.diagnostic
    text = f"{diagnostic.message}\n{diagnostic.help}" if diagnostic.help else diagnostic.message
    found: Json = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": "note" if result.is_note else diagnostic.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": _physical(diagnostic)}],
    }
    fixes = [_fix(fix) for fix in result.fixes]
    if diagnostic.fix and diagnostic.location:
        replacement = {"deletedRegion": _region(diagnostic.location), "insertedContent": {"text": diagnostic.fix}}
        fixes.append(_described(f"write {diagnostic.fix}", {diagnostic.file: [replacement]}))
    if fixes:
        found["fixes"] = fixes
    if result.suppressed is not None:
        found["suppressions"] = [{"kind": "inSource", "justification": result.suppressed}]
    return found


def _fix(fix: Fix) -> Json:
    files: dict[str, list[Json]] = {}
    for change in fix.changes:
        replacement = {"deletedRegion": _region(change.span), "insertedContent": {"text": change.text}}
        files.setdefault(change.file, []).append(replacement)
    return _described(fix.title, files)


def _described(title: str, files: Mapping[str, Sequence[Json]]) -> Json:
    changes = [{"artifactLocation": {"uri": uri(file)}, "replacements": list(edits)} for file, edits in files.items()]
    return {"description": {"text": title}, "artifactChanges": changes}


def _physical(diagnostic: Diagnostic) -> Json:
    region = _region(diagnostic.location) if diagnostic.location else {"startLine": 1}
    return {"artifactLocation": {"uri": uri(diagnostic.file)}, "region": region}


def _region(place: Location | Span) -> Json:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def uri(file: str) -> str:
    """
    Return a file as a URI: within the current folder a relative one, for that is how services find files of a repository.

    >>> uri("policies/corner café.toml")
    'policies/corner%20caf%C3%A9.toml'
    """
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="replace")


class _Fingerprints:
    """What findings are recognised by when their lines have moved: the code, the file and the text of the line."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def of(self, diagnostic: Diagnostic) -> Json:
        """Return the fingerprint of a finding; of several alike, each has its own."""
        line = diagnostic.location.source_line.strip() if diagnostic.location else ""
        text = "\0".join((diagnostic.code, uri(diagnostic.file), line, *diagnostic.facts.values()))
        print_ = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]
        self._seen[print_] = count = self._seen.get(print_, 0) + 1
        return {"partialFingerprints": {"primaryLocationLineHash": f"{print_}:{count}"}}
