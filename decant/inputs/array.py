"""The input kind `array`: numbers of any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..contract.rules import ArrayRule
from ..errors import DataError
from ..paths import unreadable
from .runs import UNREADABLE
from .section import InputSection, check_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..contract.images import Placement
    from ..paths import AnyPath


class ArraySection(InputSection):
    """Numbers of any shape, from `.npy` files, `.npz` files, columns of a table or a generator.

    Attributes:
        shape: As the PyTorch model takes it, a sample at a time: `[1, …]`.
        dtype: Of the tensor.
        mean: Subtracted first: one number, or one for each place of axis 1; floats only.
        std: Divided by then, likewise.
    """

    suffixes: ClassVar[frozenset[str]] = frozenset({".npy"})
    kind: Literal["array"]
    shape: tuple[int, ...] = Field(strict=False, min_length=1)
    dtype: Literal["float32", "int32", "int64", "uint8", "int8", "bool"] = "float32"
    mean: tuple[float, ...] = Field(default=(), strict=False)
    std: tuple[float, ...] = Field(default=(), strict=False)

    @property
    def rule(self) -> ArrayRule:
        """How numbers become the tensor, for the sidecar."""
        return ArrayRule(mean=self.mean, std=self.std)

    @property
    def onnx_shape(self) -> tuple[int, ...]:
        """Sizes of the tensor."""
        return self.shape

    def read(self, path: AnyPath) -> NDArray[np.generic]:
        """Read an array from a `.npy` file.

        Raises:
            DataError: If it is missing, damaged, or holds Python objects.
        """
        try:
            found = np.load(path, allow_pickle=False)
        except UNREADABLE as error:
            reason = unreadable(path, error) if isinstance(error, OSError) else error
            raise DataError(f"{path}: cannot be read as an array ({reason}); replace it") from error
        if not isinstance(found, np.ndarray):
            raise DataError(f"{path}: holds several arrays; save one with numpy.save")
        return found

    def prepare(self, value: Any) -> tuple[NDArray[np.generic], Placement | None]:
        """Check numbers against shape and type; a missing axis of one sample is added."""
        found = np.asarray(value)
        if found.dtype.kind not in "fiub":
            raise ValueError(f"input {self.name} takes numbers, not {found.dtype}")
        wanted = self.shape[1:]
        if found.shape == self.shape:
            found = found[0]
        if found.shape != wanted:
            raise ValueError(
                f"input {self.name} takes {list(wanted)} for each sample, not {list(found.shape)}"
            )
        if not np.isfinite(found).all():
            raise ValueError(f"input {self.name} holds NaN or infinity; leave the sample out")
        if self.dtype == "float32":
            return self._scaled(found.astype(np.float32)), None
        if not np.array_equal(found.astype(self.dtype), found):
            raise ValueError(f"input {self.name} holds values that {self.dtype} cannot hold")
        return found.astype(self.dtype), None

    def _scaled(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Subtract the mean and divide by the standard deviation, of all or of each channel."""
        along = (-1, *([1] * (values.ndim - 1))) if values.ndim else ()
        mean, std = (
            np.asarray(part or (neutral,), np.float32).reshape(along)
            for part, neutral in ((self.mean, 0.0), (self.std, 1.0))
        )
        return np.asarray((values - mean) / std, np.float32)

    def tensor(self, prepared: NDArray[np.generic], *, raw: bool = False) -> NDArray[np.generic]:
        """Give it as it is."""
        return prepared

    @model_validator(mode="after")
    def _check_numbers(self) -> ArraySection:
        check_sizes(self.shape)
        for key in ("mean", "std"):
            given = getattr(self, key)
            if given and self.dtype != "float32":
                raise ValueError(f'{key} is for float32, but dtype = "{self.dtype}"; leave it out')
            if len(given) > 1 and (len(self.shape) < 2 or len(given) != self.shape[1]):
                raise ValueError(
                    f"{key} = {list(given)} needs one number, or one for each place of axis 1 of "
                    f"{list(self.shape)}"
                )
        if self.std and min(self.std) <= 0:
            raise ValueError(f"std = {list(self.std)} must be above 0")
        return self
