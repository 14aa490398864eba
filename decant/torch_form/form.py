"""The module: a graph's constants as parameters, its operators as torch computes them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from decant.errors import UnsupportedOp
from decant.flatbuffer import Graph

from .kernels import KERNELS
from .registry import Kernel

Change = Callable[[Tensor], Tensor]


class Step:
    """An operator, read once.

    Attributes:
        kind: The schema's name.
        options: The schema's options object, or None; that of a DEQUANTIZE says what the integers
            which it reads stand for.
        inputs: Tensors read, -1 where one is left out.
        outputs: Tensors written.
        reads: The inputs that there are.
    """

    def __init__(self, graph: Graph, operator: Any) -> None:
        self.kind = graph.kind(operator)
        self.inputs = [int(at) for at in operator.inputs]
        self.outputs = [int(at) for at in operator.outputs]
        self.reads = [at for at in self.inputs if at >= 0]
        self.options = operator.builtinOptions
        if self.options is None:
            self.options = getattr(operator, "builtinOptions2", None)
        if self.kind == "DEQUANTIZE":
            self.options = graph.subgraph.tensors[self.inputs[0]].quantization


class TorchForm(nn.Module):
    """A float `.tflite` graph in PyTorch.

    Tensors are in the file's own axis order, images [N, H, W, C].

    Attributes:
        kernels: How each kind of operator is computed.
        steps: Its operators.
        graph: What it computes; `write_weights` brings the parameters back into one.
        weights: The float constants by the number of their tensor, as parameters.
        changes: Tensor number → what is done to the value written there before anything reads it,
            such as rounding it to what an int8 file can hold; of a constant, before each use.
    """

    kernels: Mapping[str, Kernel] = KERNELS

    def __init__(self, graph: Graph) -> None:
        """Take a graph over.

        Raises:
            UnsupportedOp: An operator has no kernel; the message names it and what it writes.
        """
        super().__init__()
        self.graph = graph
        self.steps = [Step(graph, operator) for operator in graph.operators]
        self._check_kinds()
        self.weights = nn.ParameterDict()
        self.changes: dict[int, Change] = {}
        self._fixed: dict[int, Tensor] = {}
        for tensor, value in self.constants().items():
            held = torch.from_numpy(np.array(value))
            if held.dtype == torch.float32:
                self.weights[str(tensor)] = nn.Parameter(held)
            else:
                self._fixed[tensor] = held

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute the outputs, by their names in the signature.

        Args:
            inputs: By their names in the signature, in the file's axis order.
        """
        values = self.activations(inputs)
        return {name: values[at] for name, at in self.graph.signature_outputs().items()}

    def activations(self, inputs: Mapping[str, Tensor]) -> dict[int, Tensor]:
        """Compute every tensor that an operator reads or writes, by number."""
        values = {at: inputs[name] for name, at in self.graph.signature_inputs().items()}
        values = {at: self.changed(at, value) for at, value in values.items()}
        for step in self.steps:
            read = [None if at < 0 else self._value(at, values) for at in step.inputs]
            found = self.compute(step, read)
            written = (found,) if isinstance(found, Tensor) else tuple(found)
            for at, value in zip(step.outputs, written, strict=True):
                values[at] = self.changed(at, value)
        return values

    def write_weights(self, graph: Graph | None = None) -> Graph:
        """Store the parameters in a graph with the same tensors; in a copy of its own if None."""
        target = copy.deepcopy(self.graph) if graph is None else graph
        for number, weight in self.weights.items():
            overwrite(target, int(number), weight)
        return target

    def compute(self, step: Step, read: list[Tensor | None]) -> Any:
        """Run one operator on what it reads; None is an input that is left out."""
        return self.kernels[step.kind](step.options, *read)

    def _check_kinds(self) -> None:
        for step in self.steps:
            if step.kind not in self.kernels:
                written = ", ".join(repr(self.graph.name(at)) for at in step.outputs)
                raise UnsupportedOp(
                    f"{step.kind}, which writes {written}, cannot be computed in PyTorch, so that"
                    " nothing can be trained through it; train the model in its own framework, or"
                    " replace the operator"
                )

    def constants(self) -> dict[int, NDArray[Any]]:
        """Give the constants that operators read, by the number of their tensor."""
        read = dict.fromkeys(at for step in self.steps for at in step.reads)
        values = {at: self.graph.constant(at) for at in read}
        return {at: value for at, value in values.items() if value is not None}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Copy the parameters, but not the file's own bytes, which nobody changes."""
        memo[id(self.graph)] = self.graph
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return made

    def _value(self, at: int, values: Mapping[int, Tensor]) -> Tensor:
        return values[at] if at in values else self.constant(at)

    def constant(self, at: int) -> Tensor:
        """Give a constant as operators read it."""
        if at in self._fixed:
            return self._fixed[at]
        return self.changed(at, self.weights[str(at)])

    def changed(self, at: int, value: Tensor) -> Tensor:
        """Give a value as what reads it gets it."""
        return self.changes[at](value) if at in self.changes else value


def overwrite(graph: Graph, tensor: int, value: Tensor) -> None:
    """Give a constant another value where it lies, so that equal values make an equal file."""
    found = value.detach().contiguous().numpy()
    buffer = graph.subgraph.tensors[tensor].buffer
    graph.store(tensor, found)
    made = graph.model.buffers[graph.subgraph.tensors[tensor].buffer]
    users = sum(each.buffer == buffer for sub in graph.model.subgraphs for each in sub.tensors)
    if users == 0:
        graph.model.buffers[buffer].data = made.data
        graph.subgraph.tensors[tensor].buffer = buffer
