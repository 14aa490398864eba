"""What a data set offers, whatever it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Protocol

from ..artifacts import sha256
from ..errors import DataError
from ..images import load_image
from ..samples import Sample, Truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


class Dataset(Protocol):
    """A sequence of samples in a fixed order."""

    @property
    def name(self) -> str:
        """Says in messages where the samples come from."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sample]: ...

    def __getitem__(self, index: int) -> Sample: ...

    def image(self, index: int) -> NDArray[np.uint8]:
        """Read or make one photo anew: [H, W, 3] uint8 RGB."""

    def fingerprints(self) -> Mapping[str, str]:
        """Map a hash of what each photo is made from to the sample's id."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture file with its truth.

    Attributes:
        id: Of the sample.
        path: Of the picture.
        truth: What the model should say.
        tags: The slices it belongs to.
        size: Width and height that the labels are drawn in, where the labels say so.
    """

    id: str
    path: Path
    truth: Truth
    tags: frozenset[str] = frozenset()
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class FileDataset:
    """Picture files, read when they are asked for."""

    name: str
    entries: tuple[Entry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Sample]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Sample:
        entry = self.entries[index]
        return Sample(entry.id, entry.truth, entry.tags, partial(self.image, index))

    def image(self, index: int) -> NDArray[np.uint8]:
        """Read one photo.

        Raises:
            DataError: If it is missing, damaged, or of another size than its labels say.
        """
        entry = self.entries[index]
        image = load_image(entry.path)
        size = (image.shape[1], image.shape[0])
        if entry.size not in (None, size):
            raise DataError(
                f"{entry.path}: is {size[0]}×{size[1]} pixels, but {self.name} labels a picture of "
                f"{entry.size[0]}×{entry.size[1]}; restore the picture or label it again"
            )
        return image

    def fingerprints(self) -> dict[str, str]:
        """Map the SHA-256 of each file to its id."""
        return {sha256(entry.path): entry.id for entry in self.entries}


def check_disjoint(parts: Mapping[str, Dataset]) -> None:
    """Refuse parts that share a photo: choices made on one would flatter the other.

    Args:
        parts: Data sets under the names they have in the spec.

    Raises:
        DataError: If any two hold the same file or the same generated sample.
    """
    prints = {name: dataset.fingerprints() for name, dataset in parts.items()}
    for (one, first), (other, second) in combinations(prints.items(), 2):
        shared = sorted(first.keys() & second.keys())
        if shared:
            raise DataError(
                f'data.{one} and data.{other} share {len(shared)} photos, "{first[shared[0]]}" = '
                f'"{second[shared[0]]}" for one; give each photo to one of them'
            )
