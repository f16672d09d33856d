"""All mutants of a policy: every operator tried at every place."""

from __future__ import annotations

import random
from collections.abc import Iterator

import attrs

from ...rules.tree import PolicyTree
from .bench import Bench
from .in_names import drafts_of_parameters, drafts_of_terms
from .in_policies import drafts_of_decisions, drafts_of_order, drafts_of_rules_left_out
from .in_rules import drafts_of_guards, drafts_of_rules
from .mutants import Draft, Mutant


@attrs.frozen
class Made:
    """The mutants of a policy; *of* is how many there might be, where only a sample was made."""

    mutants: tuple[Mutant, ...]
    of: int | None = None


def make_mutants(tree: PolicyTree, own: str, *, packs: bool = False, most: int | None = None, seed: int = 0) -> Made:
    """
    Return the mutants of a policy whose own document is called *own*.

    With *packs*, of what it extends as well. Where there are more than *most*, a sample of that size, the same for one *seed*.
    Of mutants that come to the same one is kept.
    """
    drafts = list(all_drafts(Bench(tree, None if packs else own)))
    of = None
    if most is not None and len(drafts) > most:
        of = len(drafts)
        chosen = random.Random(seed).sample(range(of), most)  # noqa: S311 because nothing is kept secret by it
        drafts = [drafts[place] for place in sorted(chosen)]
    found: dict[object, Mutant] = {}
    for draft in drafts:
        mutant = draft.made()
        if mutant is not None:
            found.setdefault(mutant.edit.meaning, mutant)
    return Made(tuple(found.values()), of)


def all_drafts(bench: Bench) -> Iterator[Draft]:
    """Yield a draft for each operator at each place, in a fixed order."""
    yield from drafts_of_parameters(bench)
    yield from drafts_of_terms(bench)
    yield from drafts_of_rules_left_out(bench)
    yield from drafts_of_rules(bench)
    yield from drafts_of_guards(bench)
    yield from drafts_of_decisions(bench)
    yield from drafts_of_order(bench)
