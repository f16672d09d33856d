"""Tables of the pages that we write: captions, heads of rows and columns, figures, and cells with plots."""

from __future__ import annotations

from collections.abc import Sequence

from .html import Html, tag


def table(
    caption: str,
    head: Sequence[str | Html],
    rows: Sequence[Sequence[Html]],
    *,
    class_: str | None = None,
    here: int | None = None,
) -> Html:
    """
    Return a table that scrolls by itself where it is wider than the page.

    An empty head stands over plots; the row *here* is marked.
    """
    heads = [
        tag("th", name, scope="col", class_="word" if not at else None) if name else tag("td")
        for at, name in enumerate(head)
    ]
    inside = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", heads)),
        tag("tbody", [tag("tr", list(row), class_="here" if at == here else None) for at, row in enumerate(rows)]),
        class_=class_,
    )
    return tag("div", inside, class_="scroll", tabindex="0", role="region", aria_label=caption)


def key(name: str, kind: str) -> Html:
    """Return the name of a colour in a plot, with the colour."""
    return Html(tag("span", class_=f"key {kind}", aria_hidden="true") + name)


def row_head(text: str) -> Html:
    """Return the head of a row."""
    return tag("th", text, scope="row")


def titled(title: str, id_: str) -> Html:
    """Return the head of a row with a title, and the id below it."""
    return tag(
        "th",
        title or id_,
        tag("small", tag("code", id_)) if title and title != id_ else None,
        scope="row",
        class_="rule",
    )


def cell(count: int | None, *, class_: str | None = None) -> Html:
    """Return a count; none at all as a dash."""
    if count is None:
        return tag("td", "-", class_="zero")
    return tag("td", f"{count:,}", class_=class_ if count else "zero")


def text_cell(text: str) -> Html:
    """Return a figure that is written out."""
    return tag("td", text)


def plot(strip: Html) -> Html:
    """Return the cell of a plot."""
    return tag("td", strip, class_="plot")
