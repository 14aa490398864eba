"""Runs ONNX's checker over a file, past what decant takes and the checker does not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import onnx

from decant.errors import UnsupportedOp
from decant.graph.spoken import way_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

LEFT_OUT = (
    "No Op registered for",
    "Field 'shape' of 'type' is required",
    "in initializer but not in graph input",
    "is deprecated in domain_version of",
)
"""In what ONNX's checker says of an op that it does not know, of an output behind one and of an
input whose sizes are asked for, of a weight that is no input, as files up to IR version 3 had to
have it and did not, and of an op that means something else since (GroupNormalization of version
18)."""

FIRST_WITHOUT_INPUTS = 4
"""The IR version since which a weight need not be an input."""

UNKNOWN = "decant.unknown"
"""A domain of which the checker expects to know nothing."""


def check(path: Path) -> None:
    """Run ONNX's checker, which stops at the first fault: behind one that decant takes it goes on.

    Raises:
        onnx.checker.ValidationError: If it finds another.
        UnsupportedOp: If an output is a sequence of maps.
    """
    proto = onnx.load(path, load_external_data=False)
    _refuse_maps(path, proto.graph.output)
    try:
        if all(_has_shape(output) for output in proto.graph.output):
            onnx.checker.check_model(str(path))
            return
    except onnx.checker.ValidationError as error:
        if not any(words in str(error) for words in LEFT_OUT):
            raise
        logger.debug("let through: %s", error)
    _complete(proto)
    onnx.checker.check_model(proto)


def _refuse_maps(path: Path, outputs: Iterable[onnx.ValueInfoProto]) -> None:
    """Refuse an output that is a sequence of maps, as scikit-learn's classifiers have one."""
    for output in outputs:
        if output.type.HasField("map_type") or output.type.sequence_type.elem_type.HasField(
            "map_type"
        ):
            raise UnsupportedOp(
                f'{path}: the output "{output.name}" is a sequence of maps, which no .tflite file '
                f"has; {way_out(path)}export a table in its place (skl2onnx: "
                'options={"zipmap": False})'
            )


def _has_shape(value: onnx.ValueInfoProto) -> bool:
    kind = value.type.WhichOneof("value")
    return kind is not None and (kind != "tensor_type" or value.type.tensor_type.HasField("shape"))


def _complete(proto: onnx.ModelProto) -> None:
    """Put into a model without its weights beside the file what the checker misses."""
    proto.ir_version = max(proto.ir_version, FIRST_WITHOUT_INPUTS)
    for value in (*proto.graph.input, *proto.graph.output):
        if not _has_shape(value):
            kind = value.type.tensor_type
            kind.elem_type = kind.elem_type or onnx.TensorProto.FLOAT
            kind.shape.SetInParent()
    _shorten(proto.graph.initializer)
    for part in (proto, *proto.functions):
        opsets = {each.domain: each.version for each in part.opset_import}
        _mark_unknown(part.graph.node if part is proto else part.node, opsets)
        part.opset_import.append(onnx.helper.make_opsetid(UNKNOWN, 1))


def _shorten(weights: Iterable[onnx.TensorProto]) -> None:
    """Leave no elements of weights that lie beside the file, which has been looked for already."""
    for weight in weights:
        if weight.data_location == onnx.TensorProto.EXTERNAL:
            weight.ClearField("data_location")
            del weight.external_data[:]
            weight.dims[:] = [0]


def _mark_unknown(nodes: Sequence[onnx.NodeProto], opsets: Mapping[str, int]) -> None:
    """Put nodes of ops that these operator sets lack, inner ones too, elsewhere."""
    for node in nodes:
        for attribute in node.attribute:
            for graph in (*attribute.graphs, attribute.g):
                _shorten(graph.initializer)
                _mark_unknown(graph.node, opsets)
        if not _is_known(node, opsets.get(node.domain, 0)):
            node.domain = UNKNOWN


def _is_known(node: onnx.NodeProto, version: int) -> bool:
    known = onnx.defs.has(node.op_type, version, node.domain)
    return known and not onnx.defs.get_schema(node.op_type, version, node.domain).deprecated
