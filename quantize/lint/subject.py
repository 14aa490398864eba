"""What the checks look at: a float graph, what it did on samples, and what int8 makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..modules import module_of
from ..ranges import ranged_tensors, written_by
from ..simulate import scale_of
from .findings import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph
    from decant.inputs import Run
    from decant.tensors import TensorInfo

    from ..recipes import Recipe
    from .observe import Activation, Observed
    from .partitions import Partitions


MOST_SAMPLES = 64
"""Calibration samples that are run: the ranges of more are the quantizer's to find."""


@dataclass(frozen=True)
class Subject:
    """A float model with all that is known of it before it is quantized.

    Attributes:
        graph: The float graph after decant's rewrites.
        modules: Tensor's name → PyTorch module's path.
        recipe: Of the static int8 form that is looked ahead to.
        inputs: Of the model.
        samples: Calibration samples that were run, in ONNX axis order; none without data.
        given_samples: How many there were.
        observed: What the float file did on them; None without data.
        partitions: What XNNPACK takes of the float file and of its int8 form.
    """

    graph: Graph
    modules: Mapping[str, str]
    recipe: Recipe
    inputs: Sequence[TensorInfo]
    samples: Sequence[Run]
    given_samples: int
    observed: Observed | None
    partitions: Partitions
    _constants: dict[int, NDArray[Any] | None] = field(default_factory=dict, repr=False)

    @cached_property
    def writers(self) -> dict[int, Any]:
        """Tensor → the operator that writes it."""
        return self.graph.writers()

    @cached_property
    def readers(self) -> dict[int, list[Any]]:
        """Tensor → the operators that read it."""
        return self.graph.readers()

    @cached_property
    def int8(self) -> frozenset[int]:
        """The activations that the static int8 form rounds."""
        return frozenset(
            tensor
            for operator in self.graph.operators
            for tensor in ranged_tensors(self.graph, operator, self.recipe)
        )

    @cached_property
    def activations(self) -> Mapping[int, Activation]:
        """What each float activation did, in the order of the file; nothing without data."""
        return {} if self.observed is None else self.observed.activations

    @cached_property
    def rounded(self) -> list[int]:
        """The activations that were seen, vary, and are rounded in static int8."""
        return [
            tensor
            for tensor, seen in self.activations.items()
            if tensor in self.int8 and not seen.unbounded and not seen.constant
        ]

    def number_of(self, sample: int) -> int:
        """Give the place that a sample which was run has among those given."""
        return sample_numbers(self.given_samples)[sample]

    def is_static(self, operator: Any) -> bool:
        """Whether an operator computes with int8 activations in the static int8 form."""
        kind = self.graph.kind(operator)
        return self.recipe.scheme_of(kind, written_by(self.graph, operator)).ranged

    def kind_of(self, tensor: int) -> str:
        """Kind of the operator that writes a tensor; "" of an input."""
        operator = self.writers.get(tensor)
        return "" if operator is None else self.graph.kind(operator)

    def constant(self, tensor: int) -> NDArray[Any] | None:
        """Give the value of a constant float tensor, else None."""
        if tensor not in self._constants:
            real = tensor >= 0 and self.graph.is_float(tensor)
            self._constants[tensor] = self.graph.constant(tensor) if real else None
        return self._constants[tensor]

    def step(self, tensor: int) -> float:
        """Give the step of a seen activation whose int8 values span all that was seen."""
        seen = self.activations[tensor]
        return scale_of((seen.low, seen.high))[0]

    def noise(self, tensor: int) -> float:
        """Give the mean square of what rounding adds to an activation."""
        return self.step(tensor) ** 2 / 12

    def place(self, tensor: int) -> Place:
        """Say where a tensor is."""
        name = self.graph.name(tensor)
        return Place(
            operator=self.kind_of(tensor), tensor=name, module=module_of(name, self.modules)
        )

    def place_of(self, operator: Any) -> Place:
        """Say where an operator is."""
        return self.place(int(operator.outputs[0]))


def sample_numbers(given: int) -> list[int]:
    """Pick samples to run: all, or as many as are run, evenly spaced.

    >>> sample_numbers(3), sample_numbers(2 * MOST_SAMPLES)[:3]
    ([0, 1, 2], [0, 2, 4])
    """
    count = min(given, MOST_SAMPLES)
    return [at * given // count for at in range(count)]


def number(value: float) -> str:
    """Write a figure in three digits, as in "0.00213", "41.5" or "12,400"."""
    size = abs(value)
    if not np.isfinite(value) or size >= 1e6:
        return f"{value:.3g}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.3g}"
