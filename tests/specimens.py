"""Mistakes that no single TOML text can show: each made in a folder, and what is found there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from evenhand.rules.diagnostics import Diagnostic, FactError, PolicyError, catalogue
from evenhand.rules.given import Currencies, read_given
from evenhand.rules.incident import Incident
from evenhand.rules.load import load_file, load_text
from evenhand.rules.vocabulary import vocabulary

Found = tuple[Diagnostic, ...]
POLICY = '[policy]\nid = "cafe"\n'


def in_file(path: Path) -> Found:
    """What is found in a policy file, warnings included."""
    try:
        return load_file(path).warnings
    except PolicyError as error:
        return error.diagnostics


def in_text(text: str) -> Found:
    """What is found in the text of a policy, warnings included."""
    try:
        return load_text(text).warnings
    except PolicyError as error:
        return error.diagnostics


def in_facts(given: Mapping[str, object]) -> Found:
    """What is found in the facts of an incident."""
    try:
        read_given(given, vocabulary(Incident), Currencies("USD"))
    except FactError as error:
        return error.diagnostics
    return ()


def _of(content: bytes) -> Callable[[Path], Found]:
    def specimen(folder: Path) -> Found:
        file = folder / "cafe.toml"
        file.write_bytes(content)
        return in_file(file)

    return specimen


def _missing(folder: Path) -> Found:
    (folder / "cafe.toml").write_text(POLICY)
    return in_file(folder / "caffe.toml")


def _circle(folder: Path) -> Found:
    for name, base in (("cafe", "regional"), ("regional", "national"), ("national", "cafe")):
        (folder / f"{name}.toml").write_text(f'[policy]\nid = "{name}"\nextends = ["./{base}.toml"]\n')
    return in_file(folder / "cafe.toml")


def _chain(folder: Path) -> Found:
    for number in range(20):
        extends = f'extends = ["./p{number + 1}.toml"]\n' if number < 19 else ""
        (folder / f"p{number}.toml").write_text(f'[policy]\nid = "p{number}"\n{extends}')
    return in_file(folder / "p0.toml")


def _extending(name: str) -> Callable[[Path], Found]:
    return _of(f'[policy]\nid = "cafe"\nextends = ["{name}"]\n'.encode())


def _rule(when: str) -> str:
    return f'{POLICY}\n[[rule]]\nid   = "first"\nwhen = "{when}"\nthen.refund = "deny"\n'


def _doubling_terms() -> str:
    doubling = [f'term_{number} = "term_{number - 1} or term_{number - 1}"' for number in range(1, 14)]
    return "\n".join([POLICY, "[terms]", 'term_0 = "injury or staff_harmed"', *doubling, ""])


def _chained_terms() -> str:
    chain = [f'term_{number} = "not term_{number - 1}"' for number in range(1, 66)]
    return "\n".join([POLICY, "[terms]", 'term_0 = "injury"', *chain, ""])


def _large_rules() -> str:
    doubling = [f't{number} = "t{number - 1} or t{number - 1}"' for number in range(1, 13)]
    rules = [f'[[rule]]\nid = "r{number}"\nwhen = "t12"\nthen.refund = "deny"' for number in range(500)]
    return "\n".join([POLICY, "[terms]", 't0 = "injury"', *doubling, *rules, ""])


#: For each code that has no example in the catalogue, something that is reported for exactly it.
SPECIMENS: Mapping[str, Callable[[Path], Found]] = {
    "file-not-found": _missing,
    "not-a-file": in_file,
    "file-too-large": _of(b"#" * (10 * 2**20)),
    "not-utf8": _of(f'{POLICY}title = "Café"\n'.encode("latin-1")),
    "binary-file": _of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    "empty-file": _of(b"\xef\xbb\xbf \n\n"),
    "extends-outside": _extending("../cafe.toml"),
    "extends-unreadable": _extending("./regional.toml"),
    "cycle-in-extends": _circle,
    "too-many-extends": _chain,
    "condition-too-long": lambda _: in_text(_rule("injury or " * 10_000 + "injury")),
    "condition-too-large": lambda _: in_text(_doubling_terms()),
    "terms-too-deep": lambda _: in_text(_chained_terms()),
    "policy-too-large": lambda _: in_text(_large_rules()),
    "too-many-findings": lambda _: in_text(POLICY + "".join(f"key{number} = 1\n" for number in range(2_000)))[:1],
    "too-long": lambda _: in_facts({"exchange.steps_done": ["listen"] * 2_000}),
}
#: Codes that only a command reports, and those that a test cannot bring about as the superuser.
ELSEWHERE = {"unreadable-incident", "unreadable-event", "unreadable-file"} | {
    code for code, entry in catalogue().items() if entry.by
}
