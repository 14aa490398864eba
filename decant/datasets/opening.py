"""Chooses the reader for a section of the spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .. import spec
from ..errors import SpecError
from .coco import open_coco
from .folder import open_folder
from .generated import GeneratedDataset

if TYPE_CHECKING:
    from ..paths import AnyPath
    from .dataset import Dataset

FITTING = {"coco": "quad_detection", "folder": "classification"}


def open_dataset(
    source: spec.Source, task: spec.Task, folder: AnyPath, *, jobs: int = 1
) -> Dataset:
    """Open one source of a spec and check its labels; photos are read later, one by one.

    Args:
        source: Such as `spec.data.test`.
        task: Of the same spec; says which labels there are.
        folder: Where relative paths start: the spec's.
        jobs: Processes that a generator may use.

    Raises:
        SpecError: If the source holds no truth for the task, or its factory cannot be imported.
        DataError: If the set is empty, a file is missing or changed, or a label does not fit.
    """
    folder = Path(folder)
    fitting = FITTING.get(source.kind, task.kind)
    if task.kind != fitting:
        raise SpecError(
            f'data of kind "{source.kind}" labels a task of kind "{fitting}", but task.kind = '
            f'"{task.kind}"; change one of them'
        )
    if isinstance(source, spec.CocoSource):
        return open_coco(source, task.labels, folder)
    if isinstance(source, spec.FolderSource):
        return open_folder(source, task.labels, folder)
    return GeneratedDataset(source, task, folder, jobs)
