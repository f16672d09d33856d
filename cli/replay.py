"""`policy replay`: does the policy still decide as it did?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import attrs
import click

from . import completion
from .options import check_exists, format_option, load

if TYPE_CHECKING:
    from ..engine.records import BrokenRecord, Record
    from ..engine.replay import Replayed
    from .terminal import Output

HELP = """\
Decide recorded incidents again and compare.

RECORDS are JSON lines as `RecordLog` writes them, or - for standard input. Each decision is made again on the day for
which it was made, and must come out bit for bit as it did. Records of another version of the policy are decided again
as well, so that a draft can be tried on what really happened.

\b
Examples:
  policy replay decisions.jsonl --policy policy.toml
  policy replay decisions.jsonl --policy draft.toml --format json

\b
Exit codes:
  0  every decision is the same
  1  a decision differs, or a line is no record
  2  wrong usage
"""

#: The most differences of one record that the text lists.
_MOST: Final = 12


@click.command(help=HELP)
@click.argument("records", nargs=-1, required=True, metavar="RECORDS...")
@click.option(
    "--policy",
    "policy_name",
    required=True,
    metavar="POLICY",
    shell_complete=completion.policies,
    help="The policy to decide by: a file, or a shipped pack.",
)
@format_option("text", "json")
def command(*, records: tuple[str, ...], policy_name: str, format_: str) -> None:
    """Decide recorded incidents again and compare."""
    for name in records:
        _check_is_file(name)
    policy = load(policy_name)
    from ..engine.replay import replay

    report = _JsonReport(policy.content_hash) if format_ == "json" else _TextReport()
    for file, line, entry in _entries(records):
        if not hasattr(entry, "problem"):
            (replayed,) = replay([entry], policy)
            report.replayed(file, line, replayed)
        else:
            report.broken(file, entry)
    report.close()
    raise click.exceptions.Exit(0 if report.tally.is_well else 1)


def _check_is_file(name: str) -> None:
    if name == "-":
        return
    check_exists(name)
    if not Path(name).is_file():
        raise click.UsageError(f"{name!r} is no file of records.")


def _entries(names: tuple[str, ...]) -> Iterator[tuple[str, int, Any]]:
    """Yield every record and every broken line of the files, with the file and the line."""
    from ..engine.records import BrokenRecord, read_records

    for name in names:
        try:
            with _opened(name) as stream:
                for line, entry in read_records(stream):
                    yield name, line, entry
        except OSError as error:
            yield name, 0, BrokenRecord(0, (error.strerror or "it cannot be read").lower())


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")


@attrs.define
class Tally:
    """What has been counted."""

    records: int = 0
    same: int = 0
    broken: int = 0
    other_policy: int = 0

    @property
    def is_well(self) -> bool:
        """Whether every line was a record, and every decision the same."""
        return self.same == self.records and not self.broken

    def count(self, replayed: Replayed) -> None:
        """Count a record that was decided again."""
        self.records += 1
        self.same += replayed.is_same
        self.other_policy += not replayed.same_policy


class _TextReport:
    """Differences as they are found on stdout, broken lines on stderr, and the counts at the end."""

    def __init__(self) -> None:
        from .terminal import err, out

        self.tally = Tally()
        self._out: Output = out()
        self._err: Output = err()

    def replayed(self, file: str, line: int, replayed: Replayed) -> None:
        """Take a record that was decided again."""
        from .terminal import Piece

        self.tally.count(replayed)
        if replayed.is_same:
            return
        record = replayed.record
        where = f"{file}:{line}: "
        self._out.line(
            Piece(where, "strong", whole=True), f"record {record.id} of {record.policy} is decided differently"
        )
        differences = [*map(str, replayed.differences), *(f"{d.message} ({d.code})" for d in replayed.problems)]
        for text in differences[:_MOST]:
            self._out.line(f"    {text}", hang=4)
        if len(differences) > _MOST:
            self._out.line(f"    and {len(differences) - _MOST} more differences")

    def broken(self, file: str, entry: BrokenRecord) -> None:
        """Take a line that is no record."""
        from ..rules.diagnostics import printable

        self.tally.broken += 1
        where = f"{file}:{entry.line}" if entry.line else file
        self._err.text(printable(f"{where}: this is no record: {entry.problem}"))

    def close(self) -> None:
        """Write the counts."""
        tally = self.tally
        if tally.other_policy:
            made = "was" if tally.other_policy == 1 else "were"
            self._out.line(f"{_counted(tally.other_policy, 'record')} {made} made by another version of the policy")
        different = tally.records - tally.same
        if different:
            verb = "is" if different == 1 else "are"
            text = f"{different:,} of {_counted(tally.records, 'record')} {verb} decided differently"
        else:
            text = f"{_counted(tally.records, 'record')} decided again: all the same"
        broken = f"; {_counted(tally.broken, 'line')} {'is no record' if tally.broken == 1 else 'are no records'}"
        self._out.line(text + (broken if tally.broken else ""))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class _JsonReport:
    """One JSON document: every record with its differences, then the broken lines and the counts."""

    def __init__(self, content_hash: str) -> None:
        from .as_json import VERSION, JsonList
        from .terminal import out

        self.tally = Tally()
        self._problems: list[dict[str, object]] = []
        self._list = JsonList(out(), {"format_version": VERSION, "content_hash": content_hash}, "results")

    def replayed(self, file: str, line: int, replayed: Replayed) -> None:
        """Write a record that was decided again."""
        from .as_json import findings_json

        self.tally.count(replayed)
        record: Record = replayed.record
        self._list.add(
            {
                "file": file,
                "line": line,
                "id": record.id,
                "policy": record.policy,
                "same": replayed.is_same,
                "same_policy": replayed.same_policy,
                "differences": [attrs.asdict(difference, recurse=False) for difference in replayed.differences],
                "problems": findings_json(replayed.problems),
            }
        )

    def broken(self, file: str, entry: BrokenRecord) -> None:
        """Keep a line that is no record for the end."""
        self.tally.broken += 1
        self._problems.append({"file": file, "line": entry.line, "problem": entry.problem})

    def close(self) -> None:
        """Write what is left."""
        tally = self.tally
        counts = {
            "records": tally.records,
            "same": tally.same,
            "different": tally.records - tally.same,
            "other_policy": tally.other_policy,
            "broken": tally.broken,
        }
        self._list.close({"problems": self._problems, **counts})
