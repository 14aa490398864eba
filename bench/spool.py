"""Keeps what is too much for memory in a nameless file: objects in, objects out, by number."""

from __future__ import annotations

import os
import pickle
import tempfile
import weakref
from threading import Lock
from typing import Any

from decant.errors import DataError, SpecError


class Spool:
    """Objects on the disk, in the order they were added; the file goes with the last reference.

    Threads may read at the same time.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="decant-")  # noqa: SIM115 - closed below
        weakref.finalize(self, self._file.close)
        self._places: list[tuple[int, int]] = []
        self._end = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._places)

    def add(self, item: Any) -> int:
        """Append an object and return its number.

        Raises:
            DataError: If the disk for temporary files is full.
            SpecError: If pickle cannot write the object.
        """
        try:
            content = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, AttributeError, TypeError, RecursionError) as error:
            raise SpecError(
                f"a truth cannot be kept ({error}); let read_truth give numbers, texts, arrays, "
                "lists of these, or a dataclass of its module"
            ) from error
        with self._lock:
            try:
                self._file.write(content)
                self._file.flush()
            except OSError as error:
                raise DataError(
                    f"{tempfile.gettempdir()}: cannot hold the prepared samples "
                    f"({error.strerror}); free space, or let TMPDIR name another folder"
                ) from error
            self._places.append((self._end, len(content)))
            self._end += len(content)
            return len(self._places) - 1

    def __getitem__(self, number: int) -> Any:
        start, size = self._places[number]
        content = b""
        while len(content) < size:
            content += os.pread(self._file.fileno(), size - len(content), start + len(content))
        return pickle.loads(content)
