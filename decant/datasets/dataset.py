"""What a data set offers, whatever it is made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..artifacts import sha256, sha256_listing
from ..errors import DataError
from ..samples import Sample
from ..tasks.truth import truth_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ..inputs import Reader


class Dataset(Protocol):
    """A sequence of samples in a fixed order."""

    @property
    def name(self) -> str:
        """Says in messages where the samples come from."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sample]: ...

    def __getitem__(self, index: int) -> Sample: ...

    def inputs(self, index: int) -> Mapping[str, Any]:
        """Read or make anew what the model is given of one sample: input name → value."""

    def fingerprints(self) -> Mapping[str, str]:
        """Map a hash of what each photo is made from to the sample's id."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One sample that lies in files, or whose values are known.

    Attributes:
        id: Of the sample.
        files: Input name → file.
        truth: What the model should say, or a function that reads it.
        tags: The slices it belongs to.
        size: Width and height that the labels are drawn in, where the labels say so.
        values: Of inputs that lie in no file: input name → value.
    """

    id: str
    files: Mapping[str, Path]
    truth: Any
    tags: frozenset[str] = frozenset()
    size: tuple[int, int] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileDataset:
    """Samples in files, read when they are asked for.

    Attributes:
        name: Where they come from.
        entries: The samples.
        readers: By input name.
    """

    name: str
    entries: tuple[Entry, ...]
    readers: Mapping[str, Reader]

    def __post_init__(self) -> None:
        for entry in self.entries:
            try:
                "".join((entry.id, *entry.tags)).encode()
            except UnicodeEncodeError as error:
                raise DataError(
                    f"{self.name}: {entry.id!a} or a tag of it is no UTF-8; rename it"
                ) from error

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Sample]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Sample:
        entry = self.entries[index]
        return Sample(entry.id, entry.truth, entry.tags, partial(self.inputs, index))

    def inputs(self, index: int) -> dict[str, Any]:
        """Read the files of one sample, and take the values that are known.

        Raises:
            DataError: If one is missing, damaged, or of another size than its labels say.
        """
        entry = self.entries[index]
        found = {name: self.readers[name].read(path) for name, path in entry.files.items()}
        if entry.size is not None:
            self._check_size(entry, found)
        return {**found, **entry.values}

    def _check_size(self, entry: Entry, found: Mapping[str, Any]) -> None:
        for name, path in entry.files.items():
            height, width = np.shape(found[name])[:2]
            if entry.size is not None and entry.size != (width, height):
                raise DataError(
                    f"{path}: is {width}×{height} pixels, but {self.name} labels a picture of "
                    f"{entry.size[0]}×{entry.size[1]}; restore the picture or label it again"
                )

    def fingerprints(self) -> dict[str, str]:
        """Map the SHA-256 of each sample's files and values to its id."""
        return {_fingerprint(entry): entry.id for entry in self.entries}


def fingerprint_of(value: Any) -> str:
    """Hash a value of an input: numbers, or a waveform with its rate."""
    return hashlib.sha256(truth_bytes(value)).hexdigest()


def _fingerprint(entry: Entry) -> str:
    """Hash a sample; one of a single file is that file."""
    digests = {name: sha256(path) for name, path in entry.files.items()}
    digests |= {name: fingerprint_of(value) for name, value in entry.values.items()}
    return next(iter(digests.values())) if len(digests) == 1 else sha256_listing(digests)


def check_disjoint(parts: Mapping[str, Dataset]) -> None:
    """Refuse parts that share a sample: choices made on one would flatter the other.

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
                f'data.{one} and data.{other} share {len(shared)} samples, "{first[shared[0]]}" = '
                f'"{second[shared[0]]}" for one; give each sample to one of them'
            )
