"""What `policy diff` found, as text, JSON and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .terminal import Output, Piece, counted, out

if TYPE_CHECKING:
    from ..engine.diff import Change, Difference, Shown, Told
    from ..rules.tree import PolicyTree

#: The most regions of one change that are listed for people.
MOST: Final = 8


def write(found: Difference, names: tuple[str, str], format_: str) -> None:
    """Write a difference in one of the forms."""
    output = out()
    if format_ == "json":
        from .as_json import VERSION, write_json

        write_json(output, {"format_version": VERSION, **difference_json(found, names)})
    elif format_ == "markdown":
        from .pull_request import markdown

        output.text(markdown(found, names))
    else:
        _print(output, found, names)


def _print(output: Output, found: Difference, names: tuple[str, str]) -> None:
    before: Change | None = None
    for change in found.changes:
        is_same = before is not None and bool(change.region) and change.region == before.region
        _print_change(output, change, is_same=is_same)
        before = change
    for text in found.unproved:
        output.line(Piece("not proved: ", "warning"), text, hang=2)
    for text in found.notes:
        output.line(Piece("note: ", "name"), text, hang=2)
    if found.unproved or found.notes:
        output.line()
    output.line(Piece(f"{names[0]} → {names[1]}", "strong"), ": ", Piece(*_summary(found)), hang=2)


def _summary(found: Difference) -> tuple[str, str]:
    """Return the last line, and its style."""
    return summary(found), "good" if found.is_equal else "bad" if found.changes else "warning"


def summary(found: Difference) -> str:
    """Return in one line what came of it."""
    if found.is_equal:
        return "proved to decide every incident alike"
    said = [counted(len(found.changes), "change")] if found.changes else ["no change found"]
    return ", ".join([*said, *(["not everything is proved"] if found.unproved else [])])


def _print_change(output: Output, change: Change, *, is_same: bool) -> None:
    """Write a change; *is_same* where the one before it is about the same incidents."""
    among = "" if change.is_exact or change.only_missing else "among others "
    if is_same:
        output.line(Piece("in the same incidents: ", "strong"), change.sentence, hang=2)
    elif len(change.words) == 1:
        output.line(Piece(f"{among}{change.words[0]}: ", "strong"), change.sentence, hang=2)
    else:
        output.line(Piece(f"{change.sentence}, {among}for", "strong"), hang=2)
        for words in change.words[:MOST]:
            output.line(f"   - {words}", hang=5)
        if len(change.words) > MOST:
            output.line(f"   - and {len(change.words) - MOST} more; `--format json` has them all")
    if not change.is_exact and not change.only_missing:
        output.line("  (the region cannot be told exactly)")
    if not is_same:
        output.line(Piece(" for example:", "name"))
        for line in shown_lines(change.shown):
            output.unbroken(Piece(f"   {line}".rstrip(), "dim"))
    output.line()


def shown_lines(shown: Shown) -> list[str]:
    """Return an incident as a `[[test]]` of what the new policy decides otherwise, with what the old one decides beside it."""
    found: list[str] = []
    for line in _short(shown.toml()):
        name = line.partition(" = ")[0]
        differs = bool(found) and "[test.expect]" in found and " = " in line and name in shown.new
        found.append(f"{line}  # {_before(shown.old.get(name), shown.new[name])}" if differs else line)
    return [*found, *(f"# {name} was {_said(value)}" for name, value in shown.old.items() if name not in shown.new)]


def _before(was: object, now: object) -> str:
    """Return what was decided, of lists only in what they differ."""
    if not isinstance(was, list) or not isinstance(now, list):
        return f"was {_said(was)}"
    gone, fresh = ([item for item in one if item not in other] for one, other in ((was, now), (now, was)))
    said = [f"was also {', '.join(gone)}"] if gone else []
    return "; ".join([*said, *([f"new: {', '.join(fresh)}"] if fresh else [])])


def _short(toml: str) -> list[str]:
    """Return the lines of TOML, lists of words on one line each."""
    import re

    return (
        re.sub(r"\[\n\s+([^\[\]]*?),\n\]", lambda found: f"[{' '.join(found[1].split())}]", toml).rstrip().splitlines()
    )


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "nothing" if value is None else f'"{value}"' if isinstance(value, str) else str(value).lower()


# --- JSON ------------------------------------------------------------------------------------------------------------


def difference_json(found: Difference, names: tuple[str, str]) -> dict[str, Any]:
    """Return a difference as data."""
    return {
        "old": _policy_json(found.old, names[0]),
        "new": _policy_json(found.new, names[1]),
        "equal": found.is_equal,
        "changes": [change_json(found.joint, change) for change in found.changes],
        "not_proved": list(found.unproved),
        "notes": list(found.notes),
    }


def _policy_json(tree: PolicyTree, name: str) -> dict[str, Any]:
    return {"policy": name, "id": tree.id, "version": tree.version, "content_hash": tree.content_hash}


def change_json(tree: PolicyTree, change: Change) -> dict[str, Any]:
    """Return one change, its region as `policy verify` has regions."""
    from ..engine.proofs import region_data

    return {
        "kind": change.kind,
        "names": list(change.names),
        "was": told_json(change.was),
        "now": told_json(change.now),
        "sentence": change.sentence,
        "region": [region_data(tree, box) for box in change.region],
        "region_in_words": list(change.words),
        "is_exact": change.is_exact,
        "only_where_facts_are_missing": change.only_missing,
        "witness": {
            "given": {
                name: value if isinstance(value, bool | int | list) else str(value)
                for name, value in change.shown.given.items()
            },
            "as_of": change.shown.as_of.isoformat(),
            "old": dict(change.shown.old),
            "new": dict(change.shown.new),
            "toml": change.shown.toml(),
        },
    }


def told_json(told: Told) -> dict[str, Any]:
    """Return what one policy makes of the incidents of a change."""
    return {"words": told.words, "rules": list(told.rules), "by_default": told.by_default}
