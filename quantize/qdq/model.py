"""A graph of a `.tflite` as an ONNX model whose quantization is explicit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

from decant import __version__
from decant.errors import DataError, UnsupportedOp

from . import convolutions, indexing, movement, pointwise, products, reductions
from .registry import LOWERINGS
from .step import NoForm, Step
from .writer import OPSET, Writer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from decant.flatbuffer.graph import Graph
    from decant.tensors import TensorInfo

    from .writer import Order

ROOMS: tuple[ModuleType, ...] = (
    convolutions, indexing, movement, pointwise, products, reductions,
)  # fmt: skip
"""The modules that register the operators."""

IR_VERSIONS = {OPSET: 9}
NEWER_IR = 10
MOST_BYTES = 2**31 - 1
"""Of a protocol buffer."""


def to_qdq(graph: Graph, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]) -> bytes:
    """Write a quantized file as ONNX with a QuantizeLinear and a DequantizeLinear per int8 tensor.

    Scales, zero points, integer weights and biases are the file's own, so that a runtime that
    computes in int8 what stands between them computes what the file does. What the file computes
    in float stays float; weights of dynamic int8 operators are stored as the same integers.

    Args:
        graph: Of the file.
        inputs: As the file has them; in the model they have ONNX's order of axes.
        outputs: Likewise.

    Raises:
        UnsupportedOp: Operators have no form in ONNX; all of them are listed.
        DataError: The model would be larger than an ONNX file can be.
    """
    writer = Writer(graph)
    given = [_input(writer, info, graph.signature_inputs()[info.name]) for info in inputs]
    for info in outputs:
        writer.unique(info.name)
    _write_operators(writer)
    for info in outputs:
        _output(writer, info, graph.signature_outputs()[info.name])
    results = [_declared(writer, info) for info in outputs]
    nodes, initializers = _read(writer, [info.name for info in outputs])
    model = helper.make_model(
        helper.make_graph(nodes, "quantized", given, results, initializers),
        opset_imports=[helper.make_opsetid("", writer.opset)],
        ir_version=IR_VERSIONS.get(writer.opset, NEWER_IR),
        producer_name="decant",
        producer_version=__version__,
    )
    if model.ByteSize() > MOST_BYTES:
        raise DataError(
            f"the ONNX form would take {model.ByteSize() / 1e9:.1f} GB, and an ONNX file holds"
            f" {MOST_BYTES / 1e9:.1f} GB; leave `qdq` out"
        )
    return bytes(model.SerializeToString(deterministic=True))


def _write_operators(writer: Writer) -> None:
    """Write all operators, or say of all that cannot be why."""
    faults: list[str] = []
    for operator in writer.graph.operators:
        kind = writer.graph.kind(operator)
        step = Step(
            kind,
            tuple(int(tensor) for tensor in operator.inputs),
            tuple(int(tensor) for tensor in operator.outputs),
            operator.builtinOptions,
        )
        try:
            _lower(writer, step)
        except NoForm as why:
            faults.append(f"{kind} that writes {writer.name(step.y)!r}: {why}")
            for tensor in step.outputs:
                writer.alias(tensor, "", writer.identity(tensor))
    if faults:
        raise UnsupportedOp(
            "the file has operators without a form in ONNX: " + "; ".join(dict.fromkeys(faults))
        )


def _lower(writer: Writer, step: Step) -> None:
    if step.kind not in LOWERINGS:
        raise NoForm("no function writes this kind")
    LOWERINGS[step.kind](writer, step)


def _read(
    writer: Writer, outputs: Sequence[str]
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Leave out nodes and constants that no output needs."""
    needed, nodes = set(outputs), []
    for node in reversed(writer.nodes):
        if needed.intersection(node.output):
            needed.update(node.input)
            nodes.append(node)
    return nodes[::-1], [each for each in writer.initializers if each.name in needed]


def _input(writer: Writer, info: TensorInfo, tensor: int) -> onnx.ValueInfoProto:
    name = writer.unique(info.name)
    writer.alias(tensor, writer.dequantized(name, tensor), _onnx_order(info))
    return _declared(writer, info)


def _output(writer: Writer, info: TensorInfo, tensor: int) -> None:
    """Give a tensor the output's name and its order of axes."""
    value = writer.read(tensor, _onnx_order(info))
    value = writer.quantized(value, tensor)
    writer.nodes.append(
        helper.make_node("Identity", [value], [info.name], name=f"Identity:{info.name}")
    )


def _onnx_order(info: TensorInfo) -> Order:
    """Say where ONNX's axes lie in the file's."""
    axes = range(len(info.shape))
    return (axes[0], axes[-1], *axes[1:-1]) if info.channels_last else tuple(axes)


def _declared(writer: Writer, info: TensorInfo) -> onnx.ValueInfoProto:
    """Declare an input or an output; a free size has a name of its own."""
    sizes = [
        f"{info.name}_{axis}" if size is None else size for axis, size in enumerate(info.onnx_shape)
    ]
    return helper.make_tensor_value_info(
        info.name, helper.np_dtype_to_tensor_dtype(np.dtype(info.dtype)), sizes
    )
