"""A look at the policy as a whole: its id and dates, and names that nothing uses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import attrs

from .compose import Part
from .consequences import check_id
from .declare import Work
from .diagnostics import nearest


def check_header(work: Work) -> None:
    """Report a policy whose id is none, or that ends before it begins."""
    header = work.draft.header
    check_id(work, header, "policy")
    effective, expires = header.raw.get("effective"), header.raw.get("expires")
    if isinstance(effective, dt.date) and isinstance(expires, dt.date) and _day(expires) <= _day(effective):
        place = header.place.inside("expires")
        work.findings.report("never-in-force", place, effective=_day(effective), expires=_day(expires))


def _day(date: dt.date) -> dt.date:
    return date.date() if isinstance(date, dt.datetime) else date


def check_use(work: Work) -> None:
    """
    Report the parameters, terms and obligations of the policy itself that nothing uses.

    A file without rules is a vocabulary for those who extend it.
    """
    own = work.draft.header.origin.document
    if work.findings.has_errors or not any(item.part.origin.document == own for item in work.draft.items):
        return
    obliged = {name for rule in work.rules for name in rule.oblige}
    _report_unused(work, "unused-parameter", work.draft.parameters, work.used)
    _report_unused(work, "unused-term", work.draft.terms, work.used)
    _report_unused(work, "unused-obligation", work.draft.obligations, obliged)


def _report_unused(work: Work, code: str, parts: Mapping[str, Part], used: Iterable[str]) -> None:
    own = work.draft.header.origin.document
    inherited = [name for name, part in parts.items() if part.origin.document != own]
    for name, part in parts.items():
        if name not in used and part.origin.document == own:
            place = attrs.evolve(part.place, key=True)
            work.findings.report(code, place, suggestion=nearest(name, inherited), name=name)
