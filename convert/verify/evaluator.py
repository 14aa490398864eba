"""Computes an ONNX graph node by node, in single or in double precision.

It is ONNX's own reference, which shares nothing with what is verified.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from decant.errors import DataError, UnsupportedOp

from .recurrent import DynamicQuantizeLSTM
from .reference_ops import OWN, InRuntime, in_runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Arrays = Mapping[str, Array]
    Move: TypeAlias = "Callable[[Array], Array]"

SINGLE, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
TYPE_ATTRIBUTES = frozenset({"to", "dtype"})
STANDARD = frozenset({"", "ai.onnx", "ai.onnx.ml"})

REFUSALS = (DataError, UnsupportedOp, ArithmeticError, LookupError, NotImplementedError,
            RuntimeError, TypeError, ValueError)  # fmt: skip
"""What a node may end in: the reference lets through whatever NumPy raises."""


MOVES = frozenset({
    "Cast", "CastLike", "Concat", "Constant", "ConstantOfShape", "DepthToSpace", "Dropout",
    "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "Pad", "Range",
    "Reshape", "Shape", "Size", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose",
    "Unsqueeze",
})  # fmt: skip
"""Ops that compute nothing: where others are in a step with them, those are named."""

EXACT = MOVES | {
    "Abs", "And", "ArgMax", "ArgMin", "Ceil", "Clip", "Compress", "Equal", "Floor",
    "GlobalMaxPool", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "MaxPool", "Min",
    "Neg", "Not", "OneHot", "Or", "ReduceMax", "ReduceMin", "Relu", "ReverseSequence", "Round",
    "ScatterElements", "ScatterND", "Sign", "TopK", "Trilu", "Where", "Xor",
}  # fmt: skip
"""Ops that round nothing: what is equal before them stays so."""


QUANTIZERS = frozenset({"DynamicQuantizeLinear", "DynamicQuantizeLSTM", "QuantizeLinear"})
"""Ops behind which nothing is left of the little that an input is moved by, but at a tie."""


class Evaluator:
    """The nodes of a graph in one precision."""

    def __init__(self, model: onnx.ModelProto, *, double: bool) -> None:
        """Take a graph.

        Args:
            model: Without local functions.
            double: Whether its floats become doubles.

        Raises:
            NotImplementedError: ONNX's reference lacks an operator.
        """
        self.double = double
        graph = onnx.GraphProto()
        graph.CopyFrom(model.graph)
        del graph.initializer[:]
        if double:
            _widen(graph)
        opsets = {each.domain: each.version for each in model.opset_import}
        foreign = {(n.domain, n.op_type) for n in graph.node if n.domain not in STANDARD}
        foreign -= {(each.op_domain, each.__name__) for each in OWN}
        own = [type(name, (InRuntime,), {"op_domain": domain}) for domain, name in sorted(foreign)]
        reference = ReferenceEvaluator(graph, opsets=opsets, new_ops=[*OWN, *own])
        self._nodes = reference.rt_nodes_
        self.weights = {
            weight.name: self.taken(onnx.numpy_helper.to_array(weight))
            for weight in model.graph.initializer
        }

    def taken(self, array: Array) -> Array:
        """An array in this precision."""
        if array.dtype not in (np.float32, np.float64):
            return array
        return array.astype(np.float64 if self.double else np.float32, copy=False)

    def run_node(
        self, place: int, values: Arrays, own: Array | None = None, move: Move | None = None
    ) -> dict[str, Array]:
        """Run one node on values in this precision.

        Args:
            place: Its number.
            values: All that it reads.
            own: Outputs that each step of an LSTM that quantizes goes on from, if given.
            move: Moves what is quantized by this much of its largest element, as sums round; if
                given.

        Raises:
            One of `REFUSALS`: The node cannot be run.
        """
        node = self._nodes[place]
        inputs = [values[name] if name else None for name in node.input]
        context = {"context": dict(values)} if node.need_context() else {}
        by_largest = None if move is None else functools.partial(_moved_by_largest, move)
        x = inputs[0] if node.onnx_node.op_type in QUANTIZERS else None
        if by_largest is not None and x is not None:
            inputs[0] = by_largest(x)
        if isinstance(node, DynamicQuantizeLSTM):
            own = None if own is None else self.taken(own)
            return dict(zip(node.output, node.going_on(inputs, own, by_largest), strict=False))
        try:
            results = node.run(*inputs, **context)
        except REFUSALS:
            if context:
                raise
            results = in_runtime(node, inputs)  # the reference is not whole: GatherElements of 65
        return dict(zip(node.output, results, strict=False))

    def run(
        self,
        sample: Arrays,
        wanted: Sequence[str],
        weights: Arrays | None = None,
        move: Move | None = None,
    ) -> list[Array]:
        """Compute some values of a sample.

        Args:
            sample: The inputs.
            wanted: Names of the values.
            weights: Stand for the graph's own, if given.
            move: Moves what nodes round, if given.

        Raises:
            One of `REFUSALS`: A node cannot be run.
        """
        values = {**(self.weights if weights is None else weights)}
        values.update((name, self.taken(array)) for name, array in sample.items())
        for place in range(len(self._nodes)):
            made = self.run_node(place, values, move=move)
            if move is not None and self._nodes[place].op_type not in EXACT:
                made = {name: move(np.asarray(array)) for name, array in made.items()}
            values.update(made)
        return [np.asarray(values[name]) for name in wanted]


def _moved_by_largest(move: Move, array: Array) -> Array:
    largest = np.full_like(array, np.abs(array).max(initial=0))
    return array + move(largest) - largest


def _widen(graph: onnx.GraphProto) -> None:
    """Make every float of a graph, and of those inside it, a double."""
    for weight in graph.initializer:
        _widen_tensor(weight)
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == SINGLE:
            value.type.tensor_type.elem_type = DOUBLE
    for node in graph.node:
        for attribute in node.attribute:
            _widen_attribute(node, attribute)


def _widen_attribute(node: onnx.NodeProto, attribute: onnx.AttributeProto) -> None:
    if attribute.HasField("t"):
        _widen_tensor(attribute.t)
    if attribute.name in TYPE_ATTRIBUTES and attribute.i == SINGLE:
        attribute.i = DOUBLE
    if node.op_type == "Constant" and attribute.name in ("value_float", "value_floats"):
        value = attribute.f if attribute.name == "value_float" else list(attribute.floats)
        tensor = onnx.numpy_helper.from_array(np.asarray(value, np.float64))
        attribute.CopyFrom(onnx.helper.make_attribute("value", tensor))
    for inner in _graphs(attribute):
        _widen(inner)


def _graphs(attribute: onnx.AttributeProto) -> Iterator[onnx.GraphProto]:
    yield from attribute.graphs
    if attribute.HasField("g"):
        yield attribute.g


def _widen_tensor(tensor: onnx.TensorProto) -> None:
    if tensor.data_type == SINGLE:
        array = onnx.numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
