"""One operator of a `.tflite`, and what is raised where it has no form in ONNX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decant.errors import UnsupportedOp


@dataclass(frozen=True, slots=True)
class Step:
    """One operator of the file.

    Attributes:
        kind: The schema's name.
        inputs: Tensors that it reads; -1 where an optional one is absent.
        outputs: Tensors that it writes.
        options: The schema's options object; None where the kind has none.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any

    @property
    def x(self) -> int:
        """Its first input."""
        return self.inputs[0]

    @property
    def y(self) -> int:
        """Its first output."""
        return self.outputs[0]


class NoForm(UnsupportedOp):
    """An operator, or a case of one, that has no form in ONNX here; says why."""
