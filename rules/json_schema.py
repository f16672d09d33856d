"""The JSON Schema of policy files, read off the same tables that loading reads, so that editors complete and check them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from .decisions import DecisionSpec
from .declare import HIT_POLICIES
from .diagnostics import found_by_proof
from .incident import DECISIONS, Incident
from .shape import ALLOW, TABLES, Key, Table
from .takes import Takes
from .types import NAMED_TYPES, Fact, Type
from .vocabulary import vocabulary

Schema: TypeAlias = dict[str, Any]

#: Draft 7 is the newest that editors of TOML understand.
DRAFT: Final = "http://json-schema.org/draft-07/schema#"

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_PLAIN: Final[Schema] = {"type": ["string", "number", "boolean"]}
_WORDS: Final[Schema] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "minItems": 1,
    "uniqueItems": True,
}
#: A date of TOML reaches a validator as text.
_DATE: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}
_ID: Final[Schema] = {"type": "string", "pattern": r"^[a-z0-9]+([-_.][a-z0-9]+)*$"}
_CURRENCY: Final[Schema] = {"type": "string", "pattern": "^[A-Z]{3}$"}


def policy_schema() -> Schema:
    """
    Return the JSON Schema (draft 7) of policy files.

    It knows tables, keys, kinds of values, the built-in facts and decisions; `policy check` knows the rest.

    >>> policy_schema()["required"]
    ['policy']
    """
    return {
        "$schema": DRAFT,
        "title": "Evenhand policy",
        "description": "A policy for customer incidents, in TOML.",
        "type": "object",
        "properties": {table.name: _table(table) for table in TABLES},
        "required": ["policy"],
        "additionalProperties": False,
        "definitions": {
            "condition": _condition(),
            "test of a fact": {"anyOf": [_PLAIN, {"type": "array", "items": _PLAIN}, {"type": "object"}]},
            "fact": _keys(next(table for table in TABLES if table.name == "facts")),
            "facts": {
                "type": "object",
                "additionalProperties": {"anyOf": [_ref("fact"), _ref("facts")]},
            },
            "allow": _allow(),
            "given": {"type": "object", "properties": _by_group(vocabulary(Incident).values(), _fact_value)},
            "then": _then(DECISIONS.values()),
            "expect": _expect(DECISIONS.values()),
        },
    }


def _ref(name: str) -> Schema:
    """Return a reference; within `allOf`, because draft 7 ignores a description beside a bare one."""
    return {"allOf": [{"$ref": f"#/definitions/{quote(name)}"}]}


def _table(table: Table) -> Schema:
    about = {"description": table.about}
    if table.name == "facts":
        return {**_ref("facts"), **about}
    if table.name == "decisions":
        return {**about, "type": "object", "properties": _built_in(table), "additionalProperties": _keys(table)}
    if table.repeated:
        return {**about, "type": "array", "items": _keys(table)}
    if table.named:
        return {**about, "type": "object", "additionalProperties": _keys(table)}
    if table.open is not None:
        return {**about, "type": "object", "additionalProperties": _VALUES[table.open]}
    return {**about, **_keys(table)}


def _built_in(table: Table) -> Schema:
    return {spec.id: {"description": spec.about, **_keys(table)} for spec in DECISIONS.values()}


def _keys(table: Table) -> Schema:
    """Return the schema of one table; what is switched off needs nothing but its id and the reason."""
    schema: Schema = {
        "type": "object",
        "properties": {key.name: _key(key, table) for key in table.keys},
        "additionalProperties": False,
    }
    required = [key.name for key in table.keys if key.required]
    if table.key("enabled") is None:
        return {**schema, "required": required} if required else schema
    switched_off = {"properties": {"enabled": {"const": False}}, "required": ["id", "enabled", "because"]}
    return {**schema, "anyOf": [{"required": required}, switched_off]}


#: What a key takes, where that is more than its kind says.
_SPECIAL: Final[dict[tuple[str, str], Schema]] = {
    ("policy", "id"): _ID,
    ("policy", "currency"): _CURRENCY,
    ("rule", "id"): {"type": "string"},
    ("table", "id"): _ID,
    ("guard", "id"): _ID,
    ("independent", "id"): _ID,
    ("independent", "of"): _WORDS,
    ("independent", "decisions"): _WORDS,
    ("facts", "type"): {"enum": list(NAMED_TYPES)},
    ("facts", "scale"): {**_WORDS, "minItems": 2},
    ("facts", "one_of"): {**_WORDS, "minItems": 2},
    ("decisions", "hit_policy"): {"enum": list(HIT_POLICIES)},
    ("decisions", "values"): {"type": "object", "additionalProperties": {"enum": list(NAMED_TYPES)}},
    ("rule", "then"): _ref("then"),
    ("test", "given"): _ref("given"),
    ("test", "expect"): _ref("expect"),
}


def _key(key: Key, table: Table) -> Schema:
    if key.of is not None:
        items = _ref("allow") if key.of is ALLOW else _keys(key.of)
        return {"description": key.about, "type": "array", "items": items}
    special = _SPECIAL.get((table.name, key.name))
    return {"description": key.about, **(special if special is not None else _VALUES[key.takes])}


#: The schema of each kind of value.
_VALUES: Final[dict[Takes, Schema]] = {
    "text": _TEXT,
    "boolean": {"type": "boolean"},
    "number": {"type": "integer", "minimum": 1},
    "date": _DATE,
    "moment": _DATE,
    "list of text": _TEXTS,
    "names": _TEXTS,
    "list of dates": {"type": "array", "items": _DATE},
    "list of rows": {
        "type": "array",
        "items": {"type": "array", "items": {"anyOf": [_PLAIN, {"type": "array", "items": _PLAIN}]}},
    },
    "table": {"type": "object"},
    "tables": {"type": "array", "items": {"type": "object"}},
    "condition": {"allOf": [{"$ref": "#/definitions/condition"}]},
    "literal": {"anyOf": [_PLAIN, {"type": "array", "items": _PLAIN}]},
    "outcomes": {"anyOf": [{"enum": list(NAMED_TYPES)}, _WORDS]},
    "any": {},
}


def _allow() -> Schema:
    """Return the schema of an allowance, with the codes of what can be allowed."""
    schema = _keys(ALLOW)
    schema["properties"]["finding"]["enum"] = sorted(found_by_proof())
    return schema


def _condition() -> Schema:
    """Return the schema of a condition: an expression, a table of tests by fact, or a list of conditions."""
    test = _ref("test of a fact")
    return {
        "anyOf": [
            {"type": ["string", "boolean"]},
            {
                "type": "object",
                "properties": _by_group(vocabulary(Incident).values(), lambda _: test),
                "additionalProperties": test,
            },
            {"type": "array", "items": _ref("condition")},
        ]
    }


# --- facts and decisions, for completion: an owner's own are allowed beside them -------------------------------------


def _by_group(facts: Iterable[Fact], schema: Callable[[Type], Schema]) -> Schema:
    """Return properties for facts, the dotted ones in their groups."""
    properties: Schema = {}
    for fact in facts:
        group, _, name = fact.name.rpartition(".")
        inside = (
            properties.setdefault(group, {"type": "object", "properties": {}})["properties"] if group else properties
        )
        inside[name] = {"description": f"{fact.about} ({fact.type})", **schema(fact.type)}
    return properties


def _fact_value(type_: Type) -> Schema:
    """Return the schema of a fact's value, which may also be uncertain."""
    uncertain: Schema = {"type": ["string", "object"]}
    match type_.kind:
        case "list":
            return {"anyOf": [_TEXTS, uncertain]}
        case "boolean":
            return {"anyOf": [{"type": "boolean"}, uncertain]}
        case "scale" | "text" if type_.words:
            return {"anyOf": [{"enum": list(type_.words)}, uncertain]}
        case "number" | "integer" | "money" | "duration":
            return {"anyOf": [{"type": "number"}, uncertain]}
        case _:
            return {}


