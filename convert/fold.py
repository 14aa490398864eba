"""Computes nodes whose inputs are all known, with ONNX's own reference implementation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import onnx
import onnx_ir as ir
from onnx.reference import ReferenceEvaluator

if TYPE_CHECKING:
    from numpy.typing import NDArray

RANDOM = frozenset({"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
                    "Bernoulli", "Multinomial"})  # fmt: skip


def evaluate(
    node: ir.Node, opset: int, arrays: Sequence[NDArray[Any] | None]
) -> list[NDArray[Any]] | None:
    """Run one node on known inputs.

    Args:
        node: A node of a standard domain.
        opset: The opset that gives it its meaning.
        arrays: Its inputs; None where an optional one is absent.

    Returns:
        Its outputs, or None where it is random or the reference has no implementation.
    """
    if node.domain != "" or node.op_type in RANDOM:
        return None
    proto = ir.serde.serialize_node(node)
    names = [f"x{i}" if array is not None else "" for i, array in enumerate(arrays)]
    del proto.input[:], proto.output[:]
    proto.input.extend(names)
    proto.output.extend(f"y{i}" for i in range(len(node.outputs)))
    given = {name: array for name, array in zip(names, arrays, strict=True) if name}
    opset = onnx.helper.make_opsetid("", opset)
    model = onnx.helper.make_model(
        onnx.helper.make_graph([proto], "constant", [_free(n) for n in given],
                               [_free(n) for n in proto.output]),
        opset_imports=[opset],
    )  # fmt: skip
    try:
        return list(ReferenceEvaluator(model).run(None, given))
    except (NotImplementedError, RuntimeError):
        return None


def _free(name: str) -> onnx.ValueInfoProto:
    return onnx.helper.make_value_info(name, onnx.TypeProto())
