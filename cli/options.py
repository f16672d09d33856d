"""What several commands share: their options, and how they find and load policies."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from . import completion
from .group import did_you_mean

if TYPE_CHECKING:
    from ..engine.policy import Policy

    DateType = click.ParamType[dt.date]
    PairType = click.ParamType[tuple[str, str]]
else:  # because older releases of click have a class without parameters
    DateType = PairType = click.ParamType

Command = TypeVar("Command", bound=Callable[..., Any])

#: Where nothing good comes from looking for policies.
_SKIPPED: Final = {"node_modules", "__pycache__"}


class Moment(DateType):
    """A day, or a day and a time, in ISO 8601."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """Read the day or the moment, or say how it is written."""
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
        try:
            moment = dt.datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                moment.astimezone(dt.UTC)  # where the first day may belong to the year before, and the last to 10000
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no date: write it like 2026-11-21 or 2026-11-21T10:00:00Z.", param, ctx)
        return moment


class Bounded(click.FloatRange):
    """A number in a range; what is no number, which is neither below nor above anything, is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is no number.", param, ctx)
        return number


class Stated(PairType):
    """A fact stated on the command line: NAME=VALUE."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Take the name and the value apart."""
        if isinstance(value, tuple):
            return value
        name, sign, text = value.partition("=")
        if not sign or not name.strip() or not text.strip():
            self.fail(f"{value!r} states no fact: write it like abuse=hostile or loss='4.50 USD'.", param, ctx)
        return name.strip(), text.strip()


fact_option = click.option(
    "--fact",
    "facts",
    type=Stated(),
    metavar="NAME=VALUE",
    multiple=True,
    shell_complete=completion.facts,
    help="State a fact, such as loss='4.50 USD' or abuse='any of rude, hostile'; may be repeated.",
)
as_of_option = click.option(
    "--as-of",
    type=Moment(),
    metavar="DATE",
    help="Decide as on that day, such as 2026-11-21; now unless said otherwise.",
)


def format_option(*choices: str) -> Callable[[Command], Command]:
    """Return the option `--format` with these choices, the first the default."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(choices),
        default=choices[0],
        show_default=True,
        help="What to write.",
    )


def is_pack(name: str) -> bool:
    """Whether a name means a shipped pack: there is one of that id, and no file that is called so."""
    from ..rules.load import shipped_packs

    return name in shipped_packs() and not Path(name).exists()


def check_exists(name: str) -> None:
    """
    Refuse a name that is neither a file, a folder nor a shipped pack.

    Raises:
        UsageError: With the nearest name that there is.
    """
    if is_pack(name):
        return
    try:
        if name and Path(name).exists():
            return
    except PermissionError:
        raise click.UsageError(f"{name!r} cannot be looked at: permission denied.") from None
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        pass
    raise click.UsageError(f"there is no {name[:200]!r}: no such file, and no shipped pack.{_nearest_name(name)}")


def _nearest_name(name: str) -> str:
    from ..rules.load import shipped_packs

    if len(name) > 200:
        return ""
    near = did_you_mean(name, shipped_packs())
    folder = Path(name).parent
    try:
        files = [str(folder / entry.name) for entry in folder.iterdir()][:1000]
    except (OSError, ValueError):
        files = []
    return near or did_you_mean(str(folder / Path(name).name), files)


def find_policies(names: Iterable[str]) -> list[str]:
    """
    Return the policies that *names* mean: files, shipped packs, and every policy in a folder.

    Raises:
        UsageError: If a name means nothing, or a folder has no policy.
    """
    found: dict[str, None] = {}
    for name in names:
        check_exists(name)
        if not is_pack(name) and Path(name).is_dir():
            inside = [str(path) for path in toml_files(Path(name)) if is_policy_file(path)]
            if not inside:
                raise click.UsageError(f"there is no policy in the folder {name!r}.")
            found.update(dict.fromkeys(inside))
        else:
            found[name] = None
    return list(found)


def own_policies() -> list[str]:
    """
    Return the policies in and below the current folder, for commands that were given none.

    Raises:
        UsageError: If there is none.
    """
    found = [str(path) for path in toml_files(Path()) if is_policy_file(path)]
    if not found:
        raise click.UsageError(
            "there is no policy in this folder: name one, such as `house`, or write one with `policy init`."
        )
    return found


def toml_files(folder: Path) -> list[Path]:
    """Return the TOML files in and below a folder, hidden folders left out."""
    return [path for path in files_below(folder) if path.suffix == ".toml"]


def files_below(folder: Path) -> list[Path]:
    """Return all files in and below a folder in order, hidden ones left out; links to folders are not followed."""
    import os

    found: list[Path] = []
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")) and name not in _SKIPPED)
        found.extend(Path(base, name) for name in sorted(names) if not name.startswith("."))
    return found


def is_policy_file(path: Path) -> bool:
    """Whether a TOML file is a policy: it has a `[policy]` table; where it is broken, it looks as if it had one."""
    import re

    from ..rules.document import read_document

    document, _ = read_document(path)
    if document is None:
        return path.suffix == ".toml"  # so that it is told what is wrong with it
    if isinstance(document.values.get("policy"), dict):
        return True
    heading = r"(?m)^[ \t]*\[[ \t]*policy[ \t]*\]|^[ \t]*policy[ \t]*[.=]"
    return document.partial and re.search(heading, document.text) is not None


def load(name: str) -> Policy:
    """
    Load a policy for a command that cannot go on without it; what is wrong with it goes to stderr, and the run ends with 1.

    Raises:
        UsageError: If there is no such file and no such pack.
    """
    from ..engine.policy import Policy
    from .findings import mistakes_told, print_findings

    check_exists(name)
    with mistakes_told():
        policy = Policy.load(name)
    print_findings(policy.warnings)
    return policy
