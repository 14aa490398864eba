"""What every input of a spec has, whatever its kind."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
from pydantic import Field

from ..contract.rules import Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..contract.images import Placement
    from ..paths import AnyPath

MOST_VALUES = 2**28
"""Of one input tensor; more is a slip of the keyboard and would fill the memory."""


class Reader(Protocol):
    """Reads what a data set holds for one input."""

    @property
    def suffixes(self) -> frozenset[str]:
        """The endings of files that it reads, with their dot, in small letters."""

    def read(self, path: AnyPath) -> Any:
        """Read a file.

        Raises:
            DataError: If it is missing or damaged.
        """


class InputSection(Rule):
    """One input of the model, and how what a data set holds becomes its tensor.

    Attributes:
        kind: Names the kind.
        name: Tensor name in every file; of `[inputs.NAME]` it is the table's own name.
    """

    suffixes: ClassVar[frozenset[str]] = frozenset()
    kind: str
    name: str = Field(default="image", min_length=1)

    @property
    @abstractmethod
    def onnx_shape(self) -> tuple[int, ...]:
        """Sizes of the tensor as the PyTorch model takes it, a sample at a time."""

    @property
    def file_dtype(self) -> Literal["float32", "uint8"] | None:
        """What the TFLite file takes, where the spec says so; None to leave it as it is."""
        return None

    @property
    def normalization(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Mean and standard deviation that a file which takes raw values applies itself."""
        return None

    @abstractmethod
    def read(self, path: AnyPath) -> Any:
        """Read a file.

        Raises:
            DataError: If it is missing, damaged, or holds something else.
        """

    @abstractmethod
    def prepare(self, value: Any) -> tuple[NDArray[np.generic], Placement | None]:
        """Fit what a data set holds to the model, as small as it can be kept.

        Args:
            value: What `read` gives, or a generator of the user's.

        Returns:
            What `tensor` takes, and where a photo lies in it.

        Raises:
            ValueError: If it is not what the input takes; the message says what it is.
        """

    @abstractmethod
    def tensor(self, prepared: NDArray[np.generic], *, raw: bool = False) -> NDArray[np.generic]:
        """Make the tensor of one sample, without its first axis, in ONNX axis order.

        Args:
            prepared: From `prepare`.
            raw: For a file that takes raw values and normalises them itself.
        """


def check_sizes(shape: tuple[int, ...]) -> None:
    """Refuse a shape that no tensor of one sample has.

    Raises:
        ValueError: If it has a size below 1, holds several samples, or is enormous.
    """
    if min(shape) < 1:
        raise ValueError(f"shape = {list(shape)} has a size below 1")
    if math.prod(shape) > MOST_VALUES:
        raise ValueError(f"shape = {list(shape)} is over a gigabyte of float32")
    if shape[0] != 1:
        raise ValueError(_one_sample(shape))


def _one_sample(shape: tuple[int, ...]) -> str:
    """Refuse a batch: time, accuracy and the app all count by sample."""
    count, one = shape[0], [1, *shape[1:]]
    return (
        f"shape = {list(shape)} takes {count} photos at a time, but an app answers one, and times "
        f"are limited per photo; write shape = {one}, and export a program that takes nothing but "
        f"{count} again with 1. decant convert and decant quantize take a file of any batch"
    )
