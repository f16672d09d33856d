"""The forms in which test results are written: text, JSON, JUnit's XML, GitHub's annotations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias
from xml.etree import ElementTree as ET

from ..engine.trials import Mismatch, Trial
from ..rules.document import Document
from ..rules.tree import Case
from .as_json import VERSION, Json, findings_json, write_json
from .coverage_reports import coverage_json, print_coverage
from .findings import annotation, findings_text, print_findings
from .mutation_reports import mutation_json, print_mutation
from .story_reports import failures, print_mismatches, print_telling, telling_github, telling_json, telling_junit
from .terminal import Output, Piece, counted, err, out
from .testing import Tested

Results: TypeAlias = Sequence[Tested]


def report_for(format_: str) -> Callable[[Results], None]:
    """Return how results are written in a format."""
    return {"text": as_text, "json": as_json, "junit": as_junit, "github": as_github}[format_]


def place_of(case: Case, tested: Tested) -> tuple[str, int]:
    """Return the file and the line of a test."""
    document = _documents(tested).get(case.origin.document)
    return case.origin.document, document.line_of(case.origin.path) if document else 0


def _documents(tested: Tested) -> dict[str, Document]:
    return dict(tested.policy.documents) if tested.policy else {}


def told(mismatch: Mismatch) -> str:
    """Return a mismatch in one line."""
    reason = f" ({mismatch.reason})" if mismatch.reason else ""
    return f"{mismatch.name}: expected {mismatch.expected}, got {mismatch.got}{reason}"


# --- text ------------------------------------------------------------------------------------------------------------


def as_text(results: Results) -> None:
    """Write each test with a mark, what failed with what came out instead, and the counts."""
    output = out()
    for tested in results:
        print_findings(tested.findings)
        if tested.policy is None:
            continue
        name = f"{tested.policy.id} {tested.policy.version}".strip()
        output.line(Piece(name, "title"), Piece(f"  {tested.name}" if tested.name != tested.policy.id else "", "dim"))
        for trial in tested.trials if len(results) == 1 else tested.failed:
            _print_trial(output, trial, tested)
        for telling in tested.tellings if len(results) == 1 else tested.failed_stories:
            print_telling(output, telling, tested)
        if len(results) > 1 and tested.count and not tested.failed and not tested.failed_stories:
            output.line(Piece("  ✓ ", "good"), f"{_counted_all([tested])} passed")
        if not tested.count:
            sys.stdout.flush()
            err().line(f"{tested.name}: there is no test to run: write one as [[test]] with name, given and expect")
        if tested.coverage is not None:
            print_coverage(output, tested.coverage, _documents(tested), least=tested.least)
        if tested.mutation is not None:
            print_mutation(output, tested, _documents(tested))
        output.line()
    _print_counts(output, results)


def _print_trial(output: Output, trial: Trial, tested: Tested) -> None:
    if trial.passed:
        note = "" if trial.case.confirmed else "  (not confirmed)"
        output.line(Piece("  ✓ ", "good", whole=True), trial.case.name, Piece(note, "dim"), hang=4)
        return
    file, line = place_of(trial.case, tested)
    output.line(
        Piece("  ✗ ", "bad", whole=True), Piece(trial.case.name, "bad"), Piece(f"  {file}:{line}", "dim"), hang=4
    )
    print_mismatches(output, trial.mismatches, 6)


def _counted_all(results: Results) -> str:
    """Return how many tests there are, and how many stories if there is any."""
    tests = sum(len(tested.trials) for tested in results)
    stories = sum(len(tested.tellings) for tested in results)
    told = counted(stories, "story", "stories")
    return told if stories and not tests else counted(tests, "test") + (f" and {told}" if stories else "")


def _print_counts(output: Output, results: Results) -> None:
    count = sum(tested.count for tested in results)
    failed = sum(len(tested.failed) + len(tested.failed_stories) for tested in results)
    unsound = sum(tested.is_unsound for tested in results)
    words = f"{_counted_all(results)}: {count - failed:,} passed"
    bad = [f"{failed:,} failed"] if failed else []
    bad += [f"{counted(unsound, 'policy', 'policies')} could not be loaded"] if unsound else []
    output.line(Piece(words, "strong"), Piece("".join(f", {part}" for part in bad), "bad"), ".")
    unread = sum(not trial.case.confirmed for tested in results for trial in tested.trials)
    if unread:
        are, it = ("is", "it") if unread == 1 else ("are", "them")
        line = f"{counted(unread, 'test')} {are} not confirmed: read {it} and delete the line `confirmed = false`."
        output.line(Piece(line, "warning"))


# --- for machines ----------------------------------------------------------------------------------------------------


def as_json(results: Results) -> None:
    """Write one JSON document: `policies`, each with its `tests` and its `stories`, and `summary`."""
    tests = sum(len(tested.trials) for tested in results)
    failed = sum(len(tested.failed) for tested in results)
    document = {
        "format_version": VERSION,
        "policies": [_tested_json(tested) for tested in results],
        "summary": {
            "policies": len(results),
            "unsound_policies": sum(tested.is_unsound for tested in results),
            "tests": tests,
            "passed": tests - failed,
            "failed": failed,
            "stories": sum(len(tested.tellings) for tested in results),
            "failed_stories": sum(len(tested.failed_stories) for tested in results),
        },
    }
    write_json(out(), document)


def _tested_json(tested: Tested) -> Json:
    return {
        "file": tested.name,
        "id": tested.policy.id if tested.policy else "",
        "sound": not tested.is_unsound,
        "findings": findings_json(tested.findings),
        "tests": [_trial_json(trial, tested) for trial in tested.trials],
        "stories": [telling_json(telling, tested) for telling in tested.tellings],
        "coverage": None if tested.coverage is None else coverage_json(tested.coverage, _documents(tested)),
        "mutation": None if tested.mutation is None else mutation_json(tested.mutation, _documents(tested)),
    }


def _trial_json(trial: Trial, tested: Tested) -> Json:
    file, line = place_of(trial.case, tested)
    mismatches = [
        {"name": found.name, "expected": found.expected, "got": found.got, "reason": found.reason}
        for found in trial.mismatches
    ]
    return {
        "name": trial.case.name,
        "file": file,
        "line": line,
        "passed": trial.passed,
        "confirmed": trial.case.confirmed,
        "mismatches": mismatches,
    }


def as_junit(results: Results) -> None:
    """Write JUnit's XML: a suite a policy, a case a test or a story."""
    root = ET.Element("testsuites", name="policy test")
    for tested in results:
        _suite(root, tested)
    ET.indent(root)
    output = out()
    text = ET.tostring(root, encoding="unicode")
    if output.plain_signs:
        text = text.encode("ascii", "xmlcharrefreplace").decode()
    output.text(f'<?xml version="1.0"?>\n{text}')