def _outcome(spec: DecisionSpec) -> Schema:
    """Return the schema of an outcome: the words of the built-in decision, for completion, or what an owner made of it."""
    return {"description": spec.about, "anyOf": [{"enum": list(spec.outcomes)}, _PLAIN]}


def _then(specs: Iterable[DecisionSpec]) -> Schema:
    properties: Schema = {}
    for spec in specs:
        properties[spec.id] = _outcome(spec)
        properties.update(
            (name, {"description": f"a value of {spec.id} ({type_})"}) for name, type_ in spec.values.items()
        )
    return {"type": "object", "properties": properties}


def _expect(specs: Iterable[DecisionSpec]) -> Schema:
    properties: Schema = {}
    for spec in specs:
        words = {"enum": [*spec.outcomes, "refer"]}
        properties[spec.id] = {"description": spec.about, "anyOf": [words, _PLAIN, {"type": "array"}]}
        properties.update(
            (name, {"description": f"a value of {spec.id} ({type_})"}) for name, type_ in spec.values.items()
        )
    lists = {
        "obligations": "obligations that must be due, or not: `not ID`",
        "guards": "red lines that must be broken, or not: `not ID`",
        "rules": "rules that must win, or not: `not ID`",
    }
    properties.update((name, {"description": about, "anyOf": [_TEXT, _TEXTS]}) for name, about in lists.items())
    return {"type": "object", "properties": properties}
