"""What a metric needs to know of each image: matched once, resampled a thousand times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from ..artifacts import atomic_file
from ..errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..samples import Sample

TAG, ARRAY = "tag/", "array/"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Sufficient statistics of one model on one data set.

    Attributes:
        ids: Of the images, in the data set's order.
        tags: For each tag [n] bool, which images have it.
        arrays: What the task that made this reads its metrics from, under the task's own names.
    """

    ids: tuple[str, ...]
    tags: Mapping[str, NDArray[np.bool_]]
    arrays: Mapping[str, NDArray[np.generic]]

    def save(self, path: Path) -> None:
        """Write an `.npz` file; equal evidence gives equal bytes.

        Raises:
            DataError: If the file cannot be written.
        """
        entries: dict[str, Any] = {TAG + tag: mask for tag, mask in self.tags.items()}
        entries |= {ARRAY + name: array for name, array in self.arrays.items()}
        with atomic_file(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, ids=np.asarray(self.ids, np.str_), **entries)

    @classmethod
    def load(cls, path: Path) -> Evidence:
        """Read what `save` wrote.

        Raises:
            DataError: If the file is missing or is not evidence.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                entries = {name: file[name] for name in file.files}
            ids = tuple(str(name) for name in entries.pop("ids"))
        except OSError as error:
            reason = error.strerror or error
            raise DataError(f"{path}: cannot be read ({reason}); run the bench again") from error
        except (BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: not an evidence file; run the bench again") from error
        tags = {key.removeprefix(TAG): entries[key] for key in entries if key.startswith(TAG)}
        arrays = {key.removeprefix(ARRAY): entries[key] for key in entries if key.startswith(ARRAY)}
        return cls(ids, tags, arrays)


def gather(samples: Sequence[Sample], arrays: Mapping[str, NDArray[np.generic]]) -> Evidence:
    """Put a task's arrays together with the ids and tags of the samples they describe."""
    names = sorted(frozenset[str]().union(*(sample.tags for sample in samples)))
    tags = {tag: np.asarray([tag in sample.tags for sample in samples]) for tag in names}
    return Evidence(tuple(sample.id for sample in samples), tags, arrays)


def weights_or_ones(evidence: Evidence, weights: NDArray[np.integer] | None) -> NDArray[np.integer]:
    """Take every image once where no resamples [b, n] are given."""
    return np.ones((1, len(evidence.ids)), np.int64) if weights is None else weights
