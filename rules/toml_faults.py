"""What can be wrong with the form of a TOML file, in words for somebody who has never heard of TOML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import attrs

# Each kind of fault: what was found, and what to do about it. The words in braces are facts of the fault.
WORDING: Mapping[str, tuple[str, str]] = {
    "unclosed-text": ("the text that starts here has no closing quote", "end it with {quote} on the same line"),
    "unclosed-long-text": ("the text that starts here with {quote} is never closed", "write {quote} where it ends"),
    "quote-in-text": (
        "the text ends before `{found}`",
        'look for a quote too many or too few; a quote inside a text is written \\"',
    ),
    "bad-escape": (
        "`{found}` means nothing inside a text",
        "write \\\\ for a backslash, or put the text in single quotes",
    ),
    "invisible": ("an invisible character, {found}, stands here", "delete it; where a space was meant, type one"),
    "curly-quote": ("`{found}` is a typographic quote", "write a straight one: \" or '"),
    "unquoted-text": ("the text `{found}` has no quotes", "write {quoted}"),
    "boolean-word": ("`{found}` is not a value", "write true or false, in small letters and without quotes"),
    "no-value": ("the value is missing", "write one after the `=`, or delete the line"),
    "no-item": ("an item is missing before this comma", "delete the comma, or write the item"),
    "bad-number": ("`{found}` is not a number", "write numbers like 12, 0.5 or 10_000; a text needs quotes"),
    "comma-in-number": ("the number `{found}` has a comma in it", "write 10_000 for ten thousand and 0.5 for a half"),
    "long-number": ("this number has too many digits", "write it with fewer"),
    "bad-date": ("`{found}` is not a date", "write dates like 2026-11-21 and times like 2026-11-21T10:00:00Z"),
    "unclosed-list": ("the list that starts here has no closing `]`", "write `]` {where}"),
    "missing-comma": ("a comma is missing before `{found}`", "put a comma between the items"),
    "unclosed-braces": (
        "this `{{` has no closing `}}` on the same line",
        "write all that stands between {{ and }} on one line",
    ),
    "extra-comma": ("a comma stands before the closing `}}`", "delete it"),
    "missing-equals": ("an `=` is missing after `{found}`", "write `{found} =` and the value"),
    "wrong-equals": ("`{found}` stands where `=` belongs", "write one `=` between the name and the value"),
    "missing-name": ("a name is missing here", "write the name of what is set"),
    "name-needs-quotes": (
        "the name `{found}` needs quotes",
        "only the letters a to z, digits, - and _ do without; or write a hyphen for a space",
    ),
    "missing-bracket": ("the heading has no closing `{found}`", "write `{whole}`"),
    "extra-bracket": ("the heading has one `]` too many", "write `{whole}`, or `[{whole}]` where there are several"),
    "empty-heading": ("the heading has no name", "write a name between the brackets"),
    "after-heading": ("`{found}` follows a heading on its line", "start a new line for it, or put # before a remark"),
    "after-value": ("`{found}` follows a value on its line", "start a new line for it, or put # before a remark"),
    "stray-bracket": (
        "this `{found}` closes nothing",
        "delete it, or look above for an opening bracket that is missing",
    ),
    "wrong-remark": ("a remark starts with #, not with `{found}`", "write # in its place"),
    "not-a-setting": (
        "`{found}` is neither a heading nor a name and its value",
        "write `name = value`, or put # before a remark",
    ),
    "too-deeply-nested": ("this is nested deeper than {limit} levels", "take the inner part out"),
    "duplicate-key": ("`{key}` is already set on line {first_line}", "keep one of the two"),
    "duplicate-heading": (
        "`{key}` is already set on line {first_line}",
        "keep one of the two, or put both under one heading",
    ),
    "list-or-table": (
        "`{key}` has a heading in single brackets and one in double brackets, on line {first_line}",
        "write each `[[{key}]]` with double brackets where there are several, with single ones where there is one",
    ),
    "other": ("{found}", "compare the line with the ones around it"),
    "and-more": ("there are {more} more mistakes of this kind", "mend the ones above first"),
}

INVISIBLE = {
    "\u00a0", "\u00ad", "\u2007", "\u200b", "\u200c", "\u200d", "\u2060", "\u202f", "\u3000", "\ufeff", "\r", "\f", "\v",
}  # fmt: skip
# Quotes of typesetters: double and single, high, low and angled; and the backtick and the acute accent.
CURLY = frozenset("\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2039\u203a\u0060\u00b4")
_DATE_LIKE = re.compile(
    r"(?:[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{2,4})(?:[ Tt][0-9:.]+.*)?|[0-9]{1,2}:[0-9]{2}.*"
)
_BOOLEAN_WORDS = {"yes", "no", "on", "off", "true", "false"}
_LONGEST_DECIMAL = 1000  # characters of a decimal number, and the size of its exponent
_LONGEST_QUOTE = 40  # characters of the source that a message repeats


@attrs.frozen
class Fault:
    """What is wrong with a statement: a *kind* of `WORDING`, from *start* up to *end*."""

    kind: str
    start: int
    end: int
    facts: dict[str, str]

    @property
    def message(self) -> str:
        """What was found, in one lower-case sentence."""
        return WORDING[self.kind][0].format_map(self.facts)

    @property
    def help(self) -> str:
        """What to do about it."""
        return WORDING[self.kind][1].format_map(self.facts)


def is_long_decimal(number: str) -> bool:
    """
    Whether a decimal number is longer than any policy needs, and than arithmetic on it could bear.

    >>> is_long_decimal("1e-400"), is_long_decimal("1e999_999_999")
    (False, True)
    """
    exponent = number.lower().partition("e")[2] or "0"
    return len(number) > _LONGEST_DECIMAL or abs(int(exponent)) > _LONGEST_DECIMAL


def shortened(text: str) -> str:
    """Return *text* as a message may repeat it: stripped, on one line, cut where it is long, nothing invisible in it."""
    text = text.strip()
    if len(text) > _LONGEST_QUOTE:
        text = text[: _LONGEST_QUOTE - 1] + "…"
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def quoted(text: str) -> str:
    r"""
    Return *text* in the quotes that suit it.

    >>> quoted("deny"), quoted("C:" + chr(92))
    ('"deny"', "'C:\\'")
    """
    return f"'{text}'" if "'" not in text and ("\\" in text or '"' in text) else f'"{text}"'


def character_name(character: str) -> str:
    r"""
    Return what to call a character that cannot be seen.

    >>> character_name("\u200b")
    'zero width space (U+200B)'
    """
    name = unicodedata.name(character, "").lower() or {"\r": "carriage return", "\f": "form feed"}.get(character, "")
    code = f"U+{ord(character):04X}"
    return f"{name} ({code})" if name else code


def wrong_value(word: str) -> tuple[str, str]:
    """
    Return the kind of fault that *word* is in place of a value, and the part of it that is meant.

    >>> wrong_value("75 USD")
    ('unquoted-text', '75 USD')
    >>> wrong_value("007")
    ('bad-number', '007')
    """
    first = word[0]
    if first in CURLY:
        return "curly-quote", first
    if first in INVISIBLE:
        return "invisible", character_name(first)
    if word.lower() in _BOOLEAN_WORDS:
        return "boolean-word", word
    if first == "=":
        return "wrong-equals", "=="
    if _DATE_LIKE.fullmatch(word):
        return "bad-date", word
    if re.fullmatch(r"[+-]?[0-9._]+(?:[eE][+-]?[0-9._]*)?|0[xX]\w*|[+-]?(?:[Ii]nf|[Nn]a[Nn]).*", word):
        return "bad-number", word
    return "unquoted-text", word


def wrong_start(rest: str) -> tuple[str, str]:
    """
    Return the kind of fault of a line that starts with *rest*, and the part of it that is meant.

    >>> wrong_start("größe = 3")
    ('name-needs-quotes', 'größe')
    """
    first = rest[0]
    if first == "=":
        return "missing-name", "="
    if first in "]}":
        return "stray-bracket", first
    if first == ".":
        return "missing-name", first
    if first in CURLY:
        return "curly-quote", first
    if first in INVISIBLE or not first.isprintable():
        return "invisible", character_name(first)
    if first in "/;%" and not rest.startswith("/="):
        return "wrong-remark", rest[:2] if rest[:2] in {"//", "/*"} else first
    name, equals, _ = rest.partition("=")
    if equals and name.strip() and not re.search("[\"'#{}\\[\\]]", name):
        return "name-needs-quotes", name.strip()
    return "not-a-setting", rest.strip()
