"""`policy test --mutate`: its options, and the tests of a policy held against its mutants."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import click

from .options import Bounded

if TYPE_CHECKING:
    from .testing import Tested

Command = TypeVar("Command", bound=Callable[..., Any])
_OPTIONS: Final = (
    click.option("--mutate", is_flag=True, help="Change the policy and see whether a test notices."),
    click.option(
        "--mutate-min",
        type=Bounded(0, 100),
        metavar="PERCENT",
        help="Fail where the tests notice fewer of the changes; implies --mutate.",
    ),
    click.option(
        "--mutants", type=click.IntRange(min=1), metavar="N", help="Try a sample of N changes; implies --mutate."
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="What the sample is drawn with."),
)


def mutation_options(command: Command) -> Command:
    """Add the options of mutation."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@attrs.frozen
class Mutating:
    """What was asked for, as the options say it."""

    mutate: bool = False
    mutate_min: float | None = None
    mutants: int | None = None
    seed: int = 0
    packs: bool = False

    @property
    def wanted(self) -> bool:
        """Whether there are to be mutants at all."""
        return self.mutate or self.mutate_min is not None or self.mutants is not None


def with_mutants(tested: Tested, asked: Mutating, as_of: dt.date | None) -> Tested:
    """Return a policy's tests with their score; without one where no test is there, or one fails."""
    from ..engine.mutation import mutate
    from .testing import Mutation

    if tested.policy is None:
        return tested
    if not tested.trials or tested.failed:
        return attrs.evolve(tested, mutation=Mutation(None, asked.mutate_min))
    with _progress() as progress:
        score = mutate(
            tested.policy,
            as_of=as_of,
            packs=asked.packs,
            most=asked.mutants,
            seed=asked.seed,
            progress=progress,
        )
    return attrs.evolve(tested, mutation=Mutation(score, asked.mutate_min))


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Yield what shows how many mutants are done, in a bar on stderr once a second has passed; None where that is no terminal."""
    from .progress import PATIENCE

    if not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()
    bar: Any = None

    def show(done: int, of: int) -> None:
        nonlocal bar
        if bar is None and time.monotonic() - started > PATIENCE:
            from rich.console import Console
            from rich.progress import Progress

            bar = Progress(console=Console(stderr=True), transient=True)
            bar.start()
            bar.add_task("mutants")
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done, total=of)

    try:
        yield show
    finally:
        if bar is not None:
            bar.stop()
