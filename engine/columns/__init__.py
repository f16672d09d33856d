"""The columns reading: many incidents at once, as Arrow columns.

Its meaning is a loop over the rows (`plain`). Needs the extra `evenhand[columns]`.
"""

from .answers import Answers, BadRow
from .columns import Columns
from .library import ColumnsMissingError
from .reading import TableError
from .schema import answer_schema

__all__ = ["Answers", "BadRow", "Columns", "ColumnsMissingError", "TableError", "answer_schema"]
