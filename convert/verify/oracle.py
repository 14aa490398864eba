"""What a model computes before it is converted, by PyTorch and by ONNX Runtime."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.onnx_runtime import OnnxRuntime
    from decant.runtime_process import RuntimeProcess

    from .rounding import Rounded

    Array = NDArray[Any]
    Sample = dict[str, Array]
    Reference = Callable[..., Any]
    Answers = list[list[Array]]
    """Samples → outputs in the model's order."""

KEPT = 8
"""Answers of ONNX Runtime that are kept."""

PYTORCH, ONNX, SAVED_MODEL, TFLITE = "pytorch", "onnx", "saved_model", "tflite"


@dataclass(frozen=True, slots=True)
class FormResults:
    """What one form of the model computes for each sample.

    Attributes:
        name: "pytorch", "onnx", "saved_model" or "tflite".
        answers: Per sample, its outputs.
    """

    name: str
    answers: Answers


@dataclass(frozen=True, slots=True)
class Model:
    """The ONNX form of a source, and PyTorch's where there is one.

    Attributes:
        onnx: The file.
        reference: Takes tensors in the order of the inputs, returns what the model returns.
        exported: Whether decant has made the file of the reference.
        notes: What the user should know of how it was made.
    """

    onnx: Path
    reference: Reference | None
    exported: bool = False
    notes: tuple[str, ...] = ()

    def precision(self, sample: Sample) -> Rounded | None:
        """What PyTorch's form computes of a sample in double precision, if that can be had."""
        from torch import nn

        from .rounding import of_module

        network = self.reference
        return of_module(network, sample) if isinstance(network, nn.Module) else None


class Oracle:
    """PyTorch, where there is one, and ONNX Runtime, where it knows all operators."""

    def __init__(self, model: Model, *, tries_sizes: bool = False) -> None:
        """Load a model.

        Args:
            model: What is asked.
            tries_sizes: Whether it will be run with sizes that it may not survive.

        Raises:
            DataError: ONNX Runtime refuses the model.
        """
        from decant.onnx_runtime import RuntimeGap, load_reference
        from decant.runtime_process import RuntimeProcess

        self.model = model
        self._known: dict[str, Mapping[str, Array]] = {}
        self._runtime: OnnxRuntime | RuntimeProcess | None = None
        self._gap = ""
        load = RuntimeProcess if tries_sizes else load_reference
        try:
            self._runtime = load(model.onnx)
        except RuntimeGap as gap:
            self._gap = str(gap)

    @property
    def knows_all(self) -> bool:
        """Whether ONNX Runtime can run the model."""
        return self._runtime is not None

    @property
    def gap(self) -> str:
        """What ONNX Runtime lacks to run it; "" where nothing is known."""
        return self._gap

    def run(self, sample: Sample) -> Mapping[str, Array]:
        """Run ONNX Runtime; nothing, where only then it shows that it lacks an operator.

        The latest answers are kept: a sample is drawn, told apart from a batch and checked with.
        """
        key = _digest(sample)
        if key not in self._known:
            found = self._run(sample)
            if len(self._known) == KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = found
        return self._known[key]

    def _run(self, sample: Sample) -> Mapping[str, Array]:
        from decant.onnx_runtime import RuntimeGap

        if self._runtime is None:
            return {}
        try:
            return self._runtime.run(sample)
        except RuntimeGap as gap:
            self._runtime, self._gap = None, str(gap)
            return {}

    def answers(self, samples: Sequence[Sample]) -> tuple[list[FormResults], list[str]]:
        """What the samples give, and what could not be checked."""
        forms: list[FormResults] = []
        reference = self.model.reference
        if reference is not None:
            from ..export.pytorch import run_torch

            answers = [run_torch(reference, list(sample.values())) for sample in samples]
            forms.append(FormResults(PYTORCH, answers))
        found = [list(self.run(sample).values()) for sample in samples]
        if self.knows_all:
            return [*forms, FormResults(ONNX, found)], []
        checked = "PyTorch" if forms else "nothing but its SavedModel; give a PyTorch reference"
        return forms, [f"{self._gap}: the file was checked against {checked}"]


def _digest(sample: Sample) -> str:
    """Tell samples apart by names, types, sizes and content."""
    digest = hashlib.sha256()
    for name, array in sample.items():
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).ravel().view(np.uint8).data)
    return digest.hexdigest()
