"""How a job survives being killed: finished segments, and one small file that says which of them count.

Beside OUTPUT stands a folder `OUTPUT.part` while the job runs. A segment is written, brought to the disk, and only then named in
`state.json`, which is replaced as a whole; what it does not name does not exist. So a job that is killed at any moment goes on
behind its last segment, and what was half written is written again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import attrs

from .errors import BulkError

_STATE: Final = "state.json"
_JOINED: Final = "joined"
_JOINED_BAD: Final = "joined.bad"


@attrs.frozen
class State:
    """
    How far a job is.

    *segments* are done; *last* is the number of the last row that they account for; *counts* is what the summary needs. *job*
    says which job it is. Where *is_joined*, only names are left to be changed.
    """

    job: Mapping[str, Any]
    segments: int = 0
    last: int = 0
    counts: Mapping[str, Any] = attrs.field(factory=dict)
    is_joined: bool = False


class Journal:
    """The folder of a running job."""

    def __init__(self, output: Path, bad: Path) -> None:
        self.output, self.bad = output, bad
        self.folder = output.with_name(f"{output.name}.part")

    def exists(self) -> bool:
        """Whether there is an unfinished job."""
        return (self.folder / _STATE).exists()

    def begin(self, job: Mapping[str, Any]) -> State:
        """Begin anew; whatever is left of another job is removed."""
        self.forget()
        try:
            self.folder.mkdir(parents=False)
        except OSError as error:
            raise cannot_write(self.output, error) from None
        state = State(job)
        self.commit(state)
        return state

    def load(self) -> State:
        """
        Return the state of an unfinished job.

        Raises:
            BulkError: If nobody can read it.
        """
        try:
            return State(**json.loads((self.folder / _STATE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            help_ = "begin again with --overwrite"
            raise BulkError(f"the state of the unfinished job in `{self.folder}` cannot be read", help=help_) from None

    def segment(self, number: int) -> Path:
        """Return the file of a segment."""
        return self.folder / f"{number:05d}"

    def bad_segment(self, number: int) -> Path:
        """Return the file with the bad rows of a segment."""
        return self.folder / f"{number:05d}.bad"

    def commit(self, state: State) -> None:
        """Say how far the job is; from then on it never goes back."""
        draft = self.folder / "state.tmp"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(attrs.asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / _STATE)
        _sync_folder(self.folder)

    def finish(self, state: State, join: Any) -> None:
        """Join what was written, give it its name, and remove the folder; can be done again after a crash at any point."""
        joined = self.folder / _JOINED
        if not state.is_joined:
            segments = [self.segment(number) for number in range(1, state.segments + 1)]
            if len(segments) == 1:
                if segments[0].exists():
                    segments[0].replace(joined)
            else:
                join(segments, joined)
            self._join_bad(state.segments)
            _sync_folder(self.folder)
            state = attrs.evolve(state, is_joined=True)
            self.commit(state)
        self._name_bad(state)
        self._name(joined, self.output)
        self.forget()

    def hand_over(self, state: State, fill: Callable[[Sequence[Path]], None]) -> None:
        """Give what was written to a database, and remove the folder; can be done again after a crash at any point."""
        fill([self.segment(number) for number in range(1, state.segments + 1)])
        self._join_bad(state.segments)
        self._name_bad(state)
        self.forget()

    def _join_bad(self, segments: int) -> None:
        """Join the bad rows; no file where there are none."""
        parts = [self.bad_segment(number) for number in range(1, segments + 1)]
        parts = [part for part in parts if part.exists() and part.stat().st_size]
        if not parts:
            return
        with (self.folder / _JOINED_BAD).open("wb") as sink:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, sink)
            sink.flush()
            os.fsync(sink.fileno())

    def _name_bad(self, state: State) -> None:
        """Give the bad rows their name; where there are none, an older job's of that name are gone."""
        if not state.counts.get("bad"):
            self.bad.unlink(missing_ok=True)
        self._name(self.folder / _JOINED_BAD, self.bad)

    def _name(self, made: Path, wanted: Path) -> None:
        if made.exists():
            try:
                made.replace(wanted)
            except OSError:  # another disk
                shutil.copyfile(made, f"{wanted}.tmp")
                Path(f"{wanted}.tmp").replace(wanted)
            _sync_folder(wanted.parent)

    def forget(self) -> None:
        """Remove the folder, the state last of all but the folder: without it nothing in there counts."""
        if not self.folder.exists():
            return
        with suppress(OSError):
            (self.folder / _STATE).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system lets one."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def cannot_write(path: Path, error: OSError) -> BulkError:
    """Return the error of a place that cannot be written to."""
    reason = (error.strerror or str(error)).lower()
    return BulkError(f"`{path}` cannot be written: {reason}", help="choose another place with -o")
