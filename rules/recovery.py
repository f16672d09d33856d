"""What can still be read of a broken TOML text: the statements that are well-formed, each where it stood."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import attrs

from .positions import Lines, Path, unquote_key
from .toml_faults import Fault, shortened
from .toml_statements import Statement, read_statements

MOST_FAULTS = 200  # broken statements, after which the rest of a text is given up
_MOST_RETRIES = 8
_MOST_RETRIED = 2**22  # characters that are parsed again for faults which only the parser saw

Loads: TypeAlias = Callable[[str], dict[str, object]]


@attrs.frozen
class Recovered:
    """
    What was saved of a text.

    *source* is the text without what is broken, line by line the same; *lost* are the paths of what is missing from *values*.
    """

    values: dict[str, object]
    source: str
    faults: tuple[Fault, ...]
    lost: frozenset[Path]


def recover(text: str, loads: Loads) -> Recovered:
    r"""
    Read as much of *text*, which has line feeds only, as can be read; *loads* is the parser proper.

    >>> import tomllib
    >>> saved = recover('[a]\nb = "1\nc = 2\n', tomllib.loads)
    >>> saved.values, saved.lost, [fault.kind for fault in saved.faults]
    ({'a': {'c': 2}}, frozenset({('a', 'b')}), ['unclosed-text'])
    """
    repair = _Repair(text)
    values, source = _parse(repair, loads, min(_MOST_RETRIES, 1 + _MOST_RETRIED // (len(text) + 1)))
    faults = sorted(repair.faults, key=lambda fault: fault.start)
    return Recovered(values, source, tuple(faults), frozenset(repair.lost))


def _parse(repair: _Repair, loads: Loads, tries: int) -> tuple[dict[str, object], str]:
    """Parse what is kept, and leave out more of it while the parser finds fault with it."""
    for _ in range(tries):
        source = repair.source()
        try:
            return loads(source), source
        except (ValueError, RecursionError) as error:
            if not repair.drop_blamed(str(error)):
                break
    repair.lost.add(())
    return {}, ""


Standing: TypeAlias = Literal["implied", "heading", "dotted", "value", "list"]


@attrs.define
class _Name:
    """What a name stands for so far; the *names* of a list are those of its last element."""

    standing: Standing
    at: int
    names: dict[str, _Name] = attrs.field(factory=dict[str, "_Name"])
    count: int = 0


class _Repair:
    """Follow the statements of a text, and decide which to keep."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = len(text)
        self.statements: list[Statement] = []
        self.kept: list[str | None] = []  # what is written in place of each statement; None for nothing
        self.faults: list[Fault] = []
        self.lost: set[Path] = set()
        self._lines = Lines(text)
        self._root: dict[str, _Name] = {}
        self._names: dict[str, _Name] | None = self._root  # of the table at hand; None where it is left out
        self._path: Path = ()
        for statement in read_statements(text):
            self.statements.append(statement)
            self._follow(statement)
            if len(self.faults) >= MOST_FAULTS:
                self.end = statement.end
                self.lost.add(())
                break

    def source(self) -> str:
        """Return the text with what is left out blanked, line by line the same."""
        return "".join(self._pieces())

    def _pieces(self) -> Iterator[str]:
        position = 0
        for statement, kept in zip(self.statements, self.kept, strict=True):
            yield self.text[position : statement.start]
            written = self.text[statement.start : statement.end]
            yield written if kept == written else (kept or "") + "\n" * written.count("\n")
            position = statement.end
        yield self.text[position : self.end]

    def drop_blamed(self, message: str) -> bool:
        """Leave out the statement that the parser's *message* points at; False where it points at none."""
        found = re.search(r"\(at line (\d+), column \d+\)$", message)
        start = (
            self._lines.starts[int(found[1]) - 1]
            if found and int(found[1]) <= len(self._lines.starts)
            else len(self.text)
        )
        number = bisect_right(self.statements, self._lines_end(start), key=lambda statement: statement.start) - 1
        while number >= 0 and self.kept[number] is None:
            number -= 1
        if number < 0:
            return False
        statement = self.statements[number]
        self.kept[number] = None
        self.lost.add(())
        what = message.partition(" (at ")[0]
        self.faults.append(
            Fault("other", statement.start, statement.end, {"found": f"this is not TOML: {what[:1].lower()}{what[1:]}"})
        )
        return True

    def _lines_end(self, start: int) -> int:
        end = self.text.find("\n", start)
        return len(self.text) if end < 0 else end

    def _follow(self, statement: Statement) -> None:
        fault = statement.fault
        keys = (
            [unquote_key(text) if text[0] in "\"'" else text for text, _, _ in statement.parts]
            if _legible(statement)
            else []
        )
        kept: str | None = None
        if fault is None or (statement.repair and keys):
            clash = self._add(statement, keys)
            if clash is None:
                kept = statement.repair or self.text[statement.start : statement.end]
            fault = fault or clash
        elif statement.kind == "pair":
            self.lost.add((*self._path, *keys))
        else:
            self._leave_out(())
        self.kept.append(kept if self._names is not None else None)
        if fault:
            self.faults.append(fault)

    def _leave_out(self, path: Path) -> None:
        self._names, self._path = None, path
        self.lost.add(path)

    def _add(self, statement: Statement, keys: list[str]) -> Fault | None:
        if statement.kind == "pair":
            return self._add_pair(statement, keys)
        names = self._root
        path: Path = ()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            last = number == len(keys)
            name = names.get(key)
            if name is None:
                standing: Standing = "implied" if not last else "list" if statement.kind == "element" else "heading"
                name = names[key] = _Name(standing, statement.start)
            elif clash := self._clash(statement, number, name, last=last):
                self._leave_out(path)
                return clash
            elif last and name.standing == "implied":
                name.standing, name.at = "heading", statement.start
            if last and statement.kind == "element":
                name.count += 1
                name.names = {}
            if name.standing == "list":
                path = (*path, name.count - 1)
            names = name.names
        self._names, self._path = names, path
        return None

    def _clash(self, statement: Statement, number: int, name: _Name, *, last: bool) -> Fault | None:
        """Say why a heading cannot name what is there already."""
        element = statement.kind == "element"
        if not last:
            return self._twice("duplicate-key", statement, number, name) if name.standing == "value" else None
        if name.standing == ("list" if element else "implied"):
            return None
        if name.standing == "list" or (element and name.standing == "heading"):
            return self._twice("list-or-table", statement, number, name)
        return self._twice("duplicate-heading", statement, number, name)

    def _add_pair(self, statement: Statement, keys: list[str]) -> Fault | None:
        if self._names is None:
            return None
        names = self._names
        for number, key in enumerate(keys, 1):
            name = names.get(key)
            last = number == len(keys)
            if name is None:
                name = names[key] = _Name("value" if last else "dotted", statement.start)
            elif last or name.standing not in {"dotted", "implied"}:
                self.lost.add((*self._path, *keys))
                return self._twice("duplicate-key", statement, number, name)
            names = name.names
        return None

    def _twice(self, kind: str, statement: Statement, number: int, name: _Name) -> Fault:
        start, end = statement.parts[0][1], statement.parts[number - 1][2]
        first = self._lines.place(name.at)[0]
        return Fault(kind, start, end, {"key": shortened(self.text[start:end]), "first_line": str(first)})


def _legible(statement: Statement) -> bool:
    """Whether the name of *statement* can be read even if the rest of it cannot."""
    fault = statement.fault
    return bool(statement.parts) and (fault is None or fault.start >= statement.parts[-1][2] or bool(statement.repair))
