"""The forms in which a dry run is reported: text for people, JSON, and findings alone for GitHub and SARIF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..engine.policy import Decision, Policy
from ..rules.diagnostics import Diagnostic
from .as_json import VERSION, Json, JsonList, decision_json, findings_json, policy_json
from .decided import print_decision
from .dry_run import Loaded, Report, Request, Tally
from .findings import findings_text, print_findings
from .incidents import Incident
from .terminal import Piece, cells, counted, err, out, padded


def report_for(format_: str, request: Request) -> Report:
    """Return the report of a format."""
    match format_:
        case "text":
            return TextReport(request)
        case "json":
            return JsonReport(request)
        case _:
            return FindingsReport(format_)


# --- text ------------------------------------------------------------------------------------------------------------


class TextReport:
    """A report for people: results to stdout, what is wrong to stderr."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._output = out()
        self._policies = 0
        self._findings = 0

    def policy(self, loaded: Loaded) -> None:
        """Write one line about a sound policy, or what is wrong with it."""
        print_findings(loaded.findings)
        if loaded.policy is None:
            return
        self._policies += 1
        sign = Piece("✓ ", "good") if not loaded.findings else Piece("! ", "warning")
        title = loaded.policy.tree.title
        self._output.line(sign, Piece(_called(loaded.policy), "strong"), f": {title}" if title else "", hang=2)
        self._output.line(Piece(f"  {_contents(loaded.policy)}", "dim"), hang=2)

    def incident(self, incident: Incident, decisions: Sequence[Decision], findings: Sequence[Diagnostic]) -> None:
        """Write an incident with what each policy decides about it."""
        self._print(findings)
        if not decisions or self._request.summary:
            return
        self._heading(incident)
        for decision in decisions:
            if self._policies > 1:
                self._output.line()
                self._output.line(Piece(f"  Under {_called(decision.policy)}", "title"))
            self._output.line()
            print_decision(self._output, decision, as_of=self._request.as_of)
            if self._request.why:
                self._explain(decision)

    def _print(self, findings: Sequence[Diagnostic]) -> None:
        """Write what is wrong with an incident, as long as somebody may read it."""
        before, self._findings = self._findings, self._findings + len(findings)
        print_findings(findings[: max(0, _MOST_FINDINGS - before)])
        if before < _MOST_FINDINGS <= self._findings:
            err().line("Further incidents that cannot be read are only counted; --format json lists them all.")

    def _heading(self, incident: Incident) -> None:
        place = f"{incident.file}:{incident.line}" if incident.is_row else incident.file
        name = incident.name or place
        self._output.line()
        self._output.line(Piece("─" * min(self._output.width, 72), "dim", whole=True))
        self._output.line(Piece(name, "title"), Piece(f"  {place}" if place != name else "", "dim"), hang=2)
        if incident.about:
            self._output.line(Piece(incident.about[:_LONGEST_ABOUT], "dim"))

    def _explain(self, decision: Decision) -> None:
        self._output.line()
        for line in decision.explain().text().splitlines():
            indent = len(line) - len(line.lstrip())
            style = "strong" if indent == 0 else "name" if indent == 2 else ""
            self._output.line(Piece(f"  {line}", style), hang=indent + 4)

    def close(self, tally: Tally) -> None:
        """Write the counts."""
        output = self._output
        if tally.incidents == 0:
            _print_policies(tally)
            return
        if self._request.summary:
            self._print_outcomes(tally)
        output.line()
        output.line(Piece(_decided(tally), "strong"), Piece(_lost(tally), "bad"), ".")

    def _print_outcomes(self, tally: Tally) -> None:
        for policy, decisions in tally.outcomes.items():
            self._output.line()
            self._output.line(Piece(policy, "title"))
            for decision, counts in decisions.items():
                ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:12]
                words = [f"{outcome} {count:,} ({count / counts.total():.0%})" for outcome, count in ranked]
                head = f"  {padded(decision, max(map(cells, decisions)))}  "
                self._output.line(Piece(head, "strong", whole=True), ", ".join(words), hang=cells(head))


_LONGEST_ABOUT: Final = 400
#: How many mistakes in incidents are told in text.
_MOST_FINDINGS: Final = 1_000