def _suite(root: ET.Element, tested: Tested) -> None:
    errors = [found for found in tested.findings if found.severity == "error"] if tested.is_unsound else []
    failed = len(tested.failed) + len(tested.failed_stories)
    counts = {"tests": tested.count + len(errors), "failures": failed, "errors": len(errors)}
    suite = ET.SubElement(
        root, "testsuite", {"name": tested.name, **{key: str(count) for key, count in counts.items()}}
    )
    for found in errors:
        case = ET.SubElement(suite, "testcase", name=found.code, classname=tested.name)
        ET.SubElement(case, "error", message=_xml_text(str(found)))
    for trial in tested.trials:
        file, line = place_of(trial.case, tested)
        name = _xml_text(trial.case.name)
        case = ET.SubElement(suite, "testcase", name=name, classname=tested.name, file=file, line=str(line))
        if not trial.passed:
            lines = [_xml_text(told(mismatch)) for mismatch in trial.mismatches]
            ET.SubElement(case, "failure", message=lines[0]).text = "\n".join(lines)
    for telling in tested.tellings:
        lines = [_xml_text(line) for _, line in failures(telling)]
        telling_junit(suite, telling, tested, _xml_text(telling.story.name), lines)


def _xml_text(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "?" for sign in text)


def as_github(results: Results) -> None:
    """Write an annotation for each failed test, each line of a story that failed, and each finding."""
    output = out()
    for tested in results:
        output.text(findings_text(tested.findings, "github")) if tested.findings else None
        for trial in tested.failed:
            file, line = place_of(trial.case, tested)
            message = "\n".join(told(mismatch) for mismatch in trial.mismatches)
            output.text(annotation("error", file, line, f"test failed: {trial.case.name}", message))
        for telling in tested.failed_stories:
            telling_github(output, telling, tested)
