"""What the commands of `policy case` share: options, the store, a case, and how what is wrong is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from . import completion
from .options import Moment, load

if TYPE_CHECKING:
    from ..engine.cases.case import Case, Recorded
    from ..engine.cases.store.store import Store

Result = TypeVar("Result")

store_option = click.option(
    "--store",
    "place",
    metavar="FILE",
    envvar="EVENHAND_STORE",
    default="cases.db",
    show_default=True,
    help="Where cases are kept: a file, or postgresql://…",
)
policy_option = click.option(
    "--policy",
    "policy_name",
    metavar="POLICY",
    envvar="EVENHAND_POLICY",
    shell_complete=completion.policies,
    help="The policy to follow: a file, or a shipped pack; that of the case unless said otherwise.",
)
at_option = click.option("--at", type=Moment(), metavar="TIME", help="When it happened; now unless said otherwise.")
key_option = click.option("--key", default="", metavar="KEY", help="A name for the event, so that it is recorded once.")
case_argument = click.argument("id_", metavar="CASE")


def example(*lines: str) -> str:
    """
    Return examples as the end of a command's help.

    >>> example("policy case list").splitlines()[1:]
    ['Example:', '  policy case list']
    """
    return "\n".join(["\b", "Examples:" if len(lines) > 1 else "Example:", *(f"  {line}" for line in lines)])


def opened(place: str, *, create: bool = False) -> Store:
    """
    Open the store.

    Raises:
        UsageError: If there is none, or it cannot be used.
    """
    from ..engine.cases.store import StoreError, open_store

    try:
        return open_store(place, create=create)
    except StoreError as error:
        raise click.UsageError(f"{sentence(error)}") from None


def sentence(error: Exception) -> str:
    """Return what went wrong, and the way out, as one sentence."""
    message, help_ = getattr(error, "message", str(error)), getattr(error, "help", "")
    return f"{message}{f': {help_}' if help_ else ''}."


def case_of(store: Store, id_: str, policy_name: str | None) -> Case:
    """
    Return a case as the store has it, under its policy or another.

    Raises:
        UsageError: If there is no such case.
    """
    from ..engine.cases.case import Case
    from ..engine.cases.plain import Plain
    from ..engine.cases.store import CaseUnknown, StoreError
    from .group import did_you_mean

    try:
        head = store.head(id_)
        policy = load(policy_name or head.policy)
        # A worker process would take longer to start than the command takes.
        return Case.load(policy, id_, store, joiner=Plain(policy.tree.case.patterns))
    except CaseUnknown:
        known = [head.case for head in store.cases()][:10_000]
        raise click.UsageError(f"there is no case {id_!r}.{did_you_mean(id_, known)}") from None
    except StoreError as error:
        raise click.UsageError(sentence(error)) from None


def recorded_or_end(work: Callable[[], Recorded]) -> Recorded:
    """Record, or say everything that is wrong and end with 1."""
    from ..engine.cases.case import EventProblems
    from ..engine.cases.store import StoreError
    from .terminal import err

    try:
        return work()
    except EventProblems as problems:
        from .findings import print_findings

        print_findings(problems.diagnostics)
    except StoreError as error:
        err().line(sentence(error))
    raise click.exceptions.Exit(1)


def of_store(work: Callable[[], Result]) -> Result:
    """
    Ask the store.

    Raises:
        UsageError: If it cannot answer: there is no such case, or a file that is none.
    """
    from ..engine.cases.store import StoreError

    try:
        return work()
    except StoreError as error:
        raise click.UsageError(sentence(error)) from None


def text_of(name: str) -> str:
    """
    Return the text of a file, or of standard input for `-`.

    Raises:
        UsageError: If it cannot be read.
    """
    if name == "-":
        return sys.stdin.read().rstrip("\n")
    try:
        return Path(name).read_text(encoding="utf-8").rstrip("\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise click.UsageError(f"{name!r} cannot be read: {str(reason).lower()}.") from None
