"""What a model computes before it is converted, by PyTorch and by ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from .reference import OnnxRuntime
    from .verify import Form

    Array = NDArray[Any]
    Sample = dict[str, Array]
    Reference = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Model:
    """The ONNX form of a source, and PyTorch's where there is one.

    Attributes:
        onnx: The file.
        reference: Takes tensors in the order of the inputs, returns what the model returns.
    """

    onnx: Path
    reference: Reference | None


class Oracle:
    """PyTorch, where there is one, and ONNX Runtime, where it knows all operators."""

    def __init__(self, model: Model) -> None:
        from .reference import RuntimeGap, load_reference

        self._model = model
        self._runtime: OnnxRuntime | None = None
        self._gap = ""
        try:
            self._runtime = load_reference(model.onnx)
        except RuntimeGap as gap:
            self._gap = str(gap)

    @property
    def knows_all(self) -> bool:
        """Whether ONNX Runtime can run the model."""
        return self._runtime is not None

    def run(self, sample: Sample) -> Mapping[str, Array]:
        """Run ONNX Runtime; nothing, where only then it shows that it lacks an operator."""
        from .reference import RuntimeGap

        if self._runtime is None:
            return {}
        try:
            return self._runtime.run(sample)
        except RuntimeGap as gap:
            self._runtime, self._gap = None, str(gap)
            return {}

    def answers(self, samples: Sequence[Sample]) -> tuple[list[Form], list[str]]:
        """What the samples give, and what could not be checked."""
        from .verify import ONNX, PYTORCH, Form

        forms: list[Form] = []
        reference = self._model.reference
        if reference is not None:
            from .pytorch import run_torch

            answers = [run_torch(reference, list(sample.values())) for sample in samples]
            forms.append(Form(PYTORCH, answers))
        found = [list(self.run(sample).values()) for sample in samples]
        if self.knows_all:
            return [*forms, Form(ONNX, found)], []
        checked = "PyTorch" if forms else "nothing but its SavedModel; give a PyTorch reference"
        return forms, [f"{self._gap}: the file was checked against {checked}"]
