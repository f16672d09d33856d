"""The engine that everybody has: this computer."""

from __future__ import annotations

import datetime as dt
import sys
from contextlib import closing
from functools import partial

import attrs

from .by_name import NAMES, ByName, check_names, needed_columns
from .chunks import Source
from .deciding import Decider, Kept, Mapper
from .errors import BulkError, Complaints, meant
from .ignoring import known_facts, wrongly_ignored
from .job import Job, Summary, check_same
from .journal import Journal
from .keeping import kept_columns
from .moments import may_have_moments
from .run import Prepared, Watcher, run_to_file, run_to_stream
from .sources import Reading, open_source
from .to_table import Target, target_of
from .writing import schema_for


def run_job(job: Job, master: str, watcher: Watcher) -> Summary:
    """
    Run a job on this computer.

    Raises:
        BulkError: If it cannot start; nothing has been written then.
        Stopped: If it cannot go on; what is done is kept.
    """
    if master:
        raise BulkError("--master names a cluster", help="which goes with --engine spark")
    if job.output.is_stream:
        job = attrs.evolve(job, as_of=job.as_of or dt.datetime.now(dt.UTC))
        with closing(_opened(job)) as source:
            return run_to_stream(prepare(job, source), sys.stdout.buffer, watcher)
    journal = Journal(job.output.path, job.bad_file)
    target = target_of(job.output) if job.output.format == "table" else None
    check_output(job, journal, target)
    begun = journal.load() if job.resume and journal.exists() else None
    identity = job.identity()
    if begun is not None:
        check_same(begun.job, identity)
    moment = dt.datetime.fromisoformat(begun.job["now"]) if begun else dt.datetime.now(dt.UTC)
    job = attrs.evolve(job, as_of=job.as_of or moment)
    with closing(_opened(job)) as source:
        prepared = attrs.evolve(prepare(job, source), target=target)
        watcher.expect(min(source.total, job.limit or source.total), 0 if job.limit else source.size)
        state = begun or journal.begin({**identity, "now": moment.isoformat()})
        return run_to_file(prepared, journal, state, watcher)


def _opened(job: Job) -> Source:
    reading = Reading(job.encoding, job.delimiter, job.rows, job.block, job.threads)
    return open_source(job.source, reading)


def check_output(job: Job, journal: Journal, target: Target | None = None) -> None:
    """
    Refuse to write over what is there, unless that was asked for.

    Raises:
        BulkError: With the ways out.
    """
    output = job.output.path
    is_file = not job.source.is_stream and job.source.format != "table" and job.source.path.exists()
    is_there = output.exists() if target is None else target.exists()
    is_same = is_there and (job.source == job.output if target else is_file and output.samefile(job.source.path))
    if is_same:
        raise BulkError("the output is the input", help="choose another name with -o")
    if target is None and output.is_dir():
        raise BulkError(f"`{output}` is a folder", help="name a file in it")
    if job.resume and job.source.is_stream:
        raise BulkError("what came from standard input cannot be read again", help="leave out --resume")
    if job.overwrite:
        return
    if journal.exists():
        if not job.resume:
            help_ = "go on with --resume, or begin again with --overwrite"
            raise BulkError(f"there is an unfinished job for `{job.output}`", help=help_)
    elif is_there:
        if job.resume:
            raise BulkError(
                f"`{job.output}` is there and nothing of it is unfinished", help="--overwrite decides it anew"
            )
        raise BulkError(f"`{job.output}` is there already", help="choose another name with -o, or use --overwrite")


def prepare(job: Job, source: Source) -> Prepared:
    """
    Check a job against the columns of its input.

    Raises:
        BulkError: If they do not fit.
    """
    facts = known_facts(job.policy.tree.facts, job.ignore)
    complaints = Complaints()
    kept: list[Kept] = []
    renamed: dict[str, str] = {}
    with complaints.heard():
        kept, renamed = kept_columns(job, source)
    names = [column.name for column in kept]
    if isinstance(job.as_of, str):
        if job.mapping is None or job.as_of not in (*job.mapping.columns, *job.mapping.facts):
            with complaints.heard():
                check_column(source, job.as_of)
        names.append(job.as_of)
    complaints.found += map(BulkError, wrongly_ignored(job.ignore, source, job.mapping))
    if job.mapping is not None:
        complaints.tell()
        mapped = job.mapping.bound(source)
        mapper: Mapper = mapped
        columns = mapped.needed(names)
    else:
        passed_over = {*NAMES, *names, *(job.keep or ()), *job.ignore} - set(facts)
        if not job.ignore_unknown:
            with complaints.heard():
                check_names(source, facts, passed_over)
        complaints.tell()
        is_strict = source.is_open and not job.ignore_unknown
        mapper = ByName(facts, is_text=source.is_text, passed_over=passed_over if is_strict else None)
        columns = needed_columns(source, facts, names)
    assert job.as_of is not None
    make = partial(_decider, job, mapper, kept)
    schema = schema_for(make().schema, job.output.format)
    return Prepared(job, source, columns, make, schema, renamed)


def check_column(source: Source, name: str) -> None:
    """
    Refuse a column of moments that the input does not have, or that has numbers.

    Raises:
        BulkError: With the column that was probably meant.
    """
    if source.is_open:
        return
    if name not in source.names:
        text = f"there is no column `{name}` to take the moment of each decision from"
        raise BulkError(text, help=meant(name, source.names))
    kind = source.schema().field(name).type
    if not may_have_moments(kind):
        raise BulkError(f"the column `{name}` holds {kind}, and no dates or times", help="name another one, or map it")


def _decider(job: Job, mapper: Mapper, kept: list[Kept]) -> Decider:
    assert job.as_of is not None
    return Decider(job.policy, mapper, kept, as_of=job.as_of, detail=job.detail, threads=job.threads)
