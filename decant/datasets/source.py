"""What every data source of a spec has, whatever its kind."""

from __future__ import annotations

import os
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..contract.rules import Rule
from ..errors import DataError, SpecError
from ..user_code import fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..inputs import Reader
    from ..paths import AnyPath
    from ..tasks import Task
    from .dataset import Dataset


NO_TRUTH = (TypeError, AttributeError, LookupError, RuntimeError)
"""What comes of a truth whose parts are of other kinds than a task asks for."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a data set is opened for.

    Attributes:
        task: Reads the truth of each sample.
        inputs: Reads each input of the model, by its name.
        folder: Where relative paths start.
        jobs: Processes that may be used.
    """

    task: Task
    inputs: Mapping[str, Reader]
    folder: Path
    jobs: int = 1

    def only_input(self, kind: str) -> str:
        """Name the model's only input, for data that has one file per sample.

        Raises:
            SpecError: If it has several.
        """
        if len(self.inputs) != 1:
            raise SpecError(
                f'data of kind "{kind}" has one file per sample, but the model takes '
                f'{", ".join(self.inputs)}; use data of kind "table", "arrays" or "dataset"'
            )
        return next(iter(self.inputs))


class DataSource(Rule):
    """The keys of one kind of data, and how the set that they describe is opened.

    Attributes:
        kind: Names the kind.
        path_keys: The keys that name a file or a folder, relative to the spec.
        folder_keys: Those of them that name a folder.
        code_key: The key that names a function of the user's; None if there is none.
    """

    path_keys: ClassVar[tuple[str, ...]] = ()
    folder_keys: ClassVar[tuple[str, ...]] = ()
    code_key: ClassVar[str | None] = None
    kind: str

    @property
    @abstractmethod
    def title(self) -> str:
        """The set's name as the spec has it, without a folder of this machine."""

    @property
    def offers(self) -> tuple[str, ...] | None:
        """What it tells of a sample, such as ("label",); None if that shows when it is read."""
        return None

    @abstractmethod
    def open(self, opening: Opening) -> Dataset:
        """Open the set.

        Raises:
            SpecError: If code of the user's own cannot be used.
            DataError: If the set is empty, a file is missing or changed, or a truth does not fit.
        """

    def files_in(self, key: str, folder: AnyPath) -> tuple[Path, list[str]]:
        """List what is read from a folder that one of `folder_keys` names.

        Returns:
            The folder, and the names of the files below it.
        """
        raise NotImplementedError(f"{self.kind}: {key} names no folder")


def check_folder(path: Path, key: str) -> None:
    """Ask for a folder.

    Args:
        path: Where it should be.
        key: That names it, in the source's section.

    Raises:
        DataError: If there is a file, or nothing.
    """
    if not os.path.isdir(path):
        found = "is a file, not a folder" if os.path.exists(path) else "no such folder"
        raise DataError(f"{path}: {found}; correct data.….{key} in the spec")


def read_truth(task: Task, fields: Mapping[str, Any], where: str) -> Any:
    """Read the truth of one sample.

    Args:
        task: Reads it.
        fields: What the data says of the sample.
        where: Names the sample, or what says so.

    Raises:
        DataError: If it is no truth of the task.
        SpecError: If code of the user's own is at fault.
    """
    try:
        return task.read_truth(fields)
    except OverflowError as error:
        raise DataError(f"{where}: holds a number that is too large; correct it") from error
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from error
    except NO_TRUTH as error:
        raise DataError(
            f"{where}: its {' or '.join(fields)} is of a kind that the task does not take "
            f"({fault(error)}); see the task's truth in docs/reference/model.toml.md"
        ) from error