def _called(policy: Policy) -> str:
    return f"{policy.id} {policy.version}".strip()


def _contents(policy: Policy) -> str:
    tree = policy.tree
    counts = [
        counted(len(tree.rules), "rule"),
        counted(len(tree.guards), "red line"),
        counted(len(tree.obligations), "duty", "duties"),
        counted(len(tree.tests), "test"),
    ]
    return ", ".join(counts)


def _decided(tally: Tally) -> str:
    words = f"{counted(tally.incidents, 'incident')}: {f'{tally.decided:,}' if tally.decided else 'none'} decided"
    if tally.policies == tally.unsound_policies:
        words += ", because no policy is sound"
    return words + (f", {tally.left_to_a_human:,} with something left to a human" if tally.left_to_a_human else "")


def _lost(tally: Tally) -> str:
    return f"; {tally.unreadable:,} could not be read" if tally.unreadable else ""


def _print_policies(tally: Tally) -> None:
    if tally.policies > 1:
        sound = tally.policies - tally.unsound_policies
        out().line(Piece(f"{sound} of {counted(tally.policies, 'policy', 'policies')} sound.", "strong"))


# --- JSON ------------------------------------------------------------------------------------------------------------


class JsonReport:
    """A report as one JSON document, written as it goes: `policies`, `incidents` (one a line) and `summary`."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._output = out()
        self._policies: list[Json] = []
        self._incidents: JsonList | None = None

    def policy(self, loaded: Loaded) -> None:
        """Take a policy; all of them are written before the first incident."""
        about = {"file": loaded.name} if loaded.policy is None else policy_json(loaded.policy, loaded.name)
        self._policies.append({"sound": loaded.policy is not None, **about, "findings": findings_json(loaded.findings)})

    def incident(self, incident: Incident, decisions: Sequence[Decision], findings: Sequence[Diagnostic]) -> None:
        """Write an incident; where only the counts are wanted, only what is wrong."""
        if self._request.summary and not findings:
            return
        self._list().add(
            {
                "file": incident.file,
                "line": incident.line,
                "incidents": incident.count,
                "name": incident.name,
                "decided": [self._decision(decision) for decision in decisions],
                "findings": findings_json(findings),
            }
        )

    def _decision(self, decision: Decision) -> Json:
        decided = decision_json(decision)
        if self._request.why:
            explanation = decision.explain()
            decided["why"] = {name: explanation.text(name) for name in decision.verdicts}
            decided["sentence"] = explanation.sentence()
        return decided

    def _list(self) -> JsonList:
        if self._incidents is None:
            head = {"format_version": VERSION, "policies": self._policies}
            self._incidents = JsonList(self._output, head, "incidents")
        return self._incidents

    def close(self, tally: Tally) -> None:
        """Write the counts and end the document."""
        self._list().close(
            {
                "summary": {
                    "policies": tally.policies,
                    "unsound_policies": tally.unsound_policies,
                    "incidents": tally.incidents,
                    "decided": tally.decided,
                    "left_to_a_human": tally.left_to_a_human,
                    "unreadable": tally.unreadable,
                    "outcomes": {
                        policy: {decision: dict(counts) for decision, counts in decisions.items()}
                        for policy, decisions in tally.outcomes.items()
                    },
                }
            }
        )


# --- findings alone --------------------------------------------------------------------------------------------------


class FindingsReport:
    """What is wrong with policies and incidents, as GitHub's annotations or as SARIF; decisions are no findings."""

    def __init__(self, format_: str) -> None:
        self._format = format_
        self._found: list[Diagnostic] = []

    def policy(self, loaded: Loaded) -> None:
        """Take what is wrong with a policy."""
        self._found.extend(loaded.findings)

    def incident(self, incident: Incident, decisions: Sequence[Decision], findings: Sequence[Diagnostic]) -> None:  # noqa: ARG002 because the other reports take them
        """Take what is wrong with an incident."""
        self._found.extend(findings)

    def close(self, tally: Tally) -> None:  # noqa: ARG002 as above
        """Write all of it."""
        text = findings_text(self._found, self._format)
        if text:
            out().text(text)
