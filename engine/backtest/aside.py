"""A history that comes once, such as standard input, put aside on the disk to be read again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from ..columns.library import library, pa
from .history import HistoryError
from .pages import Page


class Aside:
    """
    Pages in a file without a name, which is gone as soon as it is closed, or the process ends.

    Of a page that is read again nothing is bad: that was told the first time.
    """

    def __init__(self) -> None:
        self._file: Any = None
        self._ipc = library("pyarrow.ipc")
        self.pages = 0

    def filled(self, pages: Iterable[Page]) -> Iterator[Page]:
        """
        Yield *pages* as they come, each once it has been put aside.

        Raises:
            HistoryError: If the disk does not take them.
        """
        for page in pages:
            try:
                self._put(page)
            except OSError as error:
                folder, reason = tempfile.gettempdir(), (error.strerror or "no reason given").lower()
                text = f"what can be read only once is put aside in `{folder}`, which cannot be written: {reason}"
                raise HistoryError(f"{text}; put the history in a file, and name that") from None
            yield page

    def _put(self, page: Page) -> None:
        """Write a page as a stream of its own, because the next may have other columns."""
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 because it stays open between readings
        columns = [page.facts.to_struct_array(), page.columns.to_struct_array(), pa.array(page.numbers)]
        batch = pa.RecordBatch.from_arrays(columns, ["facts", "columns", "numbers"])
        with self._ipc.new_stream(self._file, batch.schema) as writer:
            writer.write_batch(batch)
        self._file.flush()
        self.pages += 1

    def __iter__(self) -> Iterator[Page]:
        """Read again what was put aside."""
        if self._file is not None:
            self._file.seek(0)
        for _ in range(self.pages):
            with self._ipc.open_stream(self._file) as reader:
                (batch,) = reader
            facts, columns = (pa.RecordBatch.from_struct_array(batch.column(name)) for name in ("facts", "columns"))
            yield Page(facts, columns, batch.column("numbers").to_numpy())

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with suppress(OSError):  # a full disk does not take what is left to be written, and nobody needs it
                self._file.close()
