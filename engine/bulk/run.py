"""Running a job: read, decide, write, checkpoint; go on after a crash."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import Any, BinaryIO, Final, Protocol

import attrs
import pyarrow as pa

from .chunks import Chunk, Source
from .deciding import Decided, Decider
from .errors import Stopped
from .job import Job, Summary
from .journal import Journal, State, cannot_write
from .overlap import Ahead, Behind
from .tallying import Tally, bad_line
from .to_table import Target
from .writing import join, writer_for

#: Batches that are read ahead, and that wait to be written.
_DEPTH: Final = 2


class Watcher(Protocol):
    """Whoever wants to know how far a job is."""

    def expect(self, total: int, size: int) -> None:
        """Take note of how many rows there are, and how many bytes; 0 where nobody knows."""
        ...

    def at(self, rows: int, read: int) -> None:
        """Take note of how many rows have been accounted for, and how many bytes read."""
        ...


@attrs.frozen(eq=False)
class Prepared:
    """A job of which everything has been checked: it can start."""

    job: Job
    source: Source
    columns: list[str] | None
    make_decider: Callable[[], Decider]
    schema: Any
    renamed: dict[str, str]
    target: Target | None = None


def run_to_file(prepared: Prepared, journal: Journal, state: State, watcher: Watcher) -> Summary:
    """
    Run a job, from where *state* says that it is, to its end.

    Raises:
        Stopped: If it cannot go on; what is done is kept.
    """
    tally = Tally.of(state, prepared.job)
    tally.summary.renamed = prepared.renamed
    if not state.is_joined:
        segments = _Segments(prepared, journal, state, tally, watcher)
        try:
            _work(prepared, state.last, segments.take)
            state = segments.close()
        except OSError as error:
            segments.abandon()
            raise _stopped(error, prepared.job) from None
        except KeyboardInterrupt:
            last = segments.keep().last
            raise Stopped(f"stopped after row {last:,}, up to which all is kept", help="go on with --resume") from None
        except pa.ArrowException as error:
            segments.abandon()
            raise Stopped(f"Arrow cannot go on: {str(error).partition(chr(10))[0][:200]}") from None
        except BaseException:
            segments.abandon()
            raise
    try:
        if prepared.target is not None:
            journal.hand_over(state, prepared.target.fill)
        else:
            journal.finish(state, partial(join, format_=prepared.job.output.format))
    except OSError as error:
        raise _stopped(error, prepared.job) from None
    except KeyboardInterrupt:
        raise Stopped("stopped, with every row decided", help="give the output its name with --resume") from None
    return tally.summary


def _stopped(error: OSError, job: Job) -> Stopped:
    if error.errno == errno.ENOSPC:
        help_ = "make room, and go on with --resume"
        return Stopped("the disk is full; what was done so far is kept", help=help_)
    refused = cannot_write(job.output.path, error)
    return Stopped(refused.message, help="what was done so far is kept; go on with --resume")


def _work(prepared: Prepared, after: int, take: Callable[[Decided], None]) -> None:
    """Read, decide and hand on everything behind a row."""
    chunks = limited(prepared.source.chunks(after, prepared.columns), prepared.job.limit)
    decider = prepared.make_decider()
    if prepared.job.threads == 1:
        for chunk in chunks:
            take(decider.decide(chunk))
        return
    with closing(Ahead(chunks, _DEPTH)) as ahead, ExitStack() as stack:
        behind: Behind[Decided] = Behind(take, _DEPTH)
        stack.callback(behind.close)
        for chunk in ahead:
            behind.put(decider.decide(chunk))
        stack.pop_all()
        behind.finish()


def limited(chunks: Iterator[Chunk], limit: int) -> Iterator[Chunk]:
    """Yield chunks up to and with the row *limit*, all where it is 0."""
    for chunk in chunks:
        if limit and chunk.last > limit:
            within = int((chunk.rows <= limit).sum())
            bad = tuple(row for row in chunk.bad if row.row <= limit)
            if within or bad:
                yield Chunk(chunk.batch.slice(0, within), chunk.rows[:within], limit, bad)
            return
        yield chunk
        if limit and chunk.last == limit:
            return


class _Segments:
    """Writes what is decided, a segment at a time."""

    def __init__(self, prepared: Prepared, journal: Journal, state: State, tally: Tally, watcher: Watcher) -> None:
        self._prepared, self._journal, self._state, self._tally, self._watcher = (
            prepared,
            journal,
            state,
            tally,
            watcher,
        )
        self._open: tuple[BinaryIO, Any, BinaryIO] | None = None
        self._started = 0.0
        self._last = state.last
        self._before = time.monotonic()

    def take(self, decided: Decided) -> None:
        """Write what became of a chunk."""
        if self._open is None:
            self._begin()
        assert self._open is not None
        _, writer, bad = self._open
        writer.write(decided.table)
        for row in decided.bad:
            bad.write(bad_line(row))
        self._tally.add(decided)
        self._last = decided.last
        self._watcher.at(self._tally.summary.rows, self._prepared.source.read())
        if time.monotonic() - self._started > self._prepared.job.checkpoint:
            self._commit()

    def _begin(self) -> None:
        number = self._state.segments + 1
        sink = self._journal.segment(number).open("wb")
        bad = self._journal.bad_segment(number).open("wb")
        writer = writer_for(sink, self._prepared.job.output.format, self._prepared.schema, head=number == 1)
        self._open = (sink, writer, bad)
        self._started = time.monotonic()

    def _commit(self) -> None:
        assert self._open is not None
        sink, writer, bad = self._open
        writer.close()
        for file in (sink, bad):
            file.flush()
            os.fsync(file.fileno())
            file.close()
        self._open = None
        now = time.monotonic()
        self._tally.summary.seconds += now - self._before
        self._before = now
        counts = self._tally.summary.counts()
        self._state = attrs.evolve(self._state, segments=self._state.segments + 1, last=self._last, counts=counts)
        self._journal.commit(self._state)

    def close(self) -> State:
        """Finish the last segment; there is always one, so that an empty input makes an output without rows."""
        if self._open is None and not self._state.segments:
            self._begin()
        if self._open is not None:
            self._commit()
        return self._state

    def keep(self) -> State:
        """Keep what has been written."""
        if self._open is not None:
            self._commit()
        return self._state

    def abandon(self) -> None:
        """Let go of a segment that nobody will finish."""
        if self._open is None:
            return
        sink, writer, bad = self._open
        self._open = None
        for closing_ in (writer, sink, bad):
            try:
                closing_.close()
            except (OSError, ValueError, pa.ArrowException):
                continue


def run_to_stream(prepared: Prepared, sink: BinaryIO, watcher: Watcher) -> Summary:
    """Run a job whose output is standard output; bad rows still go to their file."""
    tally = Tally.of(State({}), prepared.job)
    writer = writer_for(sink, prepared.job.output.format, prepared.schema, head=True)
    bad_file: Any = None

    def take(decided: Decided) -> None:
        nonlocal bad_file
        writer.write(decided.table)
        sink.flush()
        if decided.bad and bad_file is None:
            bad_file = prepared.job.bad_file.open("wb")
        for row in decided.bad:
            bad_file.write(bad_line(row))
        tally.add(decided)
        watcher.at(tally.summary.rows, prepared.source.read())

    started = time.monotonic()
    try:
        _work(prepared, 0, take)
        writer.close()
    finally:
        if bad_file is not None:
            bad_file.close()
    tally.summary.seconds = time.monotonic() - started
    return tally.summary
