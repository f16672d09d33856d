"""Red lines as terms: whether what the decisions come to breaks one, or may."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...rules.regions import universe
from ...rules.tree import Atom, Conjunct, Constant, Expression, FactTest, Guard, NormalForm, Whole
from ..solve import Encoder
from ..solve.terms import Term, Truth
from ..solve.verdicts import Made


def broken(encoder: Encoder, made: Mapping[str, Made], guard: Guard, side: str) -> Truth:
    """Return whether a red line is certainly broken, and whether it may be."""
    return _Line(encoder, {name: made[name] for name in guard.decisions}, f"{side} {guard.id}").truth(guard.form)


def has_listed_outcomes(made: Made) -> bool:
    """Whether the outcomes that a decision may still come to are known as terms: words, of which the first rule says which."""
    outcomes = [rule.outcomes[made.spec.id] for rule, _ in made.inputs]
    outcomes += [made.spec.default] if made.spec.default is not None else []
    return made.spec.hit_policy == "first" and all(_word(outcome) is not None for outcome in outcomes)


def _word(expression: Expression) -> str | None:
    """Return the word that an outcome always is, None where it is computed or no word."""
    if isinstance(expression, Constant) and isinstance(expression.value, str) and expression.type.words:
        return expression.value
    return None


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
        certain, possible = self._open_test(part, made, undecided=part.missing == universe(type_))
        certain, possible = (z3.If(made.nobody, undecided, value) for value in (certain, possible))
        return Truth(z3.If(made.decided, inside, certain), z3.If(made.decided, inside, possible))

    def _open_test(self, part: FactTest, made: Made, *, undecided: bool) -> tuple[Term, Term]:
        """Return whether a test certainly, and whether it possibly holds of a decision that is not made, but may come to be."""
        if not has_listed_outcomes(made):
            return self.encoder.no, self.encoder.yes
        z3 = self.encoder.z3
        words: frozenset[object] = getattr(part.known, "words", frozenset())
        others = frozenset(made.spec.type.domain) - words
        some, other = self._may_come(made, words), self._may_come(made, others)
        comes_out = made.spec.default is not None
        settled = self.encoder.yes if comes_out else self.encoder.any_of([truth.certain for _, truth in made.inputs])
        nobody = z3.Not(settled)
        return (
            z3.And(z3.Not(other), self.encoder.yes if undecided else settled),
            z3.Or(some, nobody) if undecided else some,
        )

    def _may_come(self, made: Made, words: Collection[object]) -> Term:
        """Return whether a decision, of which the first rule says what it is, may still come to one of some words."""
        z3, found = self.encoder.z3, []
        before: list[Term] = []
        for rule, truth in made.inputs:
            if _word(rule.outcomes[made.spec.id]) in words:
                found.append(self.encoder.all_of([truth.possible, *(z3.Not(term) for term in before)]))
            before.append(truth.certain)
        if made.spec.default is not None and _word(made.spec.default) in words:
            found.append(z3.Not(self.encoder.any_of(before)))
        return self.encoder.any_of(found)

    def _outcomes_test(self, part: Atom) -> Truth:
        """Leave open what a test over several decisions, or a decision and facts, comes to."""
        held = self.encoder.z3.Bool(f"{self.name}: {part!r}")
        return Truth(held, held)
