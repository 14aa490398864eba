"""Replaces ops that have no lowering by the function that ONNX itself defines them with."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import onnx
import onnx.inliner
import onnx_ir as ir

from decant.graph.load import prepare

from . import registry
from .registry import Key, Lowering

logger = logging.getLogger(__name__)


def expand(model: ir.Model, table: Mapping[Key, Lowering]) -> ir.Model:
    """Inline ONNX's own definition of every op that the table lacks.

    Returns:
        The model itself if nothing was to do, else a new one.
    """
    missing = {
        (node.domain, node.op_type)
        for node in model.graph
        if registry.find(table, node.domain, node.op_type, opset_of(model, node)) is None
        and has_function(node.domain, node.op_type)
    }
    if not missing:
        return model
    proto = ir.to_proto(model)
    _state_defaults(proto, missing)
    _define_gapped(proto, missing)
    try:
        proto = onnx.inliner.inline_selected_functions(
            onnx.inliner.inline_local_functions(proto),
            sorted(missing),
            inline_schema_functions=True,
        )
    except RuntimeError as error:  # the definition depends on a type that inference lacks
        logger.info("%s is not expanded: %s", sorted(missing), error)
        return model
    expanded = ir.from_proto(proto)
    _keep_versions(model, expanded)
    prepare(expanded)
    return expanded if len(expanded.graph) == len(model.graph) else expand(expanded, table)


PRECISION = "softmax_precision"


def _state_defaults(proto: onnx.ModelProto, missing: set[tuple[str, str]]) -> None:
    """Give the nodes all attributes that have a default: a definition refers to them by name.

    One that asks for double precision inside asks for single, TFLite's own.
    """
    opsets = {each.domain: each.version for each in proto.opset_import}
    for node in proto.graph.node:
        if (node.domain, node.op_type) not in missing:
            continue
        schema = onnx.defs.get_schema(node.op_type, opsets[node.domain], node.domain)
        stated = {attribute.name for attribute in node.attribute}
        node.attribute.extend(
            attribute.default_value
            for name, attribute in schema.attributes.items()
            if name not in stated and attribute.default_value.type
        )
        for attribute in node.attribute:
            if attribute.name == PRECISION and attribute.i == onnx.TensorProto.DOUBLE:
                attribute.i = onnx.TensorProto.FLOAT


GAPPED = "decant.gapped"
"""The domain of functions that stand for one node each."""


def _define_gapped(proto: onnx.ModelProto, missing: set[tuple[str, str]]) -> None:
    """Make nodes that leave an input out before a given one calls of functions in the model.

    ONNX's inliner (1.23) asks for the type of the input left out, and gives up without one. Its
    definition of the op does not need it.
    """
    graph = proto.graph
    types = {v.name: v.type for v in (*graph.input, *graph.value_info, *graph.output)}
    types |= {array.name: _type_of(array) for array in graph.initializer}
    opsets = {each.domain: each.version for each in proto.opset_import}
    for index, node in enumerate(graph.node):
        if (node.domain, node.op_type) not in missing or "" not in node.input:
            continue
        schema: Any = onnx.defs.get_schema(node.op_type, opsets[node.domain], node.domain)
        given = [name for name in node.input if name]
        if not schema.has_context_dependent_function or not all(name in types for name in given):
            continue
        known = [types.get(name, onnx.TypeProto()).SerializeToString() for name in node.input]
        body = schema.get_context_dependent_function(node.SerializeToString(), known)
        function = onnx.FunctionProto.FromString(body)
        function.domain, function.name = GAPPED, f"{node.op_type}_{index}"
        proto.functions.append(function)
        node.domain, node.op_type = function.domain, function.name
    if proto.functions:
        proto.opset_import.append(onnx.helper.make_opsetid(GAPPED, 1))


def _type_of(array: onnx.TensorProto) -> onnx.TypeProto:
    return onnx.helper.make_tensor_type_proto(array.data_type, array.dims)


def _keep_versions(model: ir.Model, expanded: ir.Model) -> None:
    """Mark the nodes that a rewrite made newer than the model; a file cannot say so."""
    versions = {node.outputs[0].name: node.version for node in model.graph if node.version}
    for node in expanded.graph:
        node.version = versions.get(node.outputs[0].name, node.version)


def has_function(domain: str, name: str) -> bool:
    """Whether ONNX defines an op in terms of others."""
    if not onnx.defs.has(name, domain=domain):
        return False
    schema: Any = onnx.defs.get_schema(name, domain=domain)
    return bool(schema.has_function or schema.has_context_dependent_function)


def opset_of(model: ir.Model, node: ir.Node) -> int:
    """The opset that gives a node its meaning."""
    return node.version or model.opset_imports.get(node.domain, 1)
