"""`policy show`: the resolved policy as English, each part with the place where it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ..engine.policy import Policy
from ..rules.quantities import duration_text
from ..rules.tree import Guard, Independence, Origin, Parameter, Rule
from .as_json import origin_text
from .decided import listed
from .english import amount_text, condition_english, consequences, decision_english, rule_conditions, spaced, title_of
from .terminal import Output, Piece, cells, padded

_LABEL: Final = 9


class English:
    """Writes a policy as people read it."""

    def __init__(self, output: Output, policy: Policy) -> None:
        self._output = output
        self._policy = policy
        self._tree = policy.tree

    def write(self) -> None:
        """Write all of it."""
        self._header()
        for heading, part in self._sections():
            self._output.line()
            self._output.line(Piece(heading, "title"))
            part()

    def _sections(self) -> Iterable[tuple[str, Callable[[], None]]]:
        tree = self._tree
        assumed = any(fact.assume is not None for fact in tree.facts.values())
        yield "What is decided", self._decisions
        yield from [("The numbers", self._parameters)] if tree.parameters else []
        yield from [("The words", self._terms)] if tree.terms else []
        yield "The rules, in the order in which they are tried", self._rules
        yield from [("The red lines", self._guards)] if tree.guards else []
        yield from [("What must make no difference", self._independent)] if tree.independent else []
        yield from [("The duties", self._duties)] if tree.obligations else []
        yield from [("Taken for granted where nobody said", self._assumptions)] if assumed else []
        yield from [("Switched off", self._switches)] if tree.switched_off else []

    def _header(self) -> None:
        tree = self._tree
        self._output.line(Piece(self._policy.title, "title"))
        notes = [f"{tree.id} {tree.version}".strip(), f"amounts in {tree.currency}"]
        notes += [f"in force from {tree.effective}"] if tree.effective else []
        notes += [f"until {tree.expires}"] if tree.expires else []
        notes += [f"built on {listed(tree.extends, 'and')}"] if tree.extends else []
        notes += [f"to be reviewed by {tree.review_by}"] if tree.review_by else []
        self._output.line(Piece("; ".join(notes), "dim"))
        if tree.about:
            self._output.line()
            self._output.line(" ".join(tree.about.split()))

    def _row(self, name: str, width: int, text: str, origin: Origin | None) -> None:
        head = f"  {padded(name, width)}  "
        where = Piece(f"  [{origin_text(origin, self._policy.documents)}]", "dim", whole=True) if origin else ""
        self._output.line(Piece(head, "strong", whole=True), text, where, hang=cells(head))

    def _decisions(self) -> None:
        specs = self._tree.decisions.values()
        width = max(cells(title_of(spec)) for spec in specs)
        for spec in specs:
            self._row(title_of(spec), width, decision_english(spec, self._tree.currency), spec.origin)

    def _parameters(self) -> None:
        parameters = self._tree.parameters
        width = max(cells(spaced(name)) for name in parameters)
        for name, parameter in parameters.items():
            self._row(spaced(name), width, self._value(parameter), parameter.origin)

    def _value(self, parameter: Parameter) -> str:
        values = parameter.value if isinstance(parameter.value, tuple) else (parameter.value,)
        return listed([amount_text(value, parameter.type, self._tree.currency) for value in values], "or")

    def _terms(self) -> None:
        width = max(cells(spaced(name)) for name in self._tree.terms)
        for name, term in self._tree.terms.items():
            self._row(spaced(name), width, condition_english(term.condition, self._tree.currency), term.origin)

    def _rules(self) -> None:
        for number, rule in enumerate(self._tree.rules, 1):
            self._heading(f"{number}. {rule.title or spaced(rule.id)}", rule)
            for label, text in rule_conditions(rule, self._tree.currency):
                self._line(label, text)
            self._line("Then", consequences(rule, self._tree))
            for id_ in rule.oblige:
                self._line("To do" if id_ == rule.oblige[0] else "", self._tree.obligations[id_].title)
            self._line("Because", rule.because)
            self._line("Source", rule.source)

    def _guards(self) -> None:
        for guard in self._tree.guards:
            self._heading(guard.title or spaced(guard.id), guard)
            self._line("Never", condition_english(guard.condition, self._tree.currency))
            self._line("Because", guard.because)

    def _independent(self) -> None:
        for declared in self._tree.independent:
            decisions = listed([title_of(self._tree.decisions[name]) for name in declared.decisions], "and")
            self._heading(declared.title or decisions, declared)
            self._line("For", decisions if declared.title else "")
            self._line("Whatever", f"{listed([spaced(name) for name in declared.facts], 'and')} may be")
            self._line("Because", declared.because)

    def _heading(self, title: str, part: Rule | Guard | Independence) -> None:
        where = f"  [{', '.join(filter(None, [part.id, origin_text(part.origin, self._policy.documents)]))}]"
        self._output.line()
        self._output.line(Piece(f"  {title}", "strong"), Piece(where, "dim", whole=True), hang=5)

    def _line(self, label: str, text: str) -> None:
        if text or label == "Always":
            style = "dim" if label in ("Because", "Source") else ""
            head = f"     {padded(label, _LABEL)}"
            self._output.line(Piece(head, "name", whole=True), Piece(text, style), hang=cells(head))

    def _duties(self) -> None:
        for duty in self._tree.obligations.values():
            within = f"within {duration_text(duty.within)}" if duty.within is not None else ""
            notes = ", ".join(note for note in (duty.by, within) if note)
            self._row("-", 1, f"{duty.title}{f' ({notes})' if notes else ''}", duty.origin)

    def _assumptions(self) -> None:
        assumed = [fact for fact in self._tree.facts.values() if fact.assume is not None]
        width = max(cells(spaced(fact.name)) for fact in assumed)
        for fact in assumed:
            assert fact.assume is not None
            text = amount_text(fact.assume, fact.type, self._tree.currency) or "nothing"
            self._row(
                spaced(fact.name), width, {"true": "yes", "false": "no"}.get(text, text), self._assumed_at(fact.name)
            )

    def _assumed_at(self, name: str) -> Origin | None:
        """Return where an assumption was written: in the first document that has one."""
        path = ("facts", *name.split("."), "assume")
        for document in self._policy.documents.values():
            value: object = document.values
            for step in path:
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None:
                return Origin(document.name, path)
        return None

    def _switches(self) -> None:
        width = max(cells(switch.id) for switch in self._tree.switched_off)
        for switch in self._tree.switched_off:
            self._row(switch.id, width, switch.because, switch.origin)
