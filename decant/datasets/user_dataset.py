"""Takes samples from a data set of the user's: Torch's, Hugging Face's, or any iterable."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ..artifacts import sha256_listing
from ..errors import DataError, SpecError
from ..factory import resolve
from ..samples import Sample
from ..spec_faults import FACTORY
from ..user_code import user_code
from .columns import (
    Columns,
    Wanted,
    check_known,
    input_columns,
    offered_fields,
    tag_names,
    truth_columns,
)
from .dataset import fingerprint_of
from .source import DataSource, read_truth
from .values import NO_NUMBERS, listed, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import Opening


class DatasetSource(DataSource):
    """A data set that the user's own code makes.

    Attributes:
        factory: Returns a `torch.utils.data.Dataset`, a data set of Hugging Face's, or any
            iterable of samples: mappings, or tuples of inputs and truth.
        arguments: Its keyword arguments.
        input: Key of the only input in a sample that is a mapping, or keys by input name.
        truth: Key of the truth, or keys by truth field.
        tags: Key of the slices that a sample belongs to.
        count: How many samples are taken, from the first; all if left out.
    """

    code_key: ClassVar[str | None] = "factory"
    kind: Literal["dataset"]
    factory: str = Field(pattern=FACTORY)
    arguments: dict[str, Any] = Field(default_factory=dict)
    input: Columns | None = None
    truth: Columns | None = None
    tags: str | None = Field(default=None, min_length=1)
    count: int | None = Field(default=None, ge=1)

    @property
    def title(self) -> str:
        """The factory and its arguments."""
        given = ", ".join(f"{name} = {value!r}" for name, value in self.arguments.items())
        return f"{self.factory}({given})"

    def open(self, opening: Opening) -> UserDataset:
        """Call the factory; samples are taken when they are asked for.

        Raises:
            SpecError: If the factory cannot be imported, raises, or returns no data set.
            DataError: If there are no samples, or fewer than `count`.
        """
        made = _Made(self, opening.folder)
        if not len(made):
            raise DataError(f"{made.name}: has no samples; return at least one")
        return UserDataset(self, opening, made)


class _Made:
    """What the factory returned; iterated again, or made again, for each pass over it."""

    def __init__(self, source: DatasetSource, folder: Path) -> None:
        self.name = f"data.….factory = {source.factory!r}"
        self._factory = partial(resolve(source.factory, folder), **source.arguments)
        self._first: Any = self._make()
        self._counted = self._count(source.count)
        self._pass: tuple[int, Iterator[Any]] = (0, iter(()))

    def __len__(self) -> int:
        return self._counted

    @property
    def indexed(self) -> bool:
        """Whether a sample can be asked for by its number."""
        from torch.utils.data import IterableDataset

        # One of Torch's that is iterated has a __getitem__ all the same, which only raises.
        streamed = isinstance(self._first, IterableDataset)
        found = hasattr(self._first, "__getitem__") and hasattr(self._first, "__len__")
        return found and not streamed

    def _make(self) -> Any:
        with user_code(f"{self.name}, called with its arguments,"):
            made = self._factory()
        if not hasattr(made, "__iter__") and not hasattr(made, "__getitem__"):
            raise SpecError(
                f"{self.name} returned a {type(made).__name__}; return a data set or an iterable "
                "of samples"
            )
        return made

    def _count(self, wanted: int | None) -> int:
        """Ask for the length, or go through the samples once to count them.

        Raises:
            DataError: If there are fewer than are wanted.
        """
        if hasattr(self._first, "__len__"):
            with user_code(f"{self.name}: its length"):
                counted = len(self._first)
        else:
            counted = 0
            for _ in self._samples(self._again(), wanted):
                counted += 1
        if wanted is not None and counted < wanted:
            raise DataError(
                f"{self.name} has {counted} samples, but data.….count = {wanted}; make it smaller"
            )
        return counted if wanted is None else wanted

    def _again(self) -> Any:
        """Give something whose iteration starts at the first sample."""
        made = self._first
        # An iterator, such as a generator, goes through its samples once.
        if hasattr(made, "__next__"):
            self._first = self._make()
        return made

    def _samples(self, made: Any, count: int | None) -> Iterator[Any]:
        """Go through samples, saying of which number the user's code raised."""
        with user_code(f"{self.name}: its iterator"):
            each = iter(made)
        index = 0
        while count is None or index < count:
            with user_code(f"{self.name}: sample {index}"):
                try:
                    sample = next(each)
                except StopIteration:
                    return
            yield sample
            index += 1

    def __iter__(self) -> Iterator[Any]:
        if self.indexed:
            yield from map(self.sample, range(len(self)))
            return
        index = 0
        for sample in self._samples(self._again(), len(self)):
            yield sample
            index += 1
        if index < len(self):
            raise self._ended(index)

    def sample(self, index: int) -> Any:
        """Take one sample: by its number, or by going on to it.

        Raises:
            SpecError: If the user's code raises.
            DataError: If the samples end before it.
        """
        if self.indexed:
            with user_code(f"{self.name}: sample {index}"):
                return self._first[index]
        place, under_way = self._pass
        if not place or index < place:
            place, under_way = 0, iter(self)
        found = next(islice(under_way, index - place, None))
        self._pass = (index + 1, under_way)
        return found

    def _ended(self, index: int) -> DataError:
        return DataError(
            f"{self.name}: the samples end at sample {index}, but there are to be {len(self)}; "
            "mend its length, or give data.….count"
        )


