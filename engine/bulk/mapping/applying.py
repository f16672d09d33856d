"""A mapping applied: facts made of the columns of a chunk, column by column, each distinct cell read once."""

from __future__ import annotations

from collections.abc import Mapping as Table, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa

from ....rules.describe import shortened
from ....rules.diagnostics import Diagnostic, Findings, PolicyError, nearest
from ....rules.given import FactProblem
from ....rules.locate import located
from ...columns.library import pc
from ..by_name import trimmed
from ..chunks import Chunk, Problems, Source, batch_of, merged
from ..distinct import each_distinct
from .cells import reader
from .expressions import Computed, compile_expression
from .specs import Spec

if TYPE_CHECKING:
    from .reading import Mapping


def bind(mapping: Mapping, source: Source) -> Mapped:
    """
    Check a mapping against the columns of a source.

    Raises:
        PolicyError: If it does not fit, with all that is wrong.
    """
    findings = Findings()
    if not source.is_open:
        for spec in (*mapping.facts.values(), *mapping.columns.values()):
            if spec.column and spec.column not in source.names:
                at = spec.place if spec.place.document and not _is_table(mapping, spec) else spec.place.inside("column")
                named = shortened(", ".join(f"`{name}`" for name in source.names))
                meant = nearest(spec.column, source.names)
                findings.report("unknown-column", at, suggestion=meant, column=spec.column, columns=named)
    computed = {
        name: found
        for name, spec in mapping.facts.items()
        if spec.expression and (found := compile_expression(mapping, spec, source, findings)) is not None
    }
    if findings.has_errors:
        raise PolicyError(located(findings, {mapping.document.name: mapping.document}))
    return Mapped(mapping, source.is_text, computed, None if source.is_open else tuple(source.names))


def _is_table(mapping: Mapping, spec: Spec) -> bool:
    inner: Any = mapping.document.values
    for part in spec.place.path:
        inner = inner[part]
    return isinstance(inner, dict)


@attrs.frozen(eq=False)
class Mapped:
    """A mapping that fits to a source."""

    mapping: Mapping
    is_text: bool
    computed: Table[str, Computed]
    names: tuple[str, ...] | None

    def needed(self, kept: Sequence[str]) -> list[str] | None:
        """Return the columns that have to be read; None where that is not known."""
        if self.names is None:
            return None
        specs = [*self.mapping.facts.values(), *self.mapping.columns.values()]
        plain = {name for found in self.computed.values() for name in found.used}
        named = [name for name in kept if name not in self.mapping.columns]
        wanted = {*(spec.column for spec in specs), *plain, *named}
        return [name for name in self.names if name in wanted]

    def facts(self, chunk: Chunk) -> tuple[Any, Problems]:
        """Return a batch whose columns are facts, and what is wrong with rows of it."""
        columns: dict[str, Any] = {}
        problems: Problems = {}
        for name, spec in self.mapping.facts.items():
            if spec.column:
                columns[name], bad = self.read(chunk, spec)
                problems = merged(problems, bad)
        for name, found in self.computed.items():
            columns[name], bad = found.column(chunk, self)
            problems = merged(problems, bad)
        for name, value in self.mapping.constants.items():
            columns[name] = pa.array([value]).take(pa.nulls(chunk.batch.num_rows, pa.int32()).fill_null(0))
        return batch_of(columns, chunk.batch.num_rows), problems

    def column(self, chunk: Chunk, name: str) -> tuple[Any, Problems]:
        """Return a column that the mapping describes, or one as it is; and the rows that are not written as it says."""
        spec = self.mapping.columns.get(name) or self.mapping.facts.get(name)
        if spec is not None and spec.column:
            return self.read(chunk, spec)
        if name in self.computed:
            return self.computed[name].column(chunk, self)
        return raw_column(chunk, name), {}

    def read(self, chunk: Chunk, spec: Spec) -> tuple[Any, Problems]:
        """Return what a description makes of its column, and the rows that are not written as it says."""
        column = raw_column(chunk, spec.column)
        if spec.is_plain:
            return (trimmed(column) if self.is_text else column), {}
        made, indices, problems = each_distinct(column, reader(spec), lambda _, problem: diagnostic(problem, spec))
        type_ = pa.list_(pa.string()) if any(isinstance(cell, list) for cell in made) else pa.string()
        return pa.array(made, type_).take(indices), problems


def diagnostic(problem: Exception, spec: Spec) -> Diagnostic:
    """Return why a cell cannot be read."""
    if isinstance(problem, FactProblem):
        return Diagnostic(problem.code, {"fact": spec.fact.name, **problem.facts}, spec.place, problem.suggestion)
    facts = {"fact": spec.fact.name, "text": "this", "why": str(problem)[:200], "expected": "a number"}
    return Diagnostic("bad-value", facts, spec.place)


def raw_column(chunk: Chunk, name: str) -> Any:
    """Return a column of a chunk; nothing but nulls where it has none of that name."""
    column = chunk.column(name)
    return pc.cast(column, column.type.value_type) if pa.types.is_dictionary(column.type) else column
