"""Infers the shapes that a rewrite made known, node by node, each under its own opset."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import onnx
import onnx_ir as ir

from .edit import constant, opset

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

MODERN_OPSET = 18
"""By then all attributes that `upgrade` makes inputs are inputs."""

MADE_UP = "unk__"
"""How the names begin that ONNX's inference gives to sizes that it does not know."""

LARGEST_DATA = 1024
"""Elements of a constant that inference may look at: shapes and axes, not weights."""


def infer_unknown(graph: ir.Graph) -> int:
    """Give every output whose shape is not known what follows from its inputs.

    ONNX's inference over a whole model reads all nodes under one opset, which is wrong where
    attributes have become inputs or a rewrite made a newer operator.

    Returns:
        How many outputs have a shape now that had none, or fewer free sizes.
    """
    gained = 0
    for node in graph:
        if node.domain == "" and (any(map(_is_open, node.outputs)) or _begins_naming(node)):
            gained += _infer(node)
    return gained


def _is_open(value: ir.Value) -> bool:
    return value.shape is None or value.dtype is None or value.shape.has_unknown_dim()


def _begins_naming(node: ir.Node) -> bool:
    """Whether inference once knew no better than to name sizes here; constants may tell by now."""
    given = (value for value in node.inputs if value is not None)
    return any(map(_has_made_up, node.outputs)) and not any(map(_has_made_up, given))


def _has_made_up(value: ir.Value) -> bool:
    return value.shape is not None and any(map(_is_made_up, value.shape))


def _is_made_up(size: int | ir.SymbolicDim) -> bool:
    return isinstance(size, ir.SymbolicDim) and str(size.value).startswith(MADE_UP)


def contradicts(graph: ir.Graph) -> bool:
    """Whether the shapes that a node is given are such that no runtime can compute it."""
    for node in graph:
        try:
            if node.domain == "":
                _found(node)
        except onnx.shape_inference.InferenceError as error:
            logger.debug("%s cannot run: %s", node.name, error)
            return True
    return False


def _infer(node: ir.Node) -> int:
    try:
        found = _found(node)
    except onnx.shape_inference.InferenceError as error:
        logger.debug("no shape for %s: %s", node.name, error)
        return 0
    return sum(_learn(v, found[v.name]) for v in node.outputs if v.name in found)


def _found(node: ir.Node) -> dict[str, onnx.TypeProto]:
    """What inference says of a node's outputs; nothing where an input is not known."""
    given = [value for value in node.inputs if value is not None]
    schema = _schema(node)
    if schema is None or any(value.type is None or value.shape is None for value in given):
        return {}
    types = {str(v.name): ir.serde.serialize_type(v.type) for v in given if v.type is not None}
    for value in given:
        if value.shape is not None:
            ir.serde.serialize_shape_into(types[str(value.name)], value.shape)
    return onnx.shape_inference.infer_node_outputs(
        schema,
        ir.serde.serialize_node(node),
        types,
        _data(given),
        opset_imports=[onnx.helper.make_opsetid("", schema.since_version)],
    )


def _schema(node: ir.Node) -> onnx.defs.OpSchema | None:
    try:
        schema = onnx.defs.get_schema(node.op_type, opset(node), "")
        if len(node.inputs) > schema.max_input:
            schema = onnx.defs.get_schema(node.op_type, max(opset(node), MODERN_OPSET), "")
    except onnx.defs.SchemaError:
        return None
    return schema


def _data(given: Iterable[ir.Value]) -> dict[str, onnx.TensorProto]:
    """Collect the small constants, which decide the shapes of Reshape, Slice and the like."""
    data = {}
    for value in given:
        array = constant(value)
        if array is not None and array.size <= LARGEST_DATA:
            data[str(value.name)] = onnx.numpy_helper.from_array(array, value.name)
    return data


def _learn(value: ir.Value, found: onnx.TypeProto) -> int:
    """Take over what is new; whether anything was."""
    if value.type is None:
        value.type = ir.serde.deserialize_type_proto_for_type(found)
    shape = ir.serde.deserialize_type_proto_for_shape(found)
    if shape is None:
        return 0
    if value.shape is None or len(value.shape) != len(shape):  # what a file states may be wrong
        value.shape = shape
        return 1
    own = list(value.shape)
    known = [i for i, size in enumerate(shape) if _is_news(own[i], size)]
    for i in known:
        own[i] = shape[i]
    value.shape = ir.Shape(own)
    return int(bool(known))


def _is_news(own: int | ir.SymbolicDim, found: int | ir.SymbolicDim) -> bool:
    """Whether a size found says more than what is known: a number than a name, a name than none."""
    if isinstance(found, int):
        return not isinstance(own, int) and (own.value is None or _is_made_up(own))
    return isinstance(own, ir.SymbolicDim) and own.value is None and found.value is not None
