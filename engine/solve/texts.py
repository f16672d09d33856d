"""Texts that patterns are asked about: which the solver is told of, so that what it comes up with are texts that there are."""

from __future__ import annotations

from itertools import permutations

from ...rules.tree import Constant, FactRef
from .encoder import Encoder
from .terms import Term


def name_texts(encoder: Encoder) -> None:
    """Tell the solver of some texts that the patterns encoded so far hold for, and of some that they do not."""
    words = [str(test.pattern.value) for test, _ in encoder.patterns if isinstance(test.pattern, Constant)]
    words += [word.strip("^$").removeprefix("(?i)") for word in words]
    pairs = [f"{one}{other}" for one, other in permutations(words[:8], 2)]
    for text in ("another text", "x", "7", "42", *words, *(f"x {word} x" for word in words), *pairs):
        if encoder.patterns:
            encoder.code(text)


def named_only(encoder: Encoder) -> list[Term]:
    """Return that texts that patterns are asked about are among those that have names."""
    names = {test.subject.name for test, _ in encoder.patterns if isinstance(test.subject, FactRef)}
    texts = [encoder.variable(name) for name in sorted(names)]
    return [encoder.z3.And(text >= 0, text < len(encoder.codes)) for text in texts]
