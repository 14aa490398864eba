"""Layers that multiply by constant weights, and how scales and shifts move into those weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from decant.graph.edit import (
    attribute,
    constant,
    is_private,
    new_constant,
    new_node,
    produced_by,
    rank,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Linear:
    """A layer y = x · weight + bias with constant parameters.

    Attributes:
        output: The value y.
        node: Conv, ConvTranspose, Gemm or MatMul.
        weight: Its weights, in the node's own order.
        bias: [outputs], or None. For a MatMul, the constant of the Add behind it.
    """

    output: ir.Value
    node: ir.Node
    weight: Array
    bias: Array | None

    @property
    def channel_axis(self) -> int:
        """Axis of y along which the outputs lie."""
        if self.node.op_type in ("Conv", "ConvTranspose"):
            return 1
        whole = rank(self.output)
        assert whole is not None
        return whole - 1

    @property
    def outputs(self) -> int:
        """How many outputs (channels of y) there are."""
        match self.node.op_type:
            case "Conv":
                return int(self.weight.shape[0])
            case "ConvTranspose":
                return int(self.weight.shape[1] * attribute(self.node, "group"))
            case "Gemm":
                return int(self.weight.shape[0 if attribute(self.node, "transB") else 1])
        return int(self.weight.shape[-1])

    def scaled(self, scale: Array, shift: Array | None) -> tuple[Array, Array | None]:
        """Return weight and bias of y * scale + shift; both are [outputs], in float64."""
        bias = None if self.bias is None else self.bias.astype(np.float64) * scale
        if shift is not None:
            bias = shift if bias is None else bias + shift
        return self.weight * self._spread(scale), bias

    @property
    def inputs(self) -> int:
        """How many inputs (channels of x) there are."""
        match self.node.op_type:
            case "Conv":
                return int(self.weight.shape[1] * attribute(self.node, "group"))
            case "Gemm":
                return int(self.weight.shape[1 if attribute(self.node, "transB") else 0])
        return int(self.weight.shape[0])

    @property
    def takes_shift(self) -> bool:
        """Whether a constant added to every x adds one constant per output to y.

        At padded borders, and at all borders of a transposed convolution, it does not.
        """
        match self.node.op_type:
            case "Conv":
                unpadded = attribute(self.node, "auto_pad") in ("NOTSET", "VALID")
                return unpadded and not any(attribute(self.node, "pads") or ())
            case "ConvTranspose":
                return False
        return True

    def from_scaled(self, scale: Array, shift: Array | None) -> tuple[Array, Array | None]:
        """Return weight and bias of the layer on x * scale + shift, both [inputs], in float64."""
        bias = None if self.bias is None else self.bias.astype(np.float64)
        if self.node.op_type == "ConvTranspose":
            tail = (1,) * (self.weight.ndim - 1)
            return self.weight * scale.reshape(-1, *tail), bias
        by_output = self._by_output()  # [groups, outputs, inputs, …]
        group = by_output.shape[0]
        tail = (1,) * (by_output.ndim - 3)
        if shift is not None:
            product = by_output * shift.reshape(group, 1, -1, *tail)
            added = product.sum(axis=tuple(range(2, product.ndim))).reshape(-1)
            bias = added if bias is None else bias + added
        return self._from_by_output(by_output * scale.reshape(group, 1, -1, *tail)), bias

    def _by_output(self) -> Array:
        weight = self.weight.astype(np.float64)
        if self.node.op_type == "Conv":
            return weight.reshape(attribute(self.node, "group"), -1, *weight.shape[1:])
        transposed = self.node.op_type == "Gemm" and attribute(self.node, "transB")
        return (weight if transposed else weight.T)[None]

    def _from_by_output(self, by_output: Array) -> Array:
        if self.node.op_type == "Conv":
            return by_output.reshape(self.weight.shape)
        matrix: Array = by_output[0]
        transposed = self.node.op_type == "Gemm" and attribute(self.node, "transB")
        return matrix if transposed else matrix.T

    def _spread(self, scale: Array) -> Array:
        """Lay a per-output vector out along the weight's output axis."""
        weight = self.weight
        match self.node.op_type:
            case "Conv":
                return scale.reshape(-1, *(1,) * (weight.ndim - 1))
            case "ConvTranspose":
                group = attribute(self.node, "group")
                per_input = np.repeat(
                    scale.reshape(group, 1, -1), weight.shape[0] // group, axis=1
                ).reshape(weight.shape[0], weight.shape[1])
                return per_input.reshape(*per_input.shape, *(1,) * (weight.ndim - 2))
            case "Gemm" if attribute(self.node, "transB"):
                return scale[:, None]
        return scale

    def rebuild(self, before: ir.Node, x: ir.Value, weight: Array, bias: Array | None) -> ir.Value:
        """Insert the layer with other parameters (or another input) in front of a node.

        Returns:
            The new y, to be put in the place of `before`'s output or of the old y.
        """
        graph: Any = before.graph
        dtype = self.weight.dtype
        base = self.node.inputs[1].name  # type: ignore[union-attr]
        inputs = [x, new_constant(graph, weight.astype(dtype), f"{base}/folded")]
        attributes = {name: attr.value for name, attr in self.node.attributes.items()}
        matmul = self.node.op_type == "MatMul"
        addend = None
        if bias is not None:
            addend = new_constant(graph, bias.astype(dtype), f"{base}/bias")
            if not matmul:
                inputs.append(addend)
        if self.node.op_type == "Gemm":
            attributes |= {"alpha": 1.0, "beta": 1.0}
        y = new_node(before, self.node.op_type, inputs, attributes, like=self.output)
        y.producer().metadata_props.update(self.node.metadata_props)  # type: ignore[union-attr]
        if not matmul or addend is None:
            return y
        return new_node(before, "Add", [y, addend], like=self.output)


