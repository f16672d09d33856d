"""Random TOML texts: random values, each written in one of the ways in which it may be written."""

import random

import tomli_w
from hypothesis import strategies as st

KEYS = st.one_of(
    st.sampled_from(["a", "b-c", "d_1", "1", "2026-11-01", "true", "é", "x y", "a.b", "", '"', "'", "\\", "\n#["]),
    st.text(max_size=3),
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(['"', '""', "''", '"""', "\\", "\\n", "\n", "\n\n  x", "a # b", "[x]", "k = 1", "é😀\t\r"]),
)
SCALARS = st.one_of(
    TEXTS,
    st.integers(-(10**20), 10**20),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.dates(),
    st.datetimes(),
    st.times(),
)
VALUES: st.SearchStrategy[object] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=12,
)
TABLES: st.SearchStrategy[dict[str, object]] = st.dictionaries(
    KEYS, st.one_of(VALUES, st.lists(st.dictionaries(KEYS, VALUES, max_size=3), min_size=1, max_size=3)), max_size=5
)
#: Tables as policies have them for cases: lists of tables inside tables that are in a list themselves or have names.
_EVENTS = st.lists(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["post_seen", "message_sent"])},
        optional={
            "where": st.sampled_from(["views > 1_000", "author != first.author"]),
            "after": st.sampled_from(["2h", "30 min"]),
            "expect": st.dictionaries(KEYS, VALUES, max_size=3),
            "facts": st.fixed_dictionaries({"exchange": st.dictionaries(KEYS, SCALARS, max_size=2)}),
        },
    ),
    max_size=4,
)
_CASE_TABLES: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "calendar": st.fixed_dictionaries({"open": st.dictionaries(KEYS, TEXTS, max_size=3)}),
        "events": st.dictionaries(KEYS, st.fixed_dictionaries({"fields": st.dictionaries(KEYS, VALUES)}), max_size=2),
        "pattern": st.lists(
            st.fixed_dictionaries({"id": TEXTS, "events": _EVENTS, "learn": st.dictionaries(KEYS, SCALARS)}), max_size=2
        ),
        "plans": st.dictionaries(KEYS, st.fixed_dictionaries({"steps": _EVENTS}), max_size=2),
        "replies": st.fixed_dictionaries({"never": _EVENTS}),
        "story": st.lists(
            st.fixed_dictionaries({"name": TEXTS, "opened": st.datetimes(), "events": _EVENTS, "expect": VALUES}),
            max_size=3,
        ),
    },
)


class Writer:
    """Write values as TOML, each in one of the ways it may be written."""

    def __init__(self, choice: random.Random) -> None:
        self.choice = choice

    def space(self, *, lines: bool = False) -> str:
        return self.choice.choice(["", "", " ", " \t", *(["\n", "\n  # [a remark = 'x\n ", "#é\n\n"] if lines else [])])

    def key(self, key: str) -> str:
        kinds = ['"']
        if key and key.isascii() and all(character.isalnum() or character in "-_" for character in key):
            kinds.append("")
        if not any(character < " " or character in "'\x7f" for character in key):
            kinds.append("'")
        quote = self.choice.choice(kinds)
        return self.basic(key) if quote == '"' else quote + key + quote

    def basic(self, text: str, *, long: bool = False) -> str:
        written = ""
        for number, character in enumerate(text):
            plain = character >= " " and character not in '"\\\x7f'
            if long and character == '"' and text[number + 1 : number + 2] != '"' and written[-1:] != '"':
                plain = number + 1 < len(text)
            if long and character == "\n":
                plain = True
            if plain and self.choice.random() < 0.9:
                written += character
            else:
                written += {"\t": "\\t", '"': '\\"', "\\": "\\\\"}.get(character, f"\\U{ord(character):08x}")
            if long and self.choice.random() < 0.1 and text[number + 1 : number + 2] not in {"", " ", "\t", "\n"}:
                written += self.choice.choice(["\\\n", "\\ \t\n\n  \t"])
        return (
            f'"""{self.choice.choice(["", chr(10)]) if written[:1] != chr(10) else chr(10)}{written}"""'
            if long
            else f'"{written}"'
        )

    def text(self, text: str) -> str:
        kinds = ["basic", "long"]
        if not any((character < " " and character != "\t") or character in "'\x7f" for character in text):
            kinds.append("literal")
        if "'" not in text and not any(
            (character < " " and character not in "\t\n") or character == "\x7f" for character in text
        ):
            kinds.append("long literal")
        match self.choice.choice(kinds):
            case "basic":
                return self.basic(text)
            case "long":
                return self.basic(text, long=True)
            case "literal":
                return f"'{text}'"
        return f"'''\n{text}'''"

    def value(self, value: object, *, line: bool = False) -> str:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            items = [f"{self.space(lines=True)}{self.value(item)}{self.space(lines=True)}" for item in value]
            end = self.choice.choice(["", "," + self.space(lines=True)]) if items else self.space(lines=True)
            return f"[{','.join(items)}{end}]"
        if isinstance(value, dict):
            return (
                "{"
                + ",".join(f"{self.space()}{self.pair(key, item)}{self.space()}" for key, item in value.items())
                + "}"
            )
        return tomli_w.dumps({"a": value})[4:-1]

    def pair(self, key: str, value: object) -> str:
        written = self.key(key)
        while isinstance(value, dict) and len(value) == 1 and self.choice.random() < 0.5:
            ((inner, value),) = value.items()
            written += f"{self.space()}.{self.space()}{self.key(inner)}"
        return f"{written}{self.space()}={self.space()}{self.value(value)}"

    def table(self, table: dict[str, object], path: tuple[str, ...] = ()) -> str:
        own, inner = "", ""
        for key, value in table.items():
            tables = (
                value if isinstance(value, list) and value and all(isinstance(item, dict) for item in value) else None
            )
            heading = ".".join(f"{self.space()}{self.key(part)}{self.space()}" for part in (*path, key))
            remark = self.choice.choice(["", " # so", "\n\n"])
            if tables is not None and self.choice.random() < 0.7:
                inner += "".join(f"[[{heading}]]{remark}\n{self.table(item, (*path, key))}" for item in tables)
            elif isinstance(value, dict) and self.choice.random() < 0.7:
                inner += f"{self.space()}[{heading}]{remark}\n{self.table(value, (*path, key))}"
            else:
                own += f"{self.space(lines=True)}{self.pair(key, value)}{self.space()}{remark}\n"
        return own + inner


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Write random values down in a random way."""
    return "# written at random\n" + Writer(draw(st.randoms(use_true_random=False))).table(
        draw(st.one_of(TABLES, _CASE_TABLES))
    )
