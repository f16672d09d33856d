"""A dry run: policies loaded, incidents decided one by one, everything counted, nothing kept."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import attrs

from ..engine.policy import Decision, Policy
from ..rules.diagnostics import Diagnostic, FactError, PolicyError
from .facts import check_stated, facts_of, moment_of, stated_facts
from .incidents import Incident, read_incidents
from .progress import Progress


@attrs.frozen
class Request:
    """What the caller asked for."""

    as_of: dt.date | None = None
    why: bool = False
    summary: bool = False
    ignore: frozenset[str] = frozenset()


@attrs.frozen
class Loaded:
    """A policy as it was named, with what was found in it; *policy* is None where it cannot be used."""

    name: str
    policy: Policy | None
    findings: tuple[Diagnostic, ...]


@attrs.define
class Tally:
    """What has been counted; *outcomes* by policy, decision and outcome."""

    policies: int = 0
    unsound_policies: int = 0
    incidents: int = 0
    decided: int = 0
    left_to_a_human: int = 0
    unreadable: int = 0
    outcomes: dict[str, dict[str, Counter[str]]] = attrs.field(factory=dict)


class Report(Protocol):
    """Where the results of a dry run go."""

    def policy(self, loaded: Loaded) -> None:
        """Take a policy that was checked."""

    def incident(self, incident: Incident, decisions: Sequence[Decision], findings: Sequence[Diagnostic]) -> None:
        """Take an incident, decided by each policy that can read it."""

    def close(self, tally: Tally) -> None:
        """Take the counts; nothing comes after them."""


class DryRun:
    """Loads policies, decides incidents under each of them, and reports as it goes."""

    def __init__(self, request: Request, report: Report) -> None:
        self._request = request
        self._report = report
        self._policies: list[Policy] = []
        self._moment = moment_of(request.as_of)
        self._has_findings = False
        self.tally = Tally()

    def load(self, name: str) -> None:
        """Load and check a policy."""
        try:
            policy = Policy.load(name)
        except PolicyError as error:
            self.tally.unsound_policies += 1
            loaded = Loaded(name, None, error.diagnostics)
        else:
            self._policies.append(policy)
            loaded = Loaded(name, policy, policy.warnings)
        self.tally.policies += 1
        self._report.policy(loaded)

    def decide(self, files: Sequence[str], stated: Iterable[tuple[str, str]]) -> None:
        """Decide the incidents of all files; with facts stated and no file, the one incident that these make."""
        facts = dict(stated)
        for policy in self._policies:
            check_stated(policy, facts.items())
        if not files:
            name = ", ".join(f"{name} = {value}" for name, value in facts.items())
            self._decide(Incident("", 0, name=name), facts)
        shows_each = not self._request.summary
        with Progress(files, to_terminal=shows_each) as progress:
            for file in files:
                for incident in read_incidents(file, on_read=progress.at, check_columns=self._wrong_columns):
                    self._decide(incident, facts)
                    progress.count(self.tally.incidents)
                progress.done(file)

    def _decide(self, incident: Incident, stated: Mapping[str, str]) -> None:
        self.tally.incidents += incident.count
        findings = list(incident.problems)
        decisions: list[Decision] = []
        for policy in self._policies if not findings else []:
            try:
                facts = facts_of(policy, incident.facts, self._request.ignore, is_text=incident.is_text)
                facts.update(stated_facts(policy, stated))
                decisions.append(policy.decide(facts, as_of=self._moment))
            except FactError as error:
                findings.extend(found for found in incident.placed(error) if found not in findings)
        self._has_findings |= bool(findings)
        self._count(decisions, incident.count)
        self._report.incident(incident, decisions, findings)

    def _count(self, decisions: Sequence[Decision], count: int) -> None:
        if len(decisions) < max(len(self._policies), 1):
            self.tally.unreadable += count if self._policies else 0
            return
        self.tally.decided += 1
        self.tally.left_to_a_human += not all(decision.is_settled for decision in decisions)
        for decision in decisions:
            outcomes = self.tally.outcomes.setdefault(decision.policy.id, {})
            for verdict in decision:
                outcomes.setdefault(verdict.decision, Counter())[str(verdict.outcome)] += 1

    def _wrong_columns(self, columns: Sequence[str]) -> list[Diagnostic]:
        """Return what is wrong with the facts that a table names, under any of the policies."""
        found: list[Diagnostic] = []
        for policy in self._policies:
            facts = facts_of(policy, dict.fromkeys(columns), self._request.ignore)
            try:
                policy.read(facts)
            except FactError as error:
                found.extend(problem for problem in error.diagnostics if problem not in found)
        return found

    def close(self) -> int:
        """Report the counts, and return the exit code."""
        self._report.close(self.tally)
        return 1 if self.tally.unsound_policies or self._has_findings else 0
