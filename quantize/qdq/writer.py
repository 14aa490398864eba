"""Writes ONNX nodes for the tensors of a `.tflite`, each in the order of axes that ONNX asks for.

ONNX computes images as [N, C, H, W], a `.tflite` as [N, H, W, C]. A tensor is therefore kept as an
ONNX value with its axes in some order; what is pointwise keeps the order that it finds, and only
what needs another one transposes.

A tensor of integers is written as the floats that its integers stand for: behind whatever computes
it stand a QuantizeLinear and a DequantizeLinear with the tensor's own scale and zero point.

Where the zero points of int8 activations are all 0, they are int8 in ONNX too: TensorRT takes no
others. Where they are not, the same integers are written as uint8, 128 larger: on x86 ONNX Runtime
(1.31) has no int8 kernels, and makes uint8 of int8 itself only where a single operator reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .quanta import UNSIGNED_OFFSET, has_zero_points, quanta_of
from .step import NoForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from decant.flatbuffer.graph import Graph

    from .quanta import Quanta

    Array = NDArray[Any]

Order = tuple[int, ...]
"""Axis i of the ONNX value is axis order[i] of the tensor."""

CHANNELS_FIRST: Order = (0, 3, 1, 2)
OPSET = 20
"""The first with Gelu."""
INT16_OPSET = 21
"""The first whose QuantizeLinear gives int16."""


class Writer:
    """The ONNX graph that grows from a graph of a `.tflite`."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.opset = OPSET
        self._names: set[str] = set()
        self._forms: dict[int, dict[Order, str]] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._stored: dict[int, int] = {}
        self._unsigned = has_zero_points(graph)
        self._makers = {int(each.outputs[0]): each for each in graph.operators if len(each.outputs)}

    # Nodes

    def unique(self, name: str) -> str:
        """Take a name that nothing else has."""
        found, count = name, 1
        while found in self._names:
            found, count = f"{name}_{count}", count + 1
        self._names.add(found)
        return found

    def node(self, kind: str, inputs: Sequence[str], like: str, **attributes: Any) -> str:
        """Add a node of one output.

        Args:
            kind: ONNX's name.
            inputs: What it reads; "" where an optional input is absent.
            like: What the output is called, unless something else is.
            attributes: Of the node.
        """
        return self.several(kind, inputs, [like], **attributes)[0]

    def several(
        self, kind: str, inputs: Sequence[str], like: Sequence[str], **attributes: Any
    ) -> list[str]:
        """Add a node of several outputs."""
        outputs = [self.unique(name) for name in like]
        name = f"{kind}:{outputs[0]}"
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=name, **attributes))
        return outputs

    def constant(self, value: Array, like: str = "constant") -> str:
        """Store a value, equal ones once."""
        key = value.dtype.str, value.shape, value.tobytes()
        if key not in self._constants:
            self._constants[key] = self._initializer(value, like)
        return self._constants[key]

    def integers(self, values: Sequence[int]) -> str:
        """Store a list of sizes or axes."""
        return self.constant(np.asarray(values, np.int64), "integers")

    def _initializer(self, value: Array, like: str) -> str:
        name = self.unique(like)
        self.initializers.append(numpy_helper.from_array(value.copy(order="C"), name))
        return name

    # What is known of a tensor

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Give a tensor's sizes; a free one is -1."""
        return self.graph.shape(tensor)

    def rank(self, tensor: int) -> int:
        """Count a tensor's axes."""
        return len(self.graph.shape(tensor))

    def name(self, tensor: int) -> str:
        """Give the file's name of a tensor."""
        return self.graph.name(tensor)

    def dtype(self, tensor: int) -> np.dtype[Any]:
        """Give the type of the value of a tensor: float where its integers have a scale."""
        scaled = quanta_of(self.graph, tensor) is not None
        return np.dtype(np.float32) if scaled else self.graph.dtype(tensor)

    def same_quanta(self, one: int, other: int) -> bool:
        """Whether the integers of two tensors stand for the same, or both hold floats."""
        first, second = (quanta_of(self.graph, tensor) for tensor in (one, other))
        return second is None if first is None else first.equals(second)

    def identity(self, tensor: int) -> Order:
        """Give the order of axes that the file has."""
        return tuple(range(self.rank(tensor)))

    def order(self, tensor: int) -> Order:
        """Give the order of axes in which a tensor is there already."""
        return next(iter(self._forms.get(tensor, {self.identity(tensor): ""})))

    def copies(self, tensor: int, axis: int) -> tuple[int, int] | None:
        """Say which tensor a tensor is copies of along an axis, and how many; None if it is not."""
        maker = self._makers.get(tensor)
        if maker is None or self.graph.kind(maker) != "CONCATENATION":
            return None
        sources, along = {int(each) for each in maker.inputs}, maker.builtinOptions.axis
        if len(sources) > 1 or along % self.rank(tensor) != axis:
            return None
        return sources.pop(), len(maker.inputs)

    # Constants

    def stored(self, tensor: int) -> Array | None:
        """Give the integers or floats that the file stores for a tensor; None if it is computed.

        What a DEQUANTIZE makes of a constant counts as one.
        """
        return self.graph.constant(self._stored.get(tensor, tensor))

    def is_constant(self, tensor: int) -> bool:
        """Whether the file stores a tensor."""
        return self.stored(tensor) is not None

    def known(self, tensor: int, what: str) -> Array:
        """Give a constant.

        Raises:
            NoForm: It is computed.
        """
        value = self.stored(tensor)
        if value is None:
            raise NoForm(f"its {what} is computed, and only a constant one has a form in ONNX")
        return value

    def keep_stored(self, tensor: int, constant: int) -> None:
        """Let a tensor be what a constant stands for."""
        self._stored[tensor] = constant

    def weights(self, tensor: int, order: Order, what: str = "kernel") -> str:
        """Store the constant weights or bias of a product, whose integers keep their type.

        Their scale and zero point are stored for themselves: ONNX Runtime (1.31) changes those of
        weights in place where it is asked for exact products, and fails on shared ones.

        Raises:
            NoForm: They are computed.
        """
        value = self.known(tensor, what).transpose(order)
        source = self._stored.get(tensor, tensor)
        quanta, name = quanta_of(self.graph, source), self.name(source)
        if quanta is None or value.dtype == np.int64:  # the bias of int16 activations is int64
            scales = 1.0 if quanta is None else quanta.scales
            return self.constant((value * scales).astype(np.float32), name)
        integers = self._initializer(value, name)
        parameters = [
            self._initializer(each, f"{name}_{what}")
            for each, what in ((quanta.scales, "scale"), (quanta.zero_points, "zero_point"))
        ]
        attributes = {"axis": order.index(quanta.axis)} if quanta.per_channel else {}
        inputs = [integers, *parameters]
        return self.node("DequantizeLinear", inputs, f"{name}_dequantized", **attributes)

    def operand(self, tensor: int, order: Order, shape: Sequence[int] | None = None) -> str:
        """Store a constant that is computed with like an activation.

        Args:
            tensor: Its number.
            order: Of its axes.
            shape: As which it is stored; None for its own.
        """
        source = self._stored.get(tensor, tensor)
        value = self.known(tensor, "value").transpose(order)
        value = value if shape is None else value.reshape(shape)
        quanta, name = quanta_of(self.graph, source), self.name(source)
        if quanta is None:
            value = value.astype(np.float32) if value.dtype == np.float16 else value
            return self.constant(value, name)
        axis = order.index(quanta.axis) if quanta.per_channel else 0
        unsigned = quanta.unsigned if self._unsigned else quanta
        if unsigned is not quanta:
            value = (value.astype(np.int16) + UNSIGNED_OFFSET).astype(np.uint8)
        return self._dequantized(self.constant(value, name), unsigned, axis, name)

    # Reading

    def read(self, tensor: int, order: Order | None = None) -> str:
        """Give the value of a tensor, as floats if its integers have a scale.

        Args:
            tensor: Its number.
            order: Of its axes; the file's own if None.
        """
        order = self.identity(tensor) if order is None else order
        forms = self._forms.setdefault(tensor, {})
        if order not in forms:
            give = self.operand if self.is_constant(tensor) else self._reordered
            forms[order] = give(tensor, order)
        return forms[order]

    def flat(self, tensor: int) -> str:
        """Give a value whose numbers lie in memory as the file's do, whatever its shape."""
        for order, name in self._forms.get(tensor, {}).items():
            if self._moves_units_only(tensor, self.identity(tensor), order):
                return name
        return self.read(tensor)

    def _reordered(self, tensor: int, order: Order) -> str:
        old, value = next(iter(self._forms[tensor].items()))
        if self._moves_units_only(tensor, old, order):
            target = self.integers([self.shape(tensor)[axis] for axis in order])
            moved = self.node("Reshape", [value, target], value)
        else:
            moved = self.node("Transpose", [value], value, perm=[old.index(axis) for axis in order])
        return self._rounded(moved, tensor)

    def _moves_units_only(self, tensor: int, old: Order, new: Order) -> bool:
        """Whether two orders of axes lay the numbers out alike in memory."""
        shape = self.shape(tensor)
        if min(shape, default=1) < 1:
            return old == new
        return [a for a in old if shape[a] != 1] == [a for a in new if shape[a] != 1]

    # Writing

    def write(self, tensor: int, value: str, order: Order | None = None) -> None:
        """Let a value be that of a tensor, rounded to the tensor's integers if it has such."""
        order = self.identity(tensor) if order is None else order
        self._forms[tensor] = {order: self._rounded(value, tensor)}

    def alias(self, tensor: int, value: str, order: Order) -> None:
        """Let a value be that of a tensor which needs no rounding any more."""
        self._forms[tensor] = {order: value}

    def dequantized(self, value: str, tensor: int) -> str:
        """Give what the integers of a value stand for by a tensor's scale."""
        quanta = quanta_of(self.graph, tensor)
        return value if quanta is None else self._dequantized(value, quanta, 0, value)

    def quantized(self, value: str, tensor: int) -> str:
        """Give the integers that stand for a value by a tensor's scale, of the tensor's type."""
        quanta = quanta_of(self.graph, tensor)
        return value if quanta is None else self._quantized(value, quanta)

    def _rounded(self, value: str, tensor: int) -> str:
        quanta = quanta_of(self.graph, tensor)
        if quanta is None:
            return value
        if quanta.per_channel:
            raise NoForm(f"{self.name(tensor)!r} is computed and has a scale per channel")
        quanta = quanta.unsigned if self._unsigned else quanta
        return self._dequantized(self._quantized(value, quanta), quanta, 0, value)

    def _quantized(self, value: str, quanta: Quanta) -> str:
        inputs = [value, *self._parameters(quanta)]
        return self.node("QuantizeLinear", inputs, f"{value}_quantized")

    def _dequantized(self, value: str, quanta: Quanta, axis: int, like: str) -> str:
        attributes = {"axis": axis} if quanta.per_channel else {}
        inputs = [value, *self._parameters(quanta)]
        return self.node("DequantizeLinear", inputs, f"{like}_dequantized", **attributes)

    def _parameters(self, quanta: Quanta) -> list[str]:
        if quanta.zero_points.dtype == np.int16:
            self.opset = INT16_OPSET
        scale = self.constant(quanta.scales, "scale")
        return [scale, self.constant(quanta.zero_points, "zero_point")]
