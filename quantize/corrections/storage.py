"""What was found with data and is needed to make the same file without: as `.safetensors`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from decant.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SCALES, ROUNDING, BIASES = "scales", "rounding", "biases"


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """What corrections have found for one recipe.

    Attributes:
        scales: First activation of a region → [channels] int8, exponents of two.
        rounding: Layer → bits, packed into uint8: whether each weight is rounded up.
        biases: Layer → [output channels] float32, its corrected bias.
    """

    scales: dict[str, NDArray[np.int8]] = field(default_factory=dict)
    rounding: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    biases: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.scales or self.rounding or self.biases)

    def to_bytes(self) -> bytes:
        """Serialise; the same always gives the same bytes."""
        return save({f"{part}/{name}": np.ascontiguousarray(v) for part, name, v in self._all()})

    @classmethod
    def from_bytes(cls, content: bytes, source: object = "the corrections") -> Found:
        """Read what `to_bytes` has made.

        Args:
            content: Of the file.
            source: Names it.

        Raises:
            DataError: It is no such file.
        """
        found = cls()
        try:
            stored = load(content)
        except SafetensorError as error:
            raise DataError(
                f"{source} is damaged ({error}); restore it, or quantize again with calibration"
                " data"
            ) from error
        for key, value in sorted(stored.items()):  # the library gives them in any order
            part, _, name = key.partition("/")
            if part not in (SCALES, ROUNDING, BIASES):
                raise DataError(
                    f"{source} holds {key!r}, which is no correction; restore the file, or quantize"
                    " again with calibration data"
                )
            getattr(found, part)[name] = value
        return found

    def _all(self) -> Iterator[tuple[str, str, NDArray[Any]]]:
        for part in (SCALES, ROUNDING, BIASES):
            for name, value in sorted(getattr(self, part).items()):
                yield part, name, value