@dataclass(frozen=True, slots=True)
class UserDataset:
    """Samples of a data set of the user's.

    Attributes:
        source: What the spec says of it.
        opening: What it is opened for.
        made: The data set.
    """

    source: DatasetSource
    opening: Opening
    made: _Made
    _prints: dict[int, str] = field(default_factory=dict, repr=False)
    _whole: dict[int, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The factory."""
        return self.made.name

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[Sample]:
        for index, given in enumerate(self.made):
            yield self._sample(index, given)

    def __getitem__(self, index: int) -> Sample:
        if not -len(self) <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        return self._sample(index % len(self), self.made.sample(index % len(self)))

    def inputs(self, index: int) -> Mapping[str, Any]:
        """Take one sample again."""
        return self[index].load()

    def fingerprints(self) -> dict[str, str]:
        """Map a hash of each sample's values to its id."""
        if len(self._prints) < len(self):
            for _ in self:
                pass
        return {digest: _id(index) for index, digest in self._prints.items()}

    def _sample(self, index: int, given: Any) -> Sample:
        where = f"{self.name}: sample {index}"
        # A sample may be read only now, as the values of a lazy mapping are.
        with user_code(where, mixed=True):
            values, fields, tags = self._parts(given, where)
            inputs = {name: self._input(name, value, where) for name, value in values.items()}
        truth = self._truth(fields, where)
        prints = {name: fingerprint_of(value) for name, value in inputs.items()}
        digest = sha256_listing(prints)
        self._prints.setdefault(index, digest)
        whole = sha256_listing({"inputs": digest, "truth": self._truth_digest(truth)})
        if self._whole.setdefault(index, whole) != whole:
            raise DataError(
                f"{where} is another one than the first time; return the same samples each time, "
                "without augmentation, and with a fixed seed where they are drawn"
            )
        return Sample(_id(index), truth, tags, lambda: inputs)

    def _truth_digest(self, truth: Any) -> str:
        return hashlib.sha256(self.opening.task.truth_bytes(truth)).hexdigest()

    def _truth(self, fields: Mapping[str, Any], where: str) -> Any:
        """Read the truth."""
        try:
            given = {name: listed(value) for name, value in fields.items()}
        except NO_NUMBERS as error:
            raise DataError(
                f"{where}: its truth cannot be read ({error}); give numbers or texts"
            ) from error
        return read_truth(self.opening.task, given, where)

    def _input(self, name: str, value: Any, where: str) -> Any:
        """Read the value of an input."""
        try:
            return plain(value, self.opening.inputs[name], self.opening.folder)
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
        except (OSError, ValueError) as error:
            raise DataError(f"{where}: input {name} {error}") from error

    def _parts(
        self, given: Any, where: str
    ) -> tuple[dict[str, Any], dict[str, Any], frozenset[str]]:
        """Take apart a mapping, or a tuple of the inputs and the truth."""
        if isinstance(given, tuple | list):
            given = self._named(given, where)
        if not hasattr(given, "keys"):
            raise DataError(
                f"{where} is a {type(given).__name__}; give a mapping, or a tuple of inputs and "
                "truth"
            )
        inputs = input_columns(self.source.input, self.opening, self.source.kind)
        known = list(given.keys())
        if self.source.truth is None:
            truth = offered_fields(known, self.opening, where)
        else:
            truth = truth_columns(self.source.truth, self.opening)
        tags: Wanted = {} if self.source.tags is None else {"tags": self.source.tags}
        for wanted in (inputs, truth, tags):
            check_known(wanted, known, where, "key")
        values, fields = (
            {name: _taken(given, keys) for name, keys in wanted.items()}
            for wanted in (inputs, truth)
        )
        names = given[self.source.tags] if self.source.tags else None
        return values, fields, tag_names(names, where)

    def _named(self, given: tuple[Any, ...] | list[Any], where: str) -> dict[str, Any]:
        """Name the parts of a tuple: the inputs in their order, then the truth."""
        names = [*self.opening.inputs]
        if len(given) != len(names) + 1:
            raise DataError(
                f"{where} is a tuple of {len(given)}; give {', '.join(names)} and the truth, or a "
                "mapping"
            )
        *values, truth = given
        fields = truth if hasattr(truth, "keys") else {self.opening.task.truth_fields[0]: truth}
        return {**dict(zip(names, values, strict=True)), **fields}


def _id(index: int) -> str:
    return f"{index:05d}"


def _taken(given: Any, keys: str | Any) -> Any:
    return given[keys] if isinstance(keys, str) else [given[key] for key in keys]
