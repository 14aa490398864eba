"""Brings a model that computes in 16-bit or double floats to single precision, TFLite's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import common

from .edit import subgraphs
from .evaluate import RANDOM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SINGLE = ir.DataType.FLOAT
OTHERS = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16, ir.DataType.DOUBLE)

TYPE_ATTRIBUTES = frozenset(
    {"dtype", "output_datatype", "output_dtype", "precision", "softmax_precision", "stash_type",
     "to"}
)  # fmt: skip
"""Attributes of ONNX's operators that say an element type."""

KEEP_TYPE = frozenset({"BitCast"})
"""Operators that read bits, which another type has not."""

SIZES = frozenset({"Shape", "Size"})


def other_floats(model: ir.Model) -> tuple[str, ...]:
    """Name the float types beside float32 that a model computes in.

    What is made of constants and sizes alone does not count: weights may be stored in 16 bits.

    Args:
        model: As `load` returns it.
    """
    fixed: set[ir.Value] = set()
    values = (*_computed(model.graph, fixed), *model.graph.outputs)
    found = {value.dtype for value in values if value.dtype is not None}
    return tuple(kind.name.lower() for kind in OTHERS if kind in found)


def _computed(graph: ir.Graph, fixed: set[ir.Value]) -> Iterator[ir.Value]:
    """Values of a graph and those inside it that elements of an input go into."""
    yield from graph.inputs
    for node in graph:
        inner = list(subgraphs(node))
        if node.op_type in SIZES or (not inner and _is_fixed(node, fixed)):
            fixed.update(node.outputs)
            continue
        for subgraph in inner:
            yield from _computed(subgraph, fixed)
        yield from node.outputs


def _is_fixed(node: ir.Node, fixed: set[ir.Value]) -> bool:
    given = [value for value in node.inputs if value is not None]
    return node.op_type not in RANDOM and all(v in fixed or v.is_initializer() for v in given)


def to_single(model: ir.Model) -> None:
    """Make every 16-bit or double float of a model a float32, in place.

    Local functions are inlined. Doubles beyond float32's range become its largest numbers: masks
    hold such.

    Args:
        model: As the file has it.
    """
    common.InlinePass()(model)
    for graph in model.graphs():
        for value in (*graph.inputs, *graph.initializers.values()):
            _retype(value)
        for node in graph:
            for value in node.outputs:
                _retype(value)
            if node.op_type not in KEEP_TYPE:
                _retype_attributes(node)


def _retype(value: ir.Value) -> None:
    if value.type is not None:
        value.type = _single_type(value.type)
    if value.const_value is not None and value.const_value.dtype in OTHERS:
        value.const_value = _single_tensor(value.const_value)


def _single_type(kind: ir.TypeProtocol) -> ir.TypeProtocol:
    """The type with float32 in place of another float, inside sequences and optionals too."""
    if isinstance(kind, ir.SequenceType):
        return ir.SequenceType(_single_type(kind.elem_type))
    if isinstance(kind, ir.OptionalType):
        return ir.OptionalType(_single_type(kind.elem_type))
    return ir.TensorType(SINGLE) if kind.dtype in OTHERS else kind


def _retype_attributes(node: ir.Node) -> None:
    for name, attribute in list(node.attributes.items()):
        value = attribute.value
        if attribute.type is ir.AttributeType.TENSOR and value.dtype in OTHERS:
            node.attributes[name] = ir.AttrTensor(name, _single_tensor(value))
        elif attribute.type is ir.AttributeType.TYPE_PROTO:
            retyped = ir.TypeAndShape(_single_type(value.type), value.shape)
            node.attributes[name] = ir.AttrTypeProto(name, retyped)
        elif name in TYPE_ATTRIBUTES and value in OTHERS:
            node.attributes[name] = ir.AttrInt64(name, int(SINGLE))


def _single_tensor(tensor: ir.TensorProtocol) -> ir.TensorProtocol:
    array: NDArray[Any] = tensor.numpy()
    if tensor.dtype is ir.DataType.DOUBLE:
        limits = np.finfo(np.float32)
        array = np.where(np.isinf(array), array, np.clip(array, limits.min, limits.max))
    return ir.tensor(array.astype(np.float32), name=tensor.name)
