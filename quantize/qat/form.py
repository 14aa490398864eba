"""An integer file in PyTorch, with the float weights that it is made of and its ranges to learn."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from decant.flatbuffer import Graph
from decant.torch_form import KERNELS, TorchForm, fused, overwrite

from .constants import OnGrid
from .grids import Grid
from .reading import MOVING, WEIGHTED, read_integers
from .rounding import dynamically_quantized, nudged, rescaled
from .units import real, units

if TYPE_CHECKING:
    from decant.torch_form.form import Step
    from decant.torch_form.registry import Kernel

    from ..recipes import Recipe


def quantize(options: Any, x: Tensor) -> Tensor:
    """Leave a real for the grid of what is written to round."""
    return x


class Weight(nn.Module):
    """A constant of the float graph, learned in units of its own size.

    Weights of channels whose sizes differ by orders learn at one rate so.

    Attributes:
        start: As the float file has it.
        unit: Broadcastable to it.
        change: In units, 0 at first.
    """

    def __init__(self, start: Tensor, unit: Tensor) -> None:
        super().__init__()
        self.register_buffer("start", start)
        self.register_buffer("unit", unit)
        self.start: Tensor
        self.unit: Tensor
        self.change = nn.Parameter(torch.zeros_like(start))

    def forward(self) -> Tensor:
        """Give it as it is now."""
        return self.start + self.unit * self.change


class IntegerForm(TorchForm):
    """What LiteRT computes of an integer file, as a function of float weights and ranges.

    Every tensor is held as the reals that it stands for. An operator computes in float on reals
    that its integers stand for, and what it writes is rounded to the grid of its output, which is
    what int8 kernels do but for the last bit of a float; a QUANTIZE rounds, a DEQUANTIZE gives what
    it reads, so that a table between the two is the float function itself.
    """

    kernels: Mapping[str, Kernel] = {**KERNELS, "QUANTIZE": quantize}

    def __init__(self, made: Graph, source: Graph, recipe: Recipe) -> None:
        """Take an integer file over.

        Args:
            made: The integer file.
            source: The float graph that it was made of.
            recipe: By which, with its ranges.

        Raises:
            UnsupportedOp: An operator or a constant cannot be followed in PyTorch.
        """
        super().__init__(made)
        self.source, self.recipe = source, recipe
        read = read_integers(made, source, recipe)
        self.grids = nn.ModuleList(read.grids)
        self._grid_of, self._rules, self._origins = read.grid_of, read.rules, read.origins
        sizes = units(source, recipe)
        self.floats = nn.ModuleDict(
            {
                str(at): Weight(real(source, at), sizes[at])
                for at in sorted({*read.origins.values()})
            }
        )
        for at in read.origins:
            if str(at) in self.weights:
                self.weights.pop(str(at))
        self._still = {at for step in self.steps if self._only_moves(step) for at in step.outputs}

    def constant(self, at: int) -> Tensor:
        """Give a constant as the integer file has it."""
        if at not in self._origins:
            return super().constant(at)
        value: Tensor = self.floats[str(self._origins[at])]()
        return self._rules[at].round(value, self.scaled) if at in self._rules else value

    def changed(self, at: int, value: Tensor) -> Tensor:
        """Round what is written to its grid, unless its values are on that already."""
        if at not in self._grid_of or at in self._still:
            return value
        rounded: Tensor = self.grids[self._grid_of[at]](value)
        return rounded

    def compute(self, step: Step, read: list[Tensor | None]) -> Any:
        """Run an operator; one with int8 weights and a float input rounds that first."""
        x_at, weights_at, _ = WEIGHTED.get(step.kind, (-1, -1, -1))
        if x_at >= 0 and self._is_dynamic(step.inputs[x_at], step.inputs[weights_at]):
            x = read[x_at]
            assert x is not None
            axes = (x.ndim - 1,) if step.kind == "FULLY_CONNECTED" else tuple(range(1, x.ndim))
            read = [*read]
            read[x_at] = dynamically_quantized(x, axes)
        found = super().compute(step, read)
        if step.kind == "RESIZE_BILINEAR" and self.graph.is_int8(step.outputs[0]):
            return nudged(found, self.scaled(step.outputs[0])[0])
        if step.kind == "QUANTIZE" and self.graph.is_int8(step.inputs[0]):
            return rescaled(found, self.scaled(step.inputs[0])[0], self.scaled(step.outputs[0])[0])
        return found

    def scaled(self, at: int) -> tuple[Tensor, Tensor]:
        """Give scale and zero point of an integer tensor as they are now."""
        if at in self._grid_of:
            grid = self.grids[self._grid_of[at]]
            found: tuple[Tensor, Tensor] = grid.parameters_now()  # type: ignore[operator]
            return found
        value = self.floats[str(self._origins[at])]()
        return self._rules[at].scale(value, self.scaled)

    @property
    def integers(self) -> list[int]:
        """Activations that are integers."""
        return list(self._grid_of)

    def learned(self) -> tuple[Graph, Recipe]:
        """Give the float graph with the weights as they are now, and the recipe with the ranges."""
        graph = copy.deepcopy(self.source)
        with torch.no_grad():
            for number, weight in self.floats.items():
                overwrite(graph, int(number), weight())
            ranges = dict(self.recipe.ranges)
            for grid in self.grids:
                if isinstance(grid, Grid):
                    low, high = (float(end) for end in grid.ends)
                    ranges.update(dict.fromkeys(grid.names, (low, high)))
        return graph, self.recipe.model_copy(update={"ranges": ranges})

    def _is_dynamic(self, x: int, weights: int) -> bool:
        return self.graph.is_float(x) and self.graph.is_int8(weights)

    def _only_moves(self, step: Step) -> bool:
        """Whether what an operator writes lies on the grid of what it reads."""
        if step.kind not in MOVING or fused(step.options):
            return False
        read = [at for at in step.reads if self.graph.is_quantized(at)]
        both = {self._grid_of.get(at) for at in (*read, *step.outputs) if at not in self._rules}
        joined = [at for at in read if at in self._rules]
        return (
            len(both) == 1
            and None not in both
            and all(isinstance(self._rules[at], OnGrid) for at in joined)
        )
