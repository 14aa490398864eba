"""Describes the tensors that go into and come out of a model file, and their axis order."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Layout = Literal["nchw", "nhwc", "ncw", "nwc", "ncdhw", "ndhwc", "keep"]

CHANNELS_LAST: dict[int, Layout] = {3: "nwc", 4: "nhwc", 5: "ndhwc"}

MOST_AXES = 5
"""Of a tensor whose order of axes is guessed at in a message."""


class TensorInfo(BaseModel):
    """One input or output of a model file.

    Attributes:
        name: The model's own name for it (the ONNX value name).
        shape: Sizes in the file's axis order; None where the size is free.
        dtype: NumPy name of the element type in the file.
        layout: Axis order in the file; "keep" means as in ONNX.
        scale: Quantization step of an integer tensor, else None.
        zero_point: Integer that stands for zero, else None.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
    )

    name: str
    shape: tuple[int | None, ...] = Field(strict=False)
    dtype: str
    layout: Layout = "keep"
    scale: float | None = None
    zero_point: int | None = None

    @property
    def channels_last(self) -> bool:
        """Whether the file holds the ONNX tensor with its channel axis moved to the end."""
        return self.layout in CHANNELS_LAST.values()

    @property
    def onnx_shape(self) -> tuple[int | None, ...]:
        """Sizes in ONNX axis order (N, C, …)."""
        first, *others = self.shape or (None,)
        return (first, others[-1], *others[:-1]) if self.channels_last else self.shape

    def from_onnx_order(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """Reorder an array from ONNX axis order (N, C, …) to the file's."""
        return np.moveaxis(array, 1, -1) if self.channels_last else array

    def to_onnx_order(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """Reorder an array from the file's axis order to ONNX's (N, C, …)."""
        return np.moveaxis(array, -1, 1) if self.channels_last else array


def reshaping(name: str, given: Sequence[int], wanted: Sequence[int | None]) -> str | None:
    """Write the NumPy call that makes an array of the shape that is wanted, if axes alone differ.

    Args:
        name: Of the array.
        given: Its shape.
        wanted: Sizes; None where any will do.

    Returns:
        Such as "np.transpose(image, (0, 3, 1, 2))"; None if no other order of the axes fits.
    """
    name = name if name.isidentifier() else "x"
    if len(given) == len(wanted) - 1 and fits((1, *given), wanted):
        return f"{name}[np.newaxis]"
    if len(given) != len(wanted) or len(given) > MOST_AXES or fits(given, wanted):
        return None
    first, *others = range(len(given))
    # The two orders that frameworks have come before all others that fit as well.
    usual = [(first, *others[-1:], *others[:-1]), (first, *others[1:], *others[:1])]
    for order in (*usual, *permutations(range(len(given)))):
        if fits([given[axis] for axis in order], wanted):
            return f"np.transpose({name}, {order})"
    return None


def sizes(shape: Sequence[int | None]) -> str:
    """Write a shape; a free size is a question mark."""
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"


def fits(given: Sequence[int | None], wanted: Sequence[int | None]) -> bool:
    """Whether an array of a shape can be given where another is wanted; None is any size."""
    return len(given) == len(wanted) and all(
        None in pair or pair[0] == pair[1] for pair in zip(given, wanted, strict=True)
    )
