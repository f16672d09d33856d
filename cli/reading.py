"""How a file of incidents is read: options that the commands over many rows share."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from .options import DateType, Moment

if TYPE_CHECKING:
    NamesType = click.ParamType[tuple[str, ...]]
    SignType = click.ParamType[str]
else:  # because older releases of click have a class without parameters
    NamesType = SignType = click.ParamType

Command = TypeVar("Command", bound=Callable[..., Any])
#: The formats that an option may name; kept here so that the command's help imports no library.
FORMATS: Final = ("csv", "tsv", "jsonl", "parquet", "arrow", "arrows")


class Names(NamesType):
    """Names with commas between them; one that has a comma in it stands in quotes."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Take the names apart."""
        if isinstance(value, tuple):
            return value
        found = tuple(name.strip() for name in next(csv.reader([value], skipinitialspace=True), []))
        if not found or not all(found):
            self.fail(f"{value!r} has an empty name in it.", param, ctx)
        return found


class AsOf(DateType):
    """A day, a moment, or `column:NAME`."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the day or the moment, or take the name of the column as it is."""
        if isinstance(value, str) and value.startswith("column:") and value != "column:":
            return value.removeprefix("column:")
        return Moment().convert(value, param, ctx)


class Delimiter(SignType):
    """One sign, or the word for one that is hard to type."""

    name = "sign"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the sign."""
        sign = {"\\t": "\t", "tab": "\t"}.get(value, str(value))
        if sign and (len(sign) > 1 or not sign.isascii() or sign in '"\r\n'):
            self.fail(f"{value!r} is no sign that can stand between cells: use one like , ; | or tab.", param, ctx)
        return sign


def _flat(_ctx: click.Context, _param: click.Parameter, value: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in value for name in names))


encoding_option = click.option(
    "--encoding", default="utf-8", show_default=True, metavar="NAME", help="How a text file is stored."
)
delimiter_option = click.option(
    "--delimiter",
    type=Delimiter(),
    default="",
    metavar="SIGN",
    help="What stands between cells; found out unless said.",
)
_OPTIONS: Final = (
    click.option("--mapping", metavar="FILE", help="Which column is which fact: a file as `policy map` writes it."),
    click.option(
        "--ignore",
        type=Names(),
        multiple=True,
        callback=_flat,
        metavar="COLUMNS",
        help="Columns that state nothing, even if one is called as a fact; may be repeated.",
    ),
    click.option("--ignore-unknown", is_flag=True, help="Leave out all columns that are no facts."),
    encoding_option,
    delimiter_option,
    click.option(
        "--from", "from_", type=click.Choice(FORMATS), help="The format of the input, if its ending is silent."
    ),
)


def reading_options(command: Command) -> Command:
    """Give a command the options of a file of incidents."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
