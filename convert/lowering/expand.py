"""Replaces ops that have no lowering by the function that ONNX itself defines them with."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
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
        and _has_function(node)
    }
    if not missing:
        return model
    _state_defaults(model, missing)
    try:
        proto = onnx.inliner.inline_selected_functions(
            ir.to_proto(model), sorted(missing), inline_schema_functions=True
        )
    except RuntimeError as error:  # the definition depends on a type that inference lacks
        logger.info("%s is not expanded: %s", sorted(missing), error)
        return model
    expanded = ir.from_proto(proto)
    _keep_versions(model, expanded)
    prepare(expanded)
    return expanded if len(expanded.graph) == len(model.graph) else expand(expanded, table)


def _state_defaults(model: ir.Model, kinds: Collection[tuple[str, str]]) -> None:
    """Write out the defaults of attributes: the inliner leaves out of a definition what is not."""
    for node in model.graph:
        if (node.domain, node.op_type) in kinds:
            schema = onnx.defs.get_schema(node.op_type, opset_of(model, node), node.domain)
            for name, declared in schema.attributes.items():
                if name not in node.attributes and declared.default_value.type:
                    node.attributes[name] = ir.serde.deserialize_attribute(declared.default_value)


def _keep_versions(model: ir.Model, expanded: ir.Model) -> None:
    """Mark the nodes that a rewrite made newer than the model; a file cannot say so."""
    versions = {node.outputs[0].name: node.version for node in model.graph if node.version}
    for node in expanded.graph:
        node.version = versions.get(node.outputs[0].name, node.version)


def _has_function(node: ir.Node) -> bool:
    if not onnx.defs.has(node.op_type, domain=node.domain):
        return False
    schema: Any = onnx.defs.get_schema(node.op_type, domain=node.domain)
    return bool(schema.has_function or schema.has_context_dependent_function)


def opset_of(model: ir.Model, node: ir.Node) -> int:
    """The opset that gives a node its meaning."""
    return node.version or model.opset_imports.get(node.domain, 1)
