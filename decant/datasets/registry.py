"""The kinds of data that a spec may name; a new one is added here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from ..errors import SpecError
from ..inputs import PhotoReader
from .arrays import ArraysSource
from .coco import CocoSource
from .folder import FolderSource
from .generated import GeneratedSource
from .masks import MasksSource
from .source import DataSource, Opening
from .table import TableSource
from .user_dataset import DatasetSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..inputs import Reader
    from ..paths import AnyPath
    from ..tasks import Task
    from .dataset import Dataset

SOURCES: tuple[type[DataSource], ...] = (
    CocoSource,
    FolderSource,
    GeneratedSource,
    MasksSource,
    TableSource,
    ArraysSource,
    DatasetSource,
)
"""By `kind`, what a section `[data.…]` may be."""

PHOTO = {"image": PhotoReader()}

if TYPE_CHECKING:
    AnySource = DataSource
else:
    AnySource = Annotated[Union[SOURCES], Field(discriminator="kind")]  # noqa: UP007


def open_dataset(
    source: DataSource,
    task: Task,
    folder: AnyPath,
    *,
    inputs: Mapping[str, Reader] | None = None,
    jobs: int = 1,
) -> Dataset:
    """Open one source of a spec and check its truth; photos are read later, one by one.

    Args:
        source: Such as `spec.data.test`.
        task: Of the same spec; reads the truth.
        folder: Where relative paths start: the spec's.
        inputs: Of the model, by name: `spec.signature`; one photo if left out.
        jobs: Processes that a generator may use.

    Raises:
        SpecError: If the source holds no truth for the task, or its factory cannot be imported.
        DataError: If the set is empty, a file is missing or changed, or a label does not fit.
    """
    offers = source.offers
    if offers is not None and not {*offers} & {*task.truth_fields}:
        raise SpecError(
            f'data of kind "{source.kind}" tells {_listed(offers)} of each sample, but the task '
            f"takes {_listed(task.truth_fields)}; change data.….kind or task.kind"
        )
    return source.open(Opening(task, inputs or PHOTO, Path(folder), jobs))


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join(names)
