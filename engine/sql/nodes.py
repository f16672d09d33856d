"""The few SQL expressions that a policy needs, put together so that what is certain beforehand never reaches the query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from ...rules.diagnostics import printable

if TYPE_CHECKING:
    Node: TypeAlias = exp.Expr
else:  # because older releases of sqlglot call it so
    Node = exp.Expression
#: A condition and what it leads to.
When: TypeAlias = tuple[Node, Node]

_COMPARISONS: Final[dict[str, type[exp.Binary]]] = {
    "=": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_KNOWN: Final[dict[str, Callable[[int, int], bool]]] = {
    "=": eq,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
_RECKONED: Final[dict[str, Callable[[int, int], int]]] = {"+": add, "-": sub, "*": mul}
_LONGEST_COMMENT: Final = 200


def own(node: Node) -> Node:
    """Return a node that stands nowhere yet: itself, or a copy where it is part of something already."""
    return node if node.parent is None else node.copy()


def column(name: str) -> Node:
    """Return a column by its name, quoted."""
    return exp.column(exp.to_identifier(name, quoted=True))


def text(value: str) -> Node:
    """Return a text literal."""
    return exp.Literal.string(value)


def number(value: int | str) -> Node:
    """Return a number as it is written."""
    written = str(value)
    return exp.Neg(this=exp.Literal.number(written[1:])) if written.startswith("-") else exp.Literal.number(written)


def null() -> Node:
    """Return NULL."""
    return exp.Null()


def truth(value: bool | None) -> Node:  # noqa: FBT001 because it is what it is about
    """Return TRUE, FALSE or NULL."""
    return exp.Null() if value is None else exp.Boolean(this=value)


def true() -> Node:
    """Return TRUE."""
    return exp.Boolean(this=True)


def false() -> Node:
    """Return FALSE."""
    return exp.Boolean(this=False)


def is_true(node: Node) -> bool:
    """Whether a node is just TRUE."""
    return isinstance(node, exp.Boolean) and node.this is True


def is_false(node: Node) -> bool:
    """Whether a node is just FALSE."""
    return isinstance(node, exp.Boolean) and node.this is False


def all_of(parts: Iterable[Node]) -> Node:
    """Join conditions by AND, as Kleene means it."""
    return _joined(exp.And, parts, neutral=True)


def any_of(parts: Iterable[Node]) -> Node:
    """Join conditions by OR, as Kleene means it."""
    return _joined(exp.Or, parts, neutral=False)


def _joined(kind: type[exp.And | exp.Or], parts: Iterable[Node], *, neutral: bool) -> Node:
    kept: list[Node] = []
    for part in parts:
        if isinstance(part, exp.Boolean) and part.this is not neutral:
            return truth(not neutral)
        if not isinstance(part, exp.Boolean):
            kept.append(part)
    if not kept:
        return truth(neutral)
    found = _operand(kept[0], kind) if len(kept) > 1 else own(kept[0])
    for part in kept[1:]:
        found = kind(this=found, expression=_operand(part, kind))
    return found


def _operand(node: Node, within: type[Node]) -> Node:
    """Return a node as an operand: in parentheses where it binds no tighter."""
    loose = isinstance(node, exp.Connector) and not isinstance(node, within)
    return exp.Paren(this=own(node)) if loose else own(node)


def negated(node: Node) -> Node:
    """Negate a condition."""
    if isinstance(node, exp.Boolean):
        return truth(not node.this)
    if isinstance(node, exp.Null):
        return null()
    if isinstance(node, exp.Not) and not isinstance(node.this, exp.Is):
        return own(node.this)
    return exp.Not(this=exp.Paren(this=own(node)) if isinstance(node, exp.Binary) else own(node))


def is_null(node: Node) -> Node:
    """Ask whether something is NULL."""
    if isinstance(node, exp.Null):
        return true()
    if isinstance(node, exp.Boolean | exp.Literal):
        return false()
    return exp.Is(this=_tight(node), expression=exp.Null())


def is_known(node: Node) -> Node:
    """Ask whether something is not NULL."""
    if isinstance(node, exp.Null):
        return false()
    if isinstance(node, exp.Boolean | exp.Literal):
        return true()
    return exp.Not(this=exp.Is(this=_tight(node), expression=exp.Null()))


def _tight(node: Node) -> Node:
    return exp.Paren(this=own(node)) if isinstance(node, exp.Binary | exp.Not | exp.Unary) else own(node)


def possible(node: Node) -> Node:
    """Ask whether a condition holds or may hold."""
    if isinstance(node, exp.Boolean):
        return node
    return true() if isinstance(node, exp.Null) else coalesced(node, true())


def coalesced(node: Node, other: Node) -> Node:
    """Return something, or something else where it is NULL."""
    return exp.Coalesce(this=own(node), expressions=[own(other)])


def compared(operator: str, left: Node, right: Node) -> Node:
    """Hold two things against each other; two numbers are compared beforehand."""
    a, b = whole_number(left), whole_number(right)
    if a is not None and b is not None:
        return truth(_KNOWN[operator](a, b))
    return _COMPARISONS[operator](this=_factor(left), expression=_factor(right))


def whole_number(node: Node) -> int | None:
    """Return the whole number that a node is, None where it is something else."""
    if isinstance(node, exp.Neg):
        inner = whole_number(node.this)
        return None if inner is None else -inner
    return int(node.name) if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit() else None


def among(subject: Node, options: Sequence[Node]) -> Node:
    """Ask whether something is one of a few things."""
    return exp.In(this=own(subject), expressions=[own(option) for option in options])


def between(subject: Node, low: Node, high: Node) -> Node:
    """Ask whether something lies between two things, both included."""
    return exp.Between(this=own(subject), low=own(low), high=own(high))


def chosen(whens: Iterable[When], otherwise: Node | None = None, *, shortened: bool = False) -> Node:
    """
    Return what the first condition that holds leads to.

    Where it is *shortened*, the last conditions are left out if they lead where the rest does anyway. Neighbours that lead to the
    same stay apart: DuckDB asks each condition of the rows that are left, and all parts of an `OR` of all of them.
    """
    ifs: list[exp.If] = []
    for condition, result in whens:
        if is_true(condition):
            otherwise = result
            break
        if is_false(condition) or isinstance(condition, exp.Null):
            continue
        ifs.append(exp.If(this=own(condition), true=own(result)))
    rest = null() if otherwise is None else otherwise
    while ifs and (shortened or isinstance(rest, exp.Null)) and ifs[-1].args["true"] == rest:
        ifs.pop()
    if not ifs:
        return own(rest)
    if isinstance(rest, exp.Null):
        return exp.Case(ifs=ifs)
    return exp.Case(ifs=ifs, default=own(rest))


def counted(condition: Node, amount: Node | None = None) -> Node:
    """Return an amount, 1 unless said otherwise, where a condition holds, else 0."""
    return chosen([(condition, amount or number(1))], number(0))


def total(parts: Iterable[Node]) -> Node:
    """Add up numbers; nothing comes to 0."""
    found: Node | None = None
    for part in parts:
        if isinstance(part, exp.Literal) and part.name == "0":
            continue
        found = own(part) if found is None else exp.Add(this=found, expression=own(part))
    return number(0) if found is None else found


def combined(operator: str, left: Node, right: Node) -> Node:
    """Combine two numbers by `+`, `-`, `*` or (what is left of a division) `%`."""
    a, b = whole_number(left), whole_number(right)
    if a is not None and b is not None and operator in _RECKONED:
        return number(_RECKONED[operator](a, b))
    kind = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "%": exp.Mod}[operator]
    return kind(this=_factor(left), expression=_factor(right))


def _factor(node: Node) -> Node:
    return exp.Paren(this=own(node)) if isinstance(node, exp.Binary | exp.Neg | exp.Not) else own(node)


def cast(node: Node, type_: str) -> Node:
    """Cast something to a type, spelled as the dialect does."""
    return exp.Cast(this=own(node), to=exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=type_))


def call(name: str, *arguments: Node) -> Node:
    """Call a function, spelled as the dialect does."""
    return exp.Anonymous(this=name, expressions=[own(argument) for argument in arguments])


def named(node: Node, name: str, comment: str = "") -> Node:
    """Name something, with a comment that cannot break out."""
    alias = exp.alias_(own(node), name, quoted=True, copy=False)
    if comment:
        alias.add_comments([commented(comment)])
    return alias


def commented(words: str) -> str:
    """
    Return words as they may stand in a comment of any dialect: one line, without a sign that opens or closes one.

    >>> commented("a */ b")
    'a * / b'
    """
    tame = printable(" ".join(words.split())).replace("*/", "* /").replace("/*", "/ *").replace("*/", "* /")
    return tame if len(tame) <= _LONGEST_COMMENT else f"{tame[:_LONGEST_COMMENT]} …"
