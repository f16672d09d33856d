"""What became of a policy's mutants, in text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from ..engine.mutation import Result, Score
from ..engine.mutation.score import Fate
from ..rules.document import Document
from .as_json import Json, origin_text
from .terminal import Output, Piece, counted, err
from .testing import Mutation, Tested


def print_mutation(output: Output, tested: Tested, documents: Mapping[str, Document]) -> None:
    """Write the score, what each operator's mutants came to, and every survivor under its rule, with a test that would kill it."""
    assert tested.mutation is not None
    score, least = tested.mutation.score, tested.mutation.least
    if score is None:
        why = "a test fails as it is: mend it first" if tested.failed else "there is no test that could notice"
        output.stream.flush()
        err().line(f"{tested.name}: nothing was changed in the policy, because {why}")
        return
    output.line()
    _print_score(output, score)
    _print_survivors(output, score, documents)
    if least is not None and score.percent < least:
        output.line(Piece(f"  ✗ the tests notice {int(score.percent)}% of the changes, less than {least:g}%", "bad"))


def _print_score(output: Output, score: Score) -> None:
    considered = len(score.results) - score.equivalent
    if not score.results:
        output.line("  Mutants   there is nothing of its own in this policy to change")
        return
    # Not rounded up: 100 % is said of all of it only.
    line = f"  Mutants   {score.killed} of {considered} changes noticed ({int(score.percent)}%)"
    note = f"; {score.equivalent} more make no difference" if score.equivalent else ""
    output.line(Piece(line, "good" if not score.survivors else "warning"), Piece(note, "dim"))
    if score.of is not None:
        text = (
            f"    a sample of {counted(len(score.results), 'change')} out of {score.of:,}, drawn with seed {score.seed}"
        )
        output.line(Piece(text, "dim"))
    if not score.has_solver and score.survivors:
        text = "    Some may make no difference. The solver tells: pip install 'evenhand[verify]'"
        output.line(Piece(text, "dim"), hang=4)
    for operator in score.operators if score.survivors else ():
        killed = score.count(Fate.KILLED, operator=operator.name)
        of = killed + score.count(Fate.SURVIVED, Fate.UNPROVED, operator=operator.name)
        line = f"    {operator.name:<11} {killed:>4} of {of:>4}  {int(score.percent_of(operator.name)):3d}%"
        output.line(Piece(line, "good" if killed == of else "warning"))


def _print_survivors(output: Output, score: Score, documents: Mapping[str, Document]) -> None:
    if not score.survivors:
        return
    output.line()
    output.line("  With each of these changes every test still passes:")
    by_subject: dict[str, list[Result]] = {}
    for result in score.survivors:
        by_subject.setdefault(result.mutant.subject, []).append(result)
    for subject, results in by_subject.items():
        output.line()
        place = origin_text(results[0].mutant.origin, documents)
        output.line(f"  {subject}", Piece(f"  {place}", "dim"), hang=4)
        for result in results:
            _print_survivor(output, result)


def _print_survivor(output: Output, result: Result) -> None:
    output.line(f"    - {result.mutant.change}", hang=6)
    if result.fate is Fate.UNPROVED:
        output.line(Piece("      whether it makes a difference is not proved", "dim"), hang=6)
    elif result.telling is None:
        output.line(Piece("      what it changes is nothing that a test can expect", "dim"), hang=6)
    else:
        for line in result.telling.toml.splitlines():
            output.unbroken(Piece(f"        {line}", "dim"))


def mutation_json(mutation: Mutation, documents: Mapping[str, Document]) -> Json | None:
    """Return the score as data, None where there is none."""
    score = mutation.score
    if score is None:
        return None
    return {
        "percent": round(score.percent, 1),
        "killed": score.killed,
        "survived": score.count(Fate.SURVIVED),
        "unproved": score.count(Fate.UNPROVED),
        "equivalent": score.equivalent,
        "sample_of": score.of,
        "seed": score.seed,
        "operators": [
            {
                "name": operator.name,
                "about": operator.doc,
                "percent": round(score.percent_of(operator.name), 1),
                **{fate.value: score.count(fate, operator=operator.name) for fate in Fate},
            }
            for operator in score.operators
        ],
        "mutants": [_result_json(result, documents) for result in score.results],
    }


def _result_json(result: Result, documents: Mapping[str, Document]) -> Json:
    mutant = result.mutant
    return {
        "operator": mutant.operator,
        "kind": mutant.kind,
        "id": mutant.id,
        "origin": origin_text(mutant.origin, documents),
        "before": mutant.before,
        "after": mutant.after,
        "change": mutant.change,
        "fate": result.fate.value,
        "killed_by": result.killer,
        "test": None if result.telling is None else result.telling.toml,
    }