def linear(value: ir.Value | None) -> Linear | None:
    """Read the layer that makes a value, if its weights are constant; MatMul with its Add."""
    node = produced_by(value, "Conv", "ConvTranspose", "Gemm", "MatMul", "Add")
    if node is None or value is None:
        return None
    if node.op_type == "Add":
        return _matmul_add(value, node)
    weight = constant(node.inputs[1])
    if weight is None or not np.issubdtype(weight.dtype, np.floating):
        return None
    if node.op_type == "MatMul":
        return Linear(value, node, weight, None) if weight.ndim == 2 and rank(value) else None
    given = node.inputs[2] if len(node.inputs) > 2 else None
    bias = constant(given)
    if given is not None and bias is None:
        return None
    if node.op_type == "Gemm":
        return _gemm(value, node, weight, bias)
    return Linear(value, node, weight, bias)


def _gemm(value: ir.Value, node: ir.Node, weight: Array, bias: Array | None) -> Linear | None:
    """Read a Gemm with alpha and beta multiplied in; its bias must not vary over rows."""
    weight = weight * np.asarray(attribute(node, "alpha"), weight.dtype)
    if bias is None:
        return Linear(value, node, weight, None)
    outputs = weight.shape[0 if attribute(node, "transB") else 1]
    if bias.ndim > 1 and bias.shape[0] != 1:
        return None
    row = np.broadcast_to(bias.reshape(-1), (outputs,))
    return Linear(value, node, weight, row * np.asarray(attribute(node, "beta"), bias.dtype))


def _matmul_add(value: ir.Value, node: ir.Node) -> Linear | None:
    for product, addend in (node.inputs, tuple(node.inputs)[::-1]):
        inner = linear(product) if produced_by(product, "MatMul") else None
        if inner is None or product is None or not is_private(product):
            continue
        bias = along(addend, inner.outputs, inner.channel_axis, rank(value))
        if bias is not None and rank(product) == rank(value):
            return Linear(value, inner.node, inner.weight, bias)
    return None


def along(value: ir.Value | None, size: int, axis: int, whole: int | None) -> Array | None:
    """Return a constant as a vector [size] if it varies along one axis only.

    Args:
        value: A constant that broadcasts against a tensor of `whole` axes.
        size: That tensor's size along the axis.
        axis: The axis.
        whole: How many axes the tensor has.
    """
    array = constant(value)
    if array is None or whole is None or array.ndim > whole:
        return None
    padded = (1,) * (whole - array.ndim) + array.shape
    others = all(n == 1 for i, n in enumerate(padded) if i != axis)
    if not others or padded[axis] not in (1, size):
        return None
    return np.broadcast_to(array.reshape(-1), (size,)).astype(np.float64)


def is_number(value: ir.Value | None, number: float) -> bool:
    """Whether a value is a constant with this one number in every element."""
    array = constant(value)
    return array is not None and array.size > 0 and bool(np.all(array == number))


def reader(user: ir.Node, value: ir.Value) -> Linear | None:
    """Read the linear layer that takes `value` as its data input; a MatMul with its Add."""
    if user.domain not in ("", "ai.onnx") or user.inputs[0] is not value:
        return None
    if any(v is value for v in tuple(user.inputs)[1:]):
        return None
    if user.op_type == "Gemm" and attribute(user, "transA"):
        return None
    output = user.outputs[0]
    if user.op_type == "MatMul" and is_private(output):
        biased = linear(output.consumers()[0].outputs[0])
        if biased is not None and biased.node is user:
            return biased
    return linear(output) if user.op_type != "Add" else None
