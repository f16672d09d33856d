"""HTML written safely: whatever is no markup of ours is escaped, and a page that stands alone may fetch and run nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias

from ..rules.diagnostics import printable


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Inside: TypeAlias = "str | Html | Iterable[str | Html] | None"
_EMPTY: Final = frozenset({"meta"})


def tag(name: str, /, *inside: Inside, **attributes: str | float | None) -> Html:
    """
    Return an element; text inside it and its attributes is escaped, None left out.

    A trailing underscore of an attribute's name goes away, one within it is a hyphen.

    >>> tag("p", "1 < 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(printable(_number(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{''.join(map(_written, inside))}</{name}>")


def _number(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _written(inside: Inside) -> str:
    if inside is None:
        return ""
    if isinstance(inside, str):
        return inside if type(inside) is Html else escape(printable(inside), quote=False)
    return "".join(map(_written, inside))


def coded(text: str) -> Html:
    """
    Return a sentence in which names stand between backticks, as terminals have it, with markup instead.

    >>> coded("decided by `a<b`")
    'decided by <code>a&lt;b</code>'
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a name has a backtick in it: who knows where it ends
        return Html(_written(text))
    return Html("".join(tag("code", part) if at % 2 else _written(part) for at, part in enumerate(parts)))


def document(title: str, body: Inside, style: str) -> Html:
    """
    Return a page that needs nothing but itself.

    Its policy for content allows this one style sheet, by its hash, and nothing else: no script, no image, no connection.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rules = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = [
        Html('<meta charset="utf-8">'),
        tag("meta", http_equiv="Content-Security-Policy", content=rules),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        Html(f"<style>{style}</style>"),
    ]
    return Html(f"<!doctype html>\n{tag('html', tag('head', head), tag('body', body), lang='en')}\n")
