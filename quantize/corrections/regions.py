"""Finds where a scale per channel can be taken out of activations and put into constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from .layers import Layer, fused_activation, layers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.flatbuffer.graph import Graph

# f(x / s) = f(x) / s for s > 0, channel by channel. PAD puts zeros.
HOMOGENEOUS = (
    "ABS",
    "AVERAGE_POOL_2D",
    "LEAKY_RELU",
    "MAX_POOL_2D",
    "MEAN",
    "NEG",
    "PAD",
    "PRELU",
    "RELU",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "SUM",
    "TRANSPOSE",
)
SUMS = ("ADD", "SUB")
# What an operator may end in; RELU6 has a bound that does not move with the scale.
ENDS = (schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU)


@dataclass(frozen=True, slots=True)
class Operand:
    """A constant of an operator, a value per channel along its last axis.

    Attributes:
        operator: Of the schema.
        at: Place of the constant among its inputs.
    """

    operator: Any
    at: int


@dataclass(slots=True)
class Region:
    """Activations that share a scale per channel, and the constants that can take it in.

    Before: producer w → x → RELU → y → consumer v
    After:  producer w / s → x / s → RELU → y / s → consumer s · v

    Attributes:
        tensors: The activations, in the order of the graph; channels are their last axis.
        channels: How many they have.
        writers: Layers that write one of them; their weights' output channels are divided.
        readers: Layers that read one of them; their weights' input channels are multiplied.
        divided: Constants added to or multiplied into what becomes one of the activations.
        multiplied: Constants that one of the activations is multiplied by.
    """

    tensors: list[int]
    channels: int
    writers: list[Layer] = field(default_factory=list)
    readers: list[Layer] = field(default_factory=list)
    divided: list[Operand] = field(default_factory=list)
    multiplied: list[Operand] = field(default_factory=list)


def regions_of(graph: Graph) -> list[Region]:
    """Find all regions, in the order of their first activations.

    An activation that is an input or output of the graph, or that meets an operator which a scale
    changes the result of, keeps its region as it is.
    """
    search = _Search(graph)
    for operator in graph.operators:
        search.visit(operator)
    return search.regions()


class _Search:
    """Joins activations to regions operator by operator (union-find)."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._layers = {id(layer.operator): layer for layer in layers_of(graph)}
        self._parents: dict[int, int] = {}
        self._fixed: set[int] = {*graph.inputs, *graph.outputs}
        self._writers: list[tuple[int, Layer]] = []
        self._readers: list[tuple[int, Layer]] = []
        self._divided: list[tuple[int, Operand]] = []
        self._multiplied: list[tuple[int, Operand]] = []

    def visit(self, operator: Any) -> None:
        """Take up what an operator does to a scale."""
        kind, written = self._graph.kind(operator), [int(t) for t in operator.outputs]
        computed = [t for t in map(int, operator.inputs) if self._is_computed(t)]
        layer = self._layers.get(id(operator))
        if fused_activation(operator) not in ENDS:
            self._fix(written)
        if layer is not None:
            self._visit_layer(layer)
        elif kind in HOMOGENEOUS and len(computed) == 1 and self._keeps_channels(operator):
            self._join([*computed, *written])
        elif kind in SUMS:
            self._visit_sum(operator, computed, written[0])
        elif kind == "MUL":
            self._visit_product(operator, computed, written[0])
        else:
            self._fix([*computed, *written])

    def regions(self) -> list[Region]:
        """Give the regions of a scale that something takes in on both sides."""
        members: dict[int, list[int]] = {}
        for tensor in self._parents:
            members.setdefault(self._root(tensor), []).append(tensor)
        fixed = {self._root(tensor) for tensor in self._fixed if tensor in self._parents}
        found = {
            root: Region(sorted(tensors), self._graph.shape(tensors[0])[-1])
            for root, tensors in members.items()
            if root not in fixed
        }
        for name in ("writers", "readers", "divided", "multiplied"):
            for tensor, each in getattr(self, f"_{name}"):
                region = found.get(self._root(tensor))
                if region is not None:
                    getattr(region, name).append(each)
        taken = [each for each in found.values() if each.readers and each.channels > 1]
        return sorted(taken, key=lambda region: region.tensors[0])

    def _visit_layer(self, layer: Layer) -> None:
        self._join([layer.reads])
        self._join([layer.writes])
        self._writers.append((layer.writes, layer))
        inputs = self._graph.shape(layer.reads)
        whole = len(inputs) > 1 and layer.weights.shape[layer.input_axis] == inputs[-1]
        if whole:
            self._readers.append((layer.reads, layer))
        else:  # channels in groups, or several outputs of each
            self._fix([layer.reads])

    def _visit_sum(self, operator: Any, computed: Sequence[int], written: int) -> None:
        constants = self._per_channel(operator, written)
        if len(computed) + len(constants) < 2:
            self._fix([*computed, written])
            return
        self._join([*computed, written])
        self._divided += [(written, each) for each in constants]

    def _visit_product(self, operator: Any, computed: Sequence[int], written: int) -> None:
        constants = self._per_channel(operator, written)
        if len(computed) == len(constants) == 1:
            self._join(computed)
            self._join([written])
            self._multiplied += [(computed[0], each) for each in constants]
            self._divided += [(written, each) for each in constants]
        elif len(set(computed)) == 2 and self._graph.kind(self._writer(computed[0])) != "LOGISTIC":
            self._join([computed[0], written])  # the other one is its gate
            self._fix(computed[1:])
        elif len(set(computed)) == 2:
            self._join([computed[1], written])
            self._fix(computed[:1])
        else:
            self._fix([*computed, written])

    def _keeps_channels(self, operator: Any) -> bool:
        """Whether an operator of one activation leaves its last axis the last, and as it is."""
        kind, rank = self._graph.kind(operator), len(self._graph.shape(int(operator.inputs[0])))
        if kind not in ("MEAN", "SUM", "TRANSPOSE"):
            return True  # as far as they leave it its size
        axes = self._graph.constant(int(operator.inputs[1]))
        if axes is None:
            return False
        last = [int(axis) % rank == rank - 1 for axis in axes.ravel()]
        return last[-1] if kind == "TRANSPOSE" else not any(last)

    def _per_channel(self, operator: Any, written: int) -> list[Operand]:
        """List an operator's constants that hold a value for every channel."""
        channels = self._graph.shape(written)[-1:]
        found = []
        for at, tensor in enumerate(map(int, operator.inputs)):
            value = self._graph.constant(tensor)
            if value is not None and value.dtype == np.float32 and value.shape[-1:] == channels:
                found.append(Operand(operator, at))
        return found

    def _writer(self, tensor: int) -> Any:
        return next(op for op in self._graph.operators if tensor in [int(t) for t in op.outputs])

    def _is_computed(self, tensor: int) -> bool:
        known = tensor >= 0 and self._graph.constant(tensor) is None
        return known and self._graph.is_float(tensor)

    def _fix(self, tensors: Sequence[int]) -> None:
        self._fixed.update(tensors)

    def _join(self, tensors: Sequence[int]) -> None:
        """Let activations share a scale; of other channels than each other, they keep none."""
        for tensor in tensors:
            self._parents.setdefault(tensor, tensor)
        shapes = [self._graph.shape(tensor) for tensor in tensors]
        if min(map(len, shapes)) < 2 or len({shape[-1] for shape in shapes}) > 1:
            self._fix(tensors)
            return
        for tensor in tensors[1:]:
            self._parents[self._root(tensor)] = self._root(tensors[0])

    def _root(self, tensor: int) -> int:
        while self._parents[tensor] != tensor:
            tensor = self._parents[tensor]
        return tensor
