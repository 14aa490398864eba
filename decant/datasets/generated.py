"""Samples that a seeded generator makes on demand."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, cast

import cv2
from pydantic import Field

from ..artifacts import sha256_text
from ..errors import DataError
from ..factory import resolve
from ..samples import Sample
from ..spec_faults import FACTORY
from ..user_code import user_code
from .columns import tag_names
from .source import DataSource, Opening, read_truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ..tasks import Task

WORTH_PROCESSES_S = 4.0
"""How long making the rest must take for processes to be started for it."""
CHUNK = 16
"""Samples that a process makes in one go, so that what the generator caches is of use."""

Made: TypeAlias = "tuple[Mapping[str, Any], frozenset[str], Mapping[str, Any]]"
"""What a sample's truth is read from, its tags, and the value of each input."""


class GeneratedSource(DataSource):
    """Samples from a seeded generator: `factory(split, start, count)` yields them."""

    code_key: ClassVar[str | None] = "factory"
    kind: Literal["generated"]
    factory: str = Field(pattern=FACTORY)
    split: str
    start: int = Field(default=0, ge=0)
    count: int = Field(ge=1)

    @property
    def title(self) -> str:
        """The factory and which of its samples."""
        stop = self.start + self.count
        return f"{self.factory} ({self.split}, {self.start} … {stop - 1})"

    def open(self, opening: Opening) -> GeneratedDataset:
        """Import the factory; samples are made when they are asked for."""
        names = tuple(opening.inputs)
        return GeneratedDataset(self, opening.task, opening.folder, names, opening.jobs)


@dataclass(frozen=True, slots=True)
class GeneratedDataset:
    """Samples `source.start` … `source.start + source.count - 1` of a generator's split.

    The factory is called with split, start and count, and yields `count` objects that depend on
    split and place alone. Each has a value for every input of the model under the input's name
    (`image` [H, W, 3] uint8 RGB for the only input, whatever its name), if it likes `tags`, and
    what the task reads the truth from: for `quad_detection` `quads` [n, 4, 2] in pixels and, where
    the task has several labels, `labels`, n names; for `classification` `label`, a name.

    Raises:
        SpecError: If the factory cannot be imported, or raises anything.
    """

    source: GeneratedSource
    task: Task
    folder: Path
    names: tuple[str, ...]
    jobs: int = 1
    _generator: _Generator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        generator = _Generator(self.source, self.folder, self.task.truth_fields, self.names)
        object.__setattr__(self, "_generator", generator)

    @property
    def name(self) -> str:
        """The factory and the split."""
        return self._generator.name

    def __len__(self) -> int:
        return self.source.count

    def __iter__(self) -> Iterator[Sample]:
        for index, made in enumerate(self._make_all()):
            yield self._sample(index, made)

    def __getitem__(self, index: int) -> Sample:
        return self._sample(index, self._make_one(index))

    def _sample(self, index: int, made: Made) -> Sample:
        fields, tags, inputs = made
        truth = read_truth(self.task, fields, f"{self.name}: sample {self._id(index)}")
        return Sample(self._id(index), truth, tags, lambda: inputs)

    def inputs(self, index: int) -> Mapping[str, Any]:
        """Make one sample again."""
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
        return self._generator.make(index % len(self), 1)[0]

    def _make_all(self) -> Iterator[Made]:
        starts = range(0, len(self), CHUNK)
        counts = [min(CHUNK, len(self) - start) for start in starts]
        begun = time.perf_counter()
        first = self._generator.make(starts[0], counts[0])
        left_s = (time.perf_counter() - begun) * (len(counts) - 1)
        yield from first
        if self.jobs == 1 or left_s < WORTH_PROCESSES_S:
            yield from chain.from_iterable(map(self._generator.make, starts[1:], counts[1:]))
            return
        # Spawned, not forked: the caller may have TensorFlow's or torch's threads running.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.jobs, context, cv2.setNumThreads, (1,)) as pool:
            settings = (self.source, self.folder, self.task.truth_fields, self.names)
            work = partial(_make_in_process, *settings)
            yield from chain.from_iterable(pool.map(work, starts[1:], counts[1:]))


class _Generator:
    """The user's factory: in a process of its own it is imported anew."""

    def __init__(
        self,
        source: GeneratedSource,
        folder: Path,
        wanted: tuple[str, ...],
        names: tuple[str, ...],
    ) -> None:
        self.source = source
        self.wanted = wanted
        self.names = names
        self.factory = resolve(source.factory, folder)
        self.name = f"{source.factory}, split {source.split}"

    def make(self, start: int, count: int) -> list[Made]:
        """Make samples start … start + count - 1, counted from the source's first.

        Raises:
            SpecError: If the generator raises anything.
            DataError: If it yields fewer, or something else than photos with their truth.
        """
        first = self.source.start + start
        with user_code(f"{self.name}: the generator, asked for {count} samples from {first},"):
            pages = self.factory(self.source.split, first, count)
            made = [self._read(page) for page in islice(cast("Iterable[Any]", pages), count)]
        if len(made) < count:
            asked = f"start = {first}, count = {count}"
            raise self._error(f"yields {len(made)} samples for {asked}")
        return made

    def _read(self, page: Any) -> Made:
        inputs = {name: getattr(page, name) for name in self.names if hasattr(page, name)}
        if len(self.names) == 1 and not inputs and hasattr(page, "image"):
            inputs = {self.names[0]: page.image}
        for name in self.names:
            if name not in inputs:
                raise self._error(f"yields pages without {name}, which is an input of the model")
        found = {name: getattr(page, name) for name in self.wanted if hasattr(page, name)}
        if not found:
            raise self._error(f"yields pages without {self.wanted[0]}, which task.kind asks for")
        return found, tag_names(getattr(page, "tags", ()), self.name), inputs

    def _error(self, fault: str) -> DataError:
        return DataError(f"{self.name}: the generator {fault}; mend it or the spec")


def _make_in_process(
    source: GeneratedSource,
    folder: Path,
    wanted: tuple[str, ...],
    names: tuple[str, ...],
    start: int,
    count: int,
) -> list[Made]:
    return _Generator(source, folder, wanted, names).make(start, count)
