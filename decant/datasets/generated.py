"""Samples that a seeded generator makes on demand."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import cv2
import numpy as np

from ..artifacts import sha256_text
from ..errors import DataError
from ..factory import resolve
from ..samples import QuadTruth, Sample, Truth
from ..user_code import user_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from .. import spec
    from ..spec import GeneratedSource

CHUNK = 16
"""Samples that a process makes in one go, so that what the generator caches is of use."""

Made: TypeAlias = "tuple[Truth, frozenset[str], NDArray[np.uint8]]"


@dataclass(frozen=True, slots=True)
class GeneratedDataset:
    """Samples `source.start` … `source.start + source.count - 1` of a generator's split.

    The factory is called with split, start and count, and yields `count` objects that depend on
    split and place alone. Each has `image` [H, W, 3] uint8 RGB and, if it likes, `tags`. For
    detection it has `quads` [n, 4, 2] in pixels and, where the task has several labels, `labels`,
    n names; for classification it has `label`, a name.

    Raises:
        SpecError: If the factory cannot be imported, or raises anything.
    """

    source: GeneratedSource
    task: spec.Task
    folder: Path
    jobs: int = 1
    _factory: Callable[..., object] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_factory", resolve(self.source.factory, self.folder))

    @property
    def name(self) -> str:
        """The factory and the split."""
        return f"{self.source.factory}, split {self.source.split}"

    def __len__(self) -> int:
        return self.source.count

    def __iter__(self) -> Iterator[Sample]:
        for index, (truth, tags, image) in enumerate(self._make_all()):
            yield Sample(self._id(index), truth, tags, partial(np.asarray, image))

    def __getitem__(self, index: int) -> Sample:
        truth, tags, image = self._make_one(index)
        return Sample(self._id(index), truth, tags, partial(np.asarray, image))

    def image(self, index: int) -> NDArray[np.uint8]:
        """Make one photo again."""
        return self._make_one(index)[2]

    def fingerprints(self) -> dict[str, str]:
        """Map a hash of factory, split and number to each id."""
        return {sha256_text(self._recipe(i)): self._id(i) for i in range(len(self))}

    def _recipe(self, index: int) -> str:
        return f"{self.source.factory} {self.source.split} {self.source.start + index}"

    def _id(self, index: int) -> str:
        return f"{self.source.split}_{self.source.start + index:05d}"

    def _make_one(self, index: int) -> Made:
        if not -len(self) <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        return self._make(index % len(self), 1)[0]

    def _make_all(self) -> Iterator[Made]:
        starts = range(0, len(self), CHUNK)
        counts = [min(CHUNK, len(self) - start) for start in starts]
        if self.jobs == 1 or len(counts) == 1:
            yield from chain.from_iterable(map(self._make, starts, counts))
            return
        # Spawned, not forked: the caller may have TensorFlow's or torch's threads running.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.jobs, context, cv2.setNumThreads, (1,)) as pool:
            work = partial(_make_in_process, self.source, self.task, self.folder)
            yield from chain.from_iterable(pool.map(work, starts, counts))

    def _make(self, start: int, count: int) -> list[Made]:
        """Make samples start … start + count - 1, counted from the source's first.

        Raises:
            SpecError: If the generator raises anything.
            DataError: If it yields fewer, or something else than labelled photos.
        """
        first = self.source.start + start
        with user_code(f"{self.name}: the generator, asked for {count} samples from {first},"):
            pages = self._factory(self.source.split, first, count)
            made = [self._read(page) for page in islice(cast("Iterable[Any]", pages), count)]
        if len(made) < count:
            asked = f"start = {first}, count = {count}"
            raise self._error(f"yields {len(made)} samples for {asked}")
        return made

    def _read(self, page: Any) -> Made:
        image = getattr(page, "image", None)
        pixels = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3
        if image is None or not pixels or image.shape[2] != 3:
            raise self._error("yields pages whose image is not [H, W, 3] uint8 RGB")
        return self._truth(page), frozenset(getattr(page, "tags", ())), image

    def _truth(self, page: Any) -> Truth:
        wanted = "label" if self.task.kind == "classification" else "quads"
        if not hasattr(page, wanted):
            raise self._error(f"yields pages without {wanted}, which task.kind asks for")
        if wanted == "label":
            return self._indices([page.label])[0]
        quads = np.asarray(page.quads, np.float64).reshape(-1, 4, 2)
        if not hasattr(page, "labels") and len(self.task.labels) > 1:
            raise self._error("yields pages without labels, but task.labels has several")
        names = getattr(page, "labels", [self.task.labels[0]] * len(quads))
        indices = self._indices(names)
        boxes = np.concatenate((quads.min(1), quads.max(1)), 1)
        return QuadTruth(
            boxes, quads, np.asarray(indices, np.int64), np.zeros(len(quads), np.bool_)
        )

    def _indices(self, names: Sequence[str]) -> list[int]:
        for name in names:
            if name not in self.task.labels:
                raise self._error(f'yields the label "{name}", which is not in task.labels')
        return [self.task.labels.index(name) for name in names]

    def _error(self, fault: str) -> DataError:
        return DataError(f"{self.name}: the generator {fault}; mend it or the spec")


def _make_in_process(
    source: GeneratedSource, task: spec.Task, folder: Path, start: int, count: int
) -> list[Made]:
    return GeneratedDataset(source, task, folder)._make(start, count)
