"""`policy init`: a first policy of one's own, through a few questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from ..rules.money import Money
    from .starter import Answers

HELP = """\
Write a policy to start from, with comments.

Asks a few questions and writes a policy that extends the house (or the law of your place on top of it), with a rule
to change and tests that pass. PATH is a file or a folder; `policy.toml` unless said otherwise.

\b
Examples:
  policy init
  policy init cafe.toml
  policy init --yes

\b
Exit codes:
  0  written
  1  the policy could not be written
  2  wrong usage, such as a file that is already there
"""

Answer = TypeVar("Answer")

#: Where the business is, and the policy that knows the law of that place.
PLACES: Final = {"us": ("us", "USD"), "uk": ("uk", "GBP"), "elsewhere": ("house", "USD")}


@click.command(help=HELP)
@click.argument("path", default="policy.toml", metavar="[PATH]")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing: take the answers that most people give.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(*, path: str, yes: bool, force: bool) -> None:
    """Write a starter policy."""
    from .starter import starter
    from .terminal import Piece, out

    target = Path(path) / "policy.toml" if Path(path).is_dir() else Path(path)
    if target.exists() and not force:
        raise click.UsageError(f"{str(target)!r} is there already: name another file, or write over it with --force.")
    if not target.parent.is_dir():
        raise click.UsageError(f"there is no folder {str(target.parent)!r}.")
    text = starter(_usual() if yes else _asked(), str(target))
    try:
        target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.ClickException(
            f"{target} cannot be written: {(error.strerror or 'no reason given').lower()}"
        ) from None
    output = out()
    output.line(Piece("✓ ", "good"), f"wrote {target}, a policy with tests. Next:")
    for step in ("check", "test", "show"):
        output.line(Piece(f"    policy {step} {target}", "name"))


def _usual() -> Answers:
    from .starter import Answers, defaults

    return Answers("Our house", "house", "USD", "", **defaults("house", "USD", ""))


def _asked() -> Answers:
    from .starter import Answers, defaults

    title = click.prompt("What is your business called?", default="Our house", value_proc=_name)
    place = click.prompt("Where is it?", type=click.Choice(list(PLACES), case_sensitive=False), default="elsewhere")
    base, currency = PLACES[place]
    if place == "elsewhere":
        currency = click.prompt("In what currency do you count? (ISO 4217)", default="USD", value_proc=_currency)
    rate = _rate() if base == "house" and currency != "USD" else ""
    usual = defaults(base, currency, rate)
    asked: dict[str, Any] = {
        "free_item": _amount("What is the dearest thing that you make again without asking?", usual["free_item"]),
        "small_loss": _amount("Up to what loss do you pay an honest customer back at once?", usual["small_loss"]),
        "desk_limit": _amount("Above what sum must a manager sign?", usual["desk_limit"]),
        "viral_views": _count("From how many views has a film gone viral, in your town?", usual["viral_views"]),
        "ban_after": _count("After how many incidents in a year does another scene mean a ban?", usual["ban_after"]),
    }
    return Answers(title, base, currency, rate, **asked)


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 80:
        raise click.BadParameter("a name of up to 80 letters is wanted.")
    return text.strip()


def _currency(text: str) -> str:
    from ..rules.currencies import MINOR_DIGITS

    if text.strip().upper() not in MINOR_DIGITS:
        raise click.BadParameter(f"{text!r} is not a currency of ISO 4217, such as EUR.")
    return text.strip().upper()


def _rate() -> str:
    def read(text: str) -> str:
        from ..rules.quantities import QuantityError, parse_number

        try:
            if parse_number(text) > 0:
                return text.strip()
        except QuantityError:
            pass
        raise click.BadParameter("a number above nothing is wanted, such as 0.92.")

    return str(click.prompt("The house counts in dollars. What is one US dollar worth in it?", value_proc=read))


def _amount(question: str, usual: Money) -> Money:
    def read(text: str) -> Money:
        from ..rules.money import Money
        from ..rules.quantities import QuantityError

        try:
            amount = Money.parse(text, currency=usual.currency)
        except QuantityError as problem:
            raise click.BadParameter(f"{problem}.") from None
        if amount.currency != usual.currency or amount.minor < 0 or amount.minor != round(amount.minor):
            raise click.BadParameter(f"an amount like `{usual}` is wanted.")
        return amount

    return _ask(question, str(usual), read)


def _count(question: str, usual: int) -> int:
    def read(text: str) -> int:
        digits = text.strip().replace("_", "").replace(",", "")
        if not digits.isdecimal() or not 0 < int(digits[:20]) < 10**12:
            raise click.BadParameter("a whole number is wanted.")
        return int(digits)

    return _ask(question, f"{usual:_}", read)


def _ask(question: str, usual: str, read: Callable[[str], Answer]) -> Answer:
    answer: Answer = click.prompt(question, default=usual, value_proc=read)
    return answer
