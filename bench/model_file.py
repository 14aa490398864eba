"""A file to measure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decant.fidelity import Part
    from decant.tensors import TensorInfo


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A `.tflite` with the description of its inputs and outputs.

    Attributes:
        name: "float" for the reference, else that of the candidate.
        path: Of the file.
        inputs: As conversion or quantization described them.
        outputs: The same.
        quantizer: Library and version that made it; None where it is not quantized.
        parts: What it keeps of its outputs, as quantization judged it.
    """

    name: str
    path: Path
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    quantizer: str | None = None
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
