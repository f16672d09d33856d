"""The rows of a history by the values of some columns, and the values that a column has; both bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..columns.library import pc

if TYPE_CHECKING:
    from .pages import Page

#: The most values that a split tells apart while it reads; rows with further ones go together.
MOST: Final = 1_000
#: What stands for a blank.
BLANK: Final = "(blank)"
OTHERS: Final = 0
_BETWEEN: Final = "\x1f"


class Values:
    """Texts, numbered from 1 in the order in which they come; 0 stands for all past the bound."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self.texts: list[str] = [""]
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Return the number of a text."""
        found = self._numbers.get(text)
        if found is None:
            if len(self.texts) > self._most:
                return OTHERS
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found

    def numbers(self, column: Any) -> Any:
        """Return the numbers of a column of texts, blanks as `BLANK`."""
        coded = pc.fill_null(column, BLANK).dictionary_encode()
        table = np.array([self.number(text) for text in coded.dictionary.to_pylist()], dtype=np.int64)
        return table[np.asarray(coded.indices)] if len(table) else np.zeros(0, dtype=np.int64)


class Columns:
    """The columns of a split."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.values = Values()

    def numbers(self, page: Page) -> Any:
        """Return the part in which each row of a page lies."""
        from .pages import texts_of

        columns = [pc.fill_null(texts_of(page.column(name)), BLANK) for name in self.names]
        return self.values.numbers(columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, _BETWEEN))

    def of(self, number: int) -> tuple[str, ...]:
        """Return the values of a part."""
        return tuple(self.values.texts[number].split(_BETWEEN)) if number else ("(others)",) * len(self.names)
