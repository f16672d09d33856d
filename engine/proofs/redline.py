"""Red lines as terms: whether what the decisions come to breaks one, or may."""

from __future__ import annotations

from collections.abc import Mapping

from ...rules.regions import universe
from ...rules.tree import Atom, Conjunct, FactTest, Guard, NormalForm, Whole
from ..solve import Encoder
from ..solve.terms import Term, Truth
from ..solve.verdicts import Made


def broken(encoder: Encoder, made: Mapping[str, Made], guard: Guard, side: str) -> Term:
    """Return whether a red line is broken or may be."""
    return (
        _Line(encoder, {name: made[name] for name in guard.decisions}, f"{side} {guard.id}").truth(guard.form).possible
    )


class _Line:
    """One red line of one policy, over what its decisions come to."""

    def __init__(self, encoder: Encoder, made: Mapping[str, Made], name: str) -> None:
        self.encoder, self.made, self.name = encoder, made, name

    def truth(self, form: NormalForm) -> Truth:
        """Return whether the line is certainly, and whether it is possibly broken."""
        return self.encoder.either([self._all([self._part(part) for part in parts]) for parts in form.disjuncts])

    def _all(self, truths: list[Truth]) -> Truth:
        certain, possible = ([getattr(truth, of) for truth in truths] for of in ("certain", "possible"))
        return Truth(self.encoder.all_of(certain), self.encoder.all_of(possible))

    def _part(self, part: Conjunct) -> Truth:
        match part:
            case FactTest(name) if name in self.made:
                return self._outcome_test(part)
            case Atom(_, facts) if any(name in self.made for name in facts):
                return self._outcomes_test(part)
            case Whole(form):
                return self.truth(form)
            case _:
                return self.encoder.conjunct(part)

    def _outcome_test(self, part: FactTest) -> Truth:
        z3, made = self.encoder.z3, self.made[part.fact]
        type_ = made.spec.type
        undecided = z3.BoolVal(part.missing == universe(type_))
        if type_.words:
            words = [made.outcome == self.encoder.code(str(word)) for word in getattr(part.known, "words", ())]
            inside = self.encoder.any_of(words)
        else:
            inside = self.encoder.within(made.outcome, part.known, type_)
        certain, possible = (z3.If(made.nobody, undecided, value) for value in (self.encoder.no, self.encoder.yes))
        return Truth(z3.If(made.decided, inside, certain), z3.If(made.decided, inside, possible))

    def _outcomes_test(self, part: Atom) -> Truth:
        """Leave open what a test over several decisions, or a decision and facts, comes to."""
        held = self.encoder.z3.Bool(f"{self.name}: {part!r}")
        return Truth(held, held)
