"""Random policies as a C programmer would write them for one policy and for Arrow columns without nulls: what is possible."""

import ctypes
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any as Anything, assert_never

import numpy as np

from .facts import Fact
from .rules import DECISIONS, DEFAULTS, All, Any, Condition, Not, RandomPolicy, Test

FLAGS = ("-O3", "-march=native", "-mprefer-vector-width=512", "-shared", "-fPIC")
#: Booleans are unpacked for so many rows at once, so that the loop over them can be made of vectors.
CHUNK = 4_096


class CompiledLoop:
    """One C function compiled for one policy; writes the place of each decision's outcome."""

    def __init__(self, policy: RandomPolicy) -> None:
        self._facts = policy.facts
        with tempfile.TemporaryDirectory() as folder:
            source, library = Path(folder, "policy.c"), Path(folder, "policy.so")
            source.write_text("\n".join(c_source(policy)), encoding="ascii")
            subprocess.run(["gcc", *FLAGS, str(source), "-o", str(library)], check=True)
            self._function = ctypes.CDLL(str(library)).decide

    def decide(self, batch: Anything) -> dict[str, Anything]:
        """Decide a record batch; the outcomes by their place in `DECISIONS`."""
        out = {name: np.empty(batch.num_rows, np.int32) for name in DECISIONS}
        columns = [ctypes.c_void_p(_address(batch.column(fact.name))) for fact in self._facts]
        outs = [ctypes.c_void_p(codes.ctypes.data) for codes in out.values()]
        self._function(ctypes.c_int64(batch.num_rows), *columns, *outs)
        return out


def _address(column: Anything) -> int:
    assert column.offset == 0
    values = column.indices if hasattr(column, "indices") else column
    return int(values.buffers()[1].address)


def c_source(policy: RandomPolicy) -> Iterator[str]:
    """Write the function: every rule as one expression without branches, then each decision's first one."""
    inputs = [f"const {_c_type(fact)} *restrict {fact.key}_" for fact in policy.facts]
    outputs = [f"int32_t *restrict {name}_out" for name in DECISIONS]
    booleans = [fact.key for fact in policy.facts if fact.kind == "boolean"]
    yield "#include <stdint.h>"
    yield f"void decide(int64_t rows, {', '.join([*inputs, *outputs])}) {{"
    yield from (f"  uint8_t {key}_bytes[{CHUNK}];" for key in booleans)
    yield f"  for (int64_t from = 0; from < rows; from += {CHUNK}) {{"
    yield f"    const int64_t count = rows - from < {CHUNK} ? rows - from : {CHUNK};"
    yield from (
        f"    for (int64_t b = 0; b < (count + 7) / 8; b++) for (int k = 0; k < 8; k++) "
        f"{key}_bytes[8 * b + k] = ({key}_[from / 8 + b] >> k) & 1;"
        for key in booleans
    )
    yield "    for (int64_t j = 0; j < count; j++) {"
    yield "      const int64_t i = from + j;"
    for fact in policy.facts:
        value = f"{fact.key}_bytes[j]" if fact.kind == "boolean" else f"{fact.key}_[i]"
        yield f"      const {_local(fact)} {fact.key} = {value};"
    for at, rule in enumerate(policy.rules):
        yield f"      const int r{at} = {_expression(rule.when)};"
    for name, outcomes in DECISIONS.items():
        yield f"      int32_t {name} = {outcomes.index(DEFAULTS[name])};"
        for at, rule in reversed(list(enumerate(policy.rules))):
            if name in rule.then:
                yield f"      {name} = r{at} ? {outcomes.index(rule.then[name])} : {name};"
        yield f"      {name}_out[i] = {name};"
    yield "    }"
    yield "  }"
    yield "}"


def _c_type(fact: Fact) -> str:
    return "int64_t" if fact.is_numeric else "uint8_t"


def _local(fact: Fact) -> str:
    return "int64_t" if fact.is_numeric else "int"


def _expression(condition: Condition) -> str:
    match condition:
        case Test():
            return f"({_test(condition)})"
        case All(parts):
            return f"({' & '.join(map(_expression, parts))})"
        case Any(parts):
            return f"({' | '.join(map(_expression, parts))})"
        case Not(part):
            return f"(!{_expression(part)})"
        case _:
            assert_never(condition)


def _test(test: Test) -> str:
    name, values = test.fact.key, _literals(test)
    match test.operator:
        case "in" | "not in":
            found = " | ".join(f"({name} == {value})" for value in values)
            return found if test.operator == "in" else f"!({found})"
        case "between":
            return f"({name} >= {values[0]}) & ({name} <= {values[1]})"
        case "=":
            return f"{name} == {values[0]}"
        case operator:
            return f"{name} {operator} {values[0]}"


def _literals(test: Test) -> Sequence[int]:
    fact = test.fact
    if fact.kind == "boolean":
        return [int(value) for value in test.values]
    if fact.is_numeric:
        return [int(value) * (1_000_000 if fact.kind == "duration" else 1) for value in test.values]
    return [fact.words.index(str(value)) for value in test.values]
