"""What the dialects spell differently, a row for each thing; all else is the same in every one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

import attrs
from sqlglot import exp

from . import nodes
from .nodes import Node, call, cast, number, text

Name: TypeAlias = Literal["duckdb", "spark", "postgres", "bigquery", "snowflake"]
#: One of a list of names, with what it is sorted by (the least first); NULL keeps it out.
Ranked: TypeAlias = tuple[Node, str]


@attrs.frozen
class Dialect:
    """
    One dialect of SQL.

    *whole* is its type for whole numbers of up to *digits* digits, *decimal* that for numbers with some places. *list_type* is
    a list of texts.
    """

    name: Name
    title: str
    whole: str
    digits: int
    decimal: str
    text_type: str
    list_type: str
    micros: Callable[[Node], Node]
    ordinal: Callable[[Node], Node]
    date_of: Callable[[Node], Node]
    moment_of: Callable[[Node], Node]
    quotient: Callable[[Node, Node], Node]
    contains: Callable[[Node, Node], Node]
    starts: Callable[[Node, Node], Node]
    ends: Callable[[Node, Node], Node]
    has: Callable[[Node, Node], Node]
    size: Callable[[Node], Node]
    has_null: Callable[[Node], Node]
    binary: Callable[[Node], Node]
    joined: Callable[[Sequence[Node]], Node]
    kept: Callable[[Sequence[Node], str], Node]
    ranked: Callable[[Sequence[Ranked]], Node]
    matches: Literal["re2", "posix", "java", ""]
    dots: bool = True
    fence: bool = False  # whether it takes a word to keep stages apart
    #: The most options of an `IN` that are compared in place: of more it makes a join, where another list is asked; 0 for no such bound.
    longest_in: int = 0

    def list_of(self, items: Sequence[str]) -> Node:
        """Return a list of texts."""
        return cast(exp.Array(expressions=[text(item) for item in items]), self.list_type)

    def wide(self, node: Node) -> Node:
        """Return a whole number wide enough to be reckoned with."""
        return cast(node, self.whole)


def _parsed(dialect: str, template: str, **parts: Node) -> Node:
    """Return an expression written in a dialect, with parts put in for `:name`."""
    import sqlglot

    tree = sqlglot.parse_one(template, read=dialect)
    return tree.transform(
        lambda node: (
            exp.Paren(this=nodes.own(parts[node.name]))
            if isinstance(node, exp.Placeholder) and isinstance(parts[node.name], exp.Binary)
            else nodes.own(parts[node.name])
            if isinstance(node, exp.Placeholder)
            else node
        )
    )


def _written(dialect: str, template: str) -> Callable[[Node], Node]:
    return lambda x: _parsed(dialect, template, x=x)


def _written2(dialect: str, template: str) -> Callable[[Node, Node], Node]:
    return lambda x, y: _parsed(dialect, template, x=x, y=y)


def _function(name: str) -> Callable[..., Node]:
    return lambda *arguments: call(name, *arguments)


def _same(node: Node) -> Node:
    return node


def _raw(dialect: str, sql: Callable[..., str]) -> Callable[[Sequence[Ranked]], Node]:
    """Return a list that is put together as text of the dialect, for what has no node of its own."""

    def made(items: Sequence[Ranked]) -> Node:
        rows = [(rank.sql(dialect), text(name).sql(dialect), place) for place, (rank, name) in enumerate(items)]
        return exp.Var(this=sql(rows))

    return made


def _duckdb_ranked(rows: Sequence[tuple[str, str, int]]) -> str:
    items = ", ".join(f"{{'n': {rank}, 'at': {at}, 'name': {name}}}" for rank, name, at in rows)
    return f"[x.name FOR x IN LIST_SORT([{items}]) IF x.n IS NOT NULL]"


def _select_ranked(rows: Sequence[tuple[str, str, int]]) -> str:
    # Not VALUES, whose rows PostgreSQL prepares anew each time.
    ranks, names = ", ".join(rank for rank, _, _ in rows), ", ".join(name for _, name, _ in rows)
    listed = f'UNNEST(ARRAY[{ranks}], ARRAY[{names}]) WITH ORDINALITY AS x(n, name, "at")'
    return f'ARRAY(SELECT x.name FROM {listed} WHERE x.n IS NOT NULL ORDER BY x.n, x."at")'


def _bigquery_ranked(rows: Sequence[tuple[str, str, int]]) -> str:
    items = ", ".join(f"STRUCT({rank} AS n, {at} AS place, {name} AS name)" for rank, name, at in rows)
    return f"ARRAY(SELECT x.name FROM UNNEST([{items}]) AS x WHERE x.n IS NOT NULL ORDER BY x.n, x.place)"


def _spark_ranked(rows: Sequence[tuple[str, str, int]]) -> str:
    items = ", ".join(f"NAMED_STRUCT('n', {rank}, 'at', {at}, 'name', {name})" for rank, name, at in rows)
    return f"TRANSFORM(ARRAY_SORT(FILTER(ARRAY({items}), x -> x.n IS NOT NULL)), x -> x.name)"


def _snowflake_ranked(rows: Sequence[tuple[str, str, int]]) -> str:
    # Ranks are sorted as text of equal length; 10^9 is added so that they are not negative.
    items = ", ".join(f"LPAD({rank} + 1000000000, 12, '0') || LPAD({at}, 6, '0') || {name}" for rank, name, at in rows)
    return f"TRANSFORM(ARRAY_SORT(ARRAY_CONSTRUCT_COMPACT({items})), x VARCHAR -> SUBSTR(x, 19))"


def _kept(dialect: str, template: str) -> Callable[[Sequence[Node], str], Node]:
    """Return the list of what is not NULL, cast to a type."""

    def made(items: Sequence[Node], type_: str) -> Node:
        return exp.Var(this=template.format(items=", ".join(item.sql(dialect) for item in items), type=type_))

    return made


def _joined(function: str) -> Callable[[Sequence[Node]], Node]:
    return lambda parts: call(function, text(", "), *parts)


def _bigquery_joined(parts: Sequence[Node]) -> Node:
    return call("ARRAY_TO_STRING", exp.Array(expressions=[nodes.own(part) for part in parts]), text(", "))


def _snowflake_joined(parts: Sequence[Node]) -> Node:
    return call("ARRAY_TO_STRING", call("ARRAY_CONSTRUCT_COMPACT", *parts), text(", "))


DUCKDB: Final = Dialect(
    name="duckdb",
    title="DuckDB",
    whole="HUGEINT",
    digits=38,
    decimal="DECIMAL(38, {places})",
    text_type="VARCHAR",
    list_type="VARCHAR[]",
    micros=_function("EPOCH_US"),
    ordinal=_written("duckdb", "DATE_DIFF('day', DATE '0001-01-01', :x) + 1"),
    date_of=_written("duckdb", "DATE '0001-01-01' + CAST(:x - 1 AS INT)"),
    moment_of=lambda x: call("MAKE_TIMESTAMP", cast(x, "BIGINT")),
    quotient=lambda x, y: exp.IntDiv(this=_tight(x), expression=_tight(y)),
    contains=_function("CONTAINS"),
    starts=_function("STARTS_WITH"),
    ends=_function("ENDS_WITH"),
    has=_function("LIST_CONTAINS"),
    size=_function("LEN"),
    has_null=lambda x: exp.NEQ(this=call("LEN", x), expression=call("LIST_COUNT", x)),
    binary=_same,
    joined=_joined("CONCAT_WS"),
    kept=_kept("duckdb", "CAST([x FOR x IN [{items}] IF x IS NOT NULL] AS {type}[])"),
    ranked=_raw("duckdb", _duckdb_ranked),
    matches="re2",
    longest_in=4,
)


def _where_known(item: Node, found: Node) -> Node:
    """Return whether a list has an item, NULL where the item is: elsewhere than here, an empty list surely does not have it."""
    return nodes.chosen([(nodes.is_known(item), found)])


def _tight(node: Node) -> Node:
    return exp.Paren(this=nodes.own(node)) if isinstance(node, exp.Binary) else nodes.own(node)


POSTGRES: Final = Dialect(
    name="postgres",
    title="PostgreSQL",
    whole="NUMERIC",
    digits=1_000,
    decimal="NUMERIC(1000, {places})",
    text_type="TEXT",
    list_type="TEXT[]",
    micros=lambda x: cast(
        nodes.combined("*", exp.Extract(this=exp.Var(this="EPOCH"), expression=nodes.own(x)), number(1_000_000)),
        "BIGINT",
    ),
    ordinal=_written("postgres", "(:x - DATE '0001-01-01') + 1"),
    date_of=_written("postgres", "DATE '0001-01-01' + CAST(:x - 1 AS INT)"),
    moment_of=lambda x: exp.Var(
        this="TIMESTAMP '1970-01-01' + DIV({0}, 1000000) * INTERVAL '1 second' + MOD({0}, 1000000) * INTERVAL '1 microsecond'".format(
            f"CAST({x.sql('postgres')} AS NUMERIC)"
        )
    ),
    quotient=_function("DIV"),
    contains=lambda x, y: nodes.compared(">", call("STRPOS", x, y), number(0)),
    starts=_function("STARTS_WITH"),
    ends=lambda x, y: nodes.compared("=", call("RIGHT", x, call("LENGTH", y)), y),
    has=lambda x, y: _where_known(y, exp.EQ(this=nodes.own(y), expression=call("ANY", x))),
    size=_function("CARDINALITY"),
    has_null=lambda x: nodes.is_known(call("ARRAY_POSITION", x, nodes.null())),
    binary=lambda x: exp.Collate(this=nodes.own(x), expression=exp.to_identifier("C", quoted=True)),
    joined=_joined("CONCAT_WS"),
    kept=_kept("postgres", "CAST(ARRAY_REMOVE(ARRAY[{items}], NULL) AS {type}[])"),
    ranked=_raw("postgres", _select_ranked),
    matches="posix",
    fence=True,
)

SPARK: Final = Dialect(
    name="spark",
    title="Spark",
    whole="DECIMAL(38, 0)",
    digits=38,
    decimal="DECIMAL(38, {places})",
    text_type="STRING",
    list_type="ARRAY<STRING>",
    micros=_function("UNIX_MICROS"),
    ordinal=_written("spark", "DATEDIFF(:x, DATE '0001-01-01') + 1"),
    date_of=lambda x: call(
        "DATE_ADD", cast(text("0001-01-01"), "DATE"), cast(nodes.combined("-", x, number(1)), "INT")
    ),
    moment_of=lambda x: call("TIMESTAMP_MICROS", cast(x, "BIGINT")),
    quotient=lambda x, y: exp.IntDiv(this=_tight(x), expression=_tight(y)),
    contains=_function("CONTAINS"),
    starts=_function("STARTSWITH"),
    ends=_function("ENDSWITH"),
    has=_function("ARRAY_CONTAINS"),
    size=_function("CARDINALITY"),
    has_null=lambda x: exp.Var(this=f"EXISTS({x.sql('spark')}, x -> x IS NULL)"),
    binary=lambda x: exp.Collate(this=nodes.own(x), expression=exp.Var(this="UTF8_BINARY")),
    joined=_joined("CONCAT_WS"),
    kept=_kept("spark", "CAST(FILTER(ARRAY({items}), x -> x IS NOT NULL) AS ARRAY<{type}>)"),
    ranked=_raw("spark", _spark_ranked),
    matches="java",
)

BIGQUERY: Final = Dialect(
    name="bigquery",
    title="BigQuery",
    whole="BIGNUMERIC",
    digits=38,
    decimal="BIGNUMERIC",
    text_type="STRING",
    list_type="ARRAY<STRING>",
    micros=_function("UNIX_MICROS"),
    ordinal=lambda x: exp.Var(this=f"DATE_DIFF({x.sql('bigquery')}, DATE '0001-01-01', DAY) + 1"),
    date_of=lambda x: exp.Var(this=f"DATE_ADD(DATE '0001-01-01', INTERVAL CAST({x.sql('bigquery')} - 1 AS INT64) DAY)"),
    moment_of=lambda x: call("TIMESTAMP_MICROS", cast(x, "INT64")),
    quotient=_function("DIV"),
    contains=lambda x, y: nodes.compared(">", call("STRPOS", x, y), number(0)),
    starts=_function("STARTS_WITH"),
    ends=_function("ENDS_WITH"),
    has=lambda x, y: _where_known(y, exp.Var(this=f"{y.sql('bigquery')} IN UNNEST({x.sql('bigquery')})")),
    size=_function("ARRAY_LENGTH"),
    has_null=lambda x: exp.Var(this=f"EXISTS(SELECT 1 FROM UNNEST({x.sql('bigquery')}) AS x WHERE x IS NULL)"),
    binary=lambda x: call("COLLATE", x, text("")),
    joined=_bigquery_joined,
    kept=_kept(
        "bigquery",
        "ARRAY(SELECT CAST(x AS {type}) FROM UNNEST([{items}]) AS x WITH OFFSET AS place WHERE x IS NOT NULL ORDER BY place)",
    ),
    ranked=_raw("bigquery", _bigquery_ranked),
    matches="re2",
    dots=False,
)

SNOWFLAKE: Final = Dialect(
    name="snowflake",
    title="Snowflake",
    whole="NUMBER(38, 0)",
    digits=38,
    decimal="NUMBER(38, {places})",
    text_type="VARCHAR",
    list_type="ARRAY",
    micros=lambda x: exp.Var(this=f"DATE_PART(EPOCH_MICROSECOND, {x.sql('snowflake')})"),
    ordinal=lambda x: exp.Var(this=f"DATEDIFF(DAY, DATE '0001-01-01', {x.sql('snowflake')}) + 1"),
    date_of=lambda x: exp.Var(this=f"DATEADD(DAY, {x.sql('snowflake')} - 1, DATE '0001-01-01')"),
    moment_of=lambda x: call("TO_TIMESTAMP_NTZ", x, number(6)),
    quotient=lambda x, y: call("TRUNC", exp.Div(this=_tight(x), expression=_tight(y))),
    contains=_function("CONTAINS"),
    starts=_function("STARTSWITH"),
    ends=_function("ENDSWITH"),
    has=lambda x, y: exp.Var(this=f"ARRAY_CONTAINS({y.sql('snowflake')}::VARIANT, {x.sql('snowflake')})"),
    size=_function("ARRAY_SIZE"),
    has_null=lambda x: nodes.compared(
        ">", call("ARRAY_SIZE", exp.Var(this=f"FILTER({x.sql('snowflake')}, x -> IS_NULL_VALUE(x))")), number(0)
    ),
    binary=lambda x: call("COLLATE", x, text("")),
    joined=_snowflake_joined,
    kept=_kept("snowflake", "ARRAY_CONSTRUCT_COMPACT({items})"),
    ranked=_raw("snowflake", _snowflake_ranked),
    matches="",
)

DIALECTS: Final[dict[str, Dialect]] = {d.name: d for d in (DUCKDB, SPARK, POSTGRES, BIGQUERY, SNOWFLAKE)}
