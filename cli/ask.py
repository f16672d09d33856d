"""`policy ask`: the interview, question by question, until every decision is settled."""

from __future__ import annotations

import datetime as dt
import io
import sys
from typing import TYPE_CHECKING, Final

import click

from . import completion
from .facts import check_stated, moment_of, stated_facts
from .options import as_of_option, fact_option, format_option, load

if TYPE_CHECKING:
    from ..engine.interview import Interview, Question
    from .terminal import Output

HELP = """\
Ask for the facts that matter until every decision is settled.

Each time the question is asked whose answer is likely to settle most. Answer with a value, several with `or`, a range
such as 200..900 USD, or the number of a choice; press Enter, or say "don't know", where nobody knows. Ctrl-D ends the
questions: what is certain by then is decided. Questions go to stderr, so that the decision can be piped.

\b
Examples:
  policy ask house
  policy ask house --fact fault=customer --fact verified=yes
  policy ask policy.toml --format json < answers.txt

\b
Exit codes:
  0  done; some decisions may be left to a human
  1  the policy has mistakes, or the questions were broken off with Ctrl-C
  2  wrong usage
"""

#: How often one question is asked again before it is left open; without a terminal, an answer is not improved by asking.
_PATIENCE: Final = 5
#: The most characters of a line that are read as one answer.
_LONGEST: Final = 100_000


@click.command(help=HELP)
@click.argument("policy_name", metavar="POLICY", shell_complete=completion.policies)
@fact_option
@as_of_option
@format_option("text", "json")
def command(*, policy_name: str, facts: tuple[tuple[str, str], ...], as_of: dt.date | None, format_: str) -> None:
    """Ask until every decision is settled."""
    policy = load(policy_name)
    stated = check_stated(policy, facts)
    from ..engine.interview import Interview
    from .terminal import err

    interview = Interview(policy, stated_facts(policy, stated), as_of=moment_of(as_of))
    talk = _Talk(err())
    try:
        interview = talk.through(interview)
    except KeyboardInterrupt:
        talk.say("", "Stopped: nothing was decided.")
        raise click.exceptions.Exit(1) from None
    _print(interview, format_, as_of)


def _print(interview: Interview, format_: str, as_of: dt.date | None) -> None:
    """Write the decision as `policy check` does."""
    from .decided import print_decision
    from .terminal import out

    if format_ == "text":
        print_decision(out(), interview.decision, as_of=as_of)
        return
    from ..engine.notation import known_notation
    from .as_json import VERSION, decision_json, write_json

    tree = interview.policy.tree
    known = interview.policy.read(interview.facts)
    facts = {name: known_notation(what, tree.facts[name].type, tree.currency) for name, what in known.items()}
    write_json(out(), {"format_version": VERSION, "facts": facts, **decision_json(interview.decision)})


class _Talk:
    """The questions and answers, on stderr and stdin."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._has_terminal = sys.stdin.isatty()
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")

    def say(self, *lines: str) -> None:
        """Write lines to whoever answers."""
        for line in lines:
            self._output.line(line, hang=2)

    def through(self, interview: Interview) -> Interview:
        """Ask until there is no question left, or no answer."""
        while interview.question is not None:
            after = self._asked(interview, interview.question)
            if after is None:
                self.say("", "No more answers: this is what is certain so far.", "")
                return interview
            interview = after
        if interview.asked:
            self.say("")
        return interview

    def _asked(self, interview: Interview, question: Question) -> Interview | None:
        """Ask a question until its answer can be used; None where there are no more answers."""
        from ..rules.diagnostics import FactError

        self._put(question)
        for _ in range(_PATIENCE):
            answer = self._answer()
            if answer is None:
                return None
            if "\ufffd" in answer:
                self.say("  This is no text in UTF-8.")
                continue
            try:
                return interview.answered(answer)
            except FactError as error:
                for found in error.diagnostics:
                    self.say(f"  {found.message}" + (f": {found.help}" if found.suggestion else ""))
                self.say(f"  Answer with {question.expected}; Enter where nobody knows.")
        self.say("  Left open.")
        return interview.skipped()

    def _put(self, question: Question) -> None:
        from .terminal import Piece

        fact = question.fact
        self._output.line()
        self._output.line(Piece(question.text, "strong"), Piece(f"  ({fact.name})", "dim"), hang=2)
        if fact.type.words:
            width = len(str(len(fact.type.words)))
            for number, word in enumerate(fact.type.words, 1):
                self._output.line(Piece(f"  {number:>{width}}  ", "dim", whole=True), word)
        else:
            self._output.line(Piece(f"  {question.expected}", "dim"), hang=2)

    def _answer(self) -> str | None:
        """Read one answer, None at the end of them."""
        stream = self._output.stream
        stream.write("> ")
        stream.flush()
        line = sys.stdin.readline(_LONGEST)
        if not line:
            stream.write("\n")
            return None
        answer = line.strip().removeprefix("\ufeff")
        if not self._has_terminal:
            self._output.line(answer[:200])
        return answer
