"""`policy packs`: the policies that ship with Evenhand."""

from __future__ import annotations

import click

from .options import format_option

HELP = """\
List the policies that ship with Evenhand.

Each can be checked, tested, shown and extended by its id: `extends = ["house"]`.

\b
Examples:
  policy packs
  policy show house
"""


@click.command(help=HELP)
@format_option("text", "json")
def command(*, format_: str) -> None:
    """List the packs."""
    import tomllib
    from importlib.resources import files

    from ..rules.load import shipped_packs
    from .terminal import Piece, cells, out, padded

    folder = files(__name__.replace(".cli.packs", ".policies"))
    packs = [
        tomllib.loads(folder.joinpath(f"{id_}.toml").read_text(encoding="utf-8"))["policy"] for id_ in shipped_packs()
    ]
    if format_ == "json":
        from .as_json import VERSION, write_json

        write_json(out(), {"format_version": VERSION, "packs": [_pack_json(pack) for pack in packs]})
        return
    output = out()
    width = max(cells(pack["id"]) for pack in packs)
    for pack in packs:
        head = f"{padded(pack['id'], width)}  "
        output.line(Piece(head, "name", whole=True), Piece(pack.get("title", ""), "strong"), hang=cells(head))
        notes = [f"extends {', '.join(pack['extends'])}"] if pack.get("extends") else []
        notes += [f"law of {pack['jurisdiction']}"] if pack.get("jurisdiction") else []
        notes += [f"review by {pack['review_by']}"] if pack.get("review_by") else []
        if notes:
            output.line(" " * cells(head), Piece("; ".join(notes), "dim"), hang=cells(head))


def _pack_json(pack: dict[str, object]) -> dict[str, object]:
    keys = ("id", "title", "version", "about", "currency", "jurisdiction")
    words = {key: str(pack.get(key, "")).strip() for key in keys}
    review_by = pack.get("review_by")
    return {**words, "extends": pack.get("extends", []), "review_by": str(review_by) if review_by else None}
