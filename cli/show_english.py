"""`policy show`: the resolved policy as English, each part with the place where it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..rules.case_tree import Duty
from ..rules.quantities import duration_text
from ..rules.tree import Parameter
from .decided import listed
from .english import amount_text, condition_english, condition_lines, consequences, decision_english, spaced, title_of
from .show_cases import case_sections
from .show_sheet import Sheet
from .terminal import Piece, cells


class English(Sheet):
    """Writes a policy as people read it."""

    def write(self) -> None:
        """Write all of it."""
        self._header()
        for heading, part in self._sections():
            self.output.line()
            self.output.line(Piece(heading, "title"))
            part()

    def _sections(self) -> Iterable[tuple[str, Callable[[], None]]]:
        tree = self.tree
        assumed = any(fact.assume is not None for fact in tree.facts.values())
        yield "What is decided", self._decisions
        yield from [("The numbers", self._parameters)] if tree.parameters else []
        yield from [("The words", self._terms)] if tree.terms else []
        yield "The rules, in the order in which they are tried", self._rules
        yield from [("The red lines", self._guards)] if tree.guards else []
        yield from [("What must make no difference", self._independent)] if tree.independent else []
        yield from [("The duties", self._duties)] if tree.obligations else []
        yield from case_sections(self)
        yield from [("Taken for granted where nobody said", self._assumptions)] if assumed else []
        yield from [("Switched off", self._switches)] if tree.switched_off else []

    def _header(self) -> None:
        tree = self.tree
        self.output.line(Piece(self.policy.title, "title"))
        notes = [f"{tree.id} {tree.version}".strip(), f"amounts in {tree.currency}"]
        notes += [f"in force from {tree.effective}"] if tree.effective else []
        notes += [f"until {tree.expires}"] if tree.expires else []
        notes += [f"built on {listed(tree.extends, 'and')}"] if tree.extends else []
        notes += [f"to be reviewed by {tree.review_by}"] if tree.review_by else []
        self.output.line(Piece("; ".join(notes), "dim"))
        if tree.about:
            self.output.line()
            self.output.line(" ".join(tree.about.split()))

    def _decisions(self) -> None:
        specs = self.tree.decisions.values()
        width = max(cells(title_of(spec)) for spec in specs)
        for spec in specs:
            self.row(title_of(spec), width, decision_english(spec, self.tree.currency), spec.origin)

    def _parameters(self) -> None:
        parameters = self.tree.parameters
        width = max(cells(spaced(name)) for name in parameters)
        for name, parameter in parameters.items():
            self.row(spaced(name), width, self._value(parameter), parameter.origin)

    def _value(self, parameter: Parameter) -> str:
        values = parameter.value if isinstance(parameter.value, tuple) else (parameter.value,)
        return listed([amount_text(value, parameter.type, self.tree.currency) for value in values], "or")

    def _terms(self) -> None:
        width = max(cells(spaced(name)) for name in self.tree.terms)
        for name, term in self.tree.terms.items():
            self.row(spaced(name), width, condition_english(term.condition, self.tree.currency), term.origin)

    def _rules(self) -> None:
        for number, rule in enumerate(self.tree.rules, 1):
            self.heading(f"{number}. {rule.title or spaced(rule.id)}", rule.id, rule.origin)
            for label, text in condition_lines(rule.condition, self.tree.currency):
                self.line(label, text)
            self.line("Then", consequences(rule, self.tree))
            for id_ in rule.oblige:
                self.line("To do" if id_ == rule.oblige[0] else "", self.tree.obligations[id_].title)
            self.line("Because", rule.because)
            self.line("Source", rule.source)

    def _guards(self) -> None:
        for guard in self.tree.guards:
            self.heading(guard.title or spaced(guard.id), guard.id, guard.origin)
            self.line("Never", condition_english(guard.condition, self.tree.currency))
            self.line("Because", guard.because)

    def _independent(self) -> None:
        for declared in self.tree.independent:
            decisions = listed([title_of(self.tree.decisions[name]) for name in declared.decisions], "and")
            self.heading(declared.title or decisions, declared.id, declared.origin)
            self.line("For", decisions if declared.title else "")
            self.line("Whatever", f"{listed([spaced(name) for name in declared.facts], 'and')} may be")
            self.line("Because", declared.because)

    def _duties(self) -> None:
        for duty in self.tree.obligations.values():
            within = f"within {duration_text(duty.within)}" if duty.within is not None else ""
            known = self.tree.case.duties.get(duty.id, Duty())
            within += " of business hours" if within and known.hours == "business" else ""
            until = [spaced(kind) for kind in known.discharged_by]
            notes = ", ".join(note for note in (duty.by, within) if note)
            notes += f"{'; ' if notes else ''}done once there is: {listed(until, 'or')}" if until else ""
            notes += f"{'; ' if notes else ''}owed until it is done" if known.lasting else ""
            self.row("-", 1, f"{duty.title}{f' ({notes})' if notes else ''}", duty.origin)

    def _assumptions(self) -> None:
        assumed = [fact for fact in self.tree.facts.values() if fact.assume is not None]
        width = max(cells(spaced(fact.name)) for fact in assumed)
        for fact in assumed:
            assert fact.assume is not None
            text = amount_text(fact.assume, fact.type, self.tree.currency) or "nothing"
            self.row(
                spaced(fact.name),
                width,
                {"true": "yes", "false": "no"}.get(text, text),
                self.written_at(("facts", *fact.name.split("."), "assume")),
            )

    def _switches(self) -> None:
        width = max(cells(switch.id) for switch in self.tree.switched_off)
        for switch in self.tree.switched_off:
            self.row(switch.id, width, switch.because, switch.origin)
