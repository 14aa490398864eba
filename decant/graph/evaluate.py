"""Computes nodes whose inputs are all known."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx.reference import ReferenceEvaluator

from decant.errors import DataError, UnsupportedOp
from decant.onnx_runtime import OnnxRuntime

from .edit import opset

if TYPE_CHECKING:
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

RANDOM = frozenset({"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
                    "Bernoulli", "Multinomial"})  # fmt: skip
OLDEST_EVALUATED = 18
"""Nodes whose attributes were made inputs are read under this operator set, if theirs is older."""


# The reference lets whatever NumPy raises through.
REFUSALS = (DataError, UnsupportedOp, ArithmeticError, LookupError, NotImplementedError,
            RuntimeError, TypeError, ValueError)  # fmt: skip


def evaluate(node: ir.Node, arrays: Sequence[NDArray[Any] | None]) -> list[NDArray[Any]] | None:
    """Run one node on known inputs, in ONNX Runtime or else by ONNX's own reference.

    Args:
        node: A node of a standard domain.
        arrays: Its inputs; None where an optional one is absent.

    Returns:
        Its outputs, or None where it is random or neither can run it.
    """
    if node.domain != "" or node.op_type in RANDOM:
        return None
    proto = ir.serde.serialize_node(node)
    given = {f"x{i}": array for i, array in enumerate(arrays) if array is not None}
    outputs = [f"y{i}" for i in range(len(node.outputs))]
    del proto.input[:], proto.output[:], proto.metadata_props[:]
    proto.input.extend(f"x{i}" if array is not None else "" for i, array in enumerate(arrays))
    proto.output.extend(outputs)
    graph = onnx.helper.make_graph(
        [proto],
        "constant",
        [],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in given.items()],
    )
    own = opset(node)
    attempts = [(_run, own), (_run, max(own, OLDEST_EVALUATED)), (_refer, own)]
    for run, version in dict.fromkeys(attempts):
        imports = [onnx.helper.make_opsetid("", version)]
        model = onnx.helper.make_model(graph, opset_imports=imports, ir_version=10)
        try:
            results = run(model)
        except REFUSALS as error:
            logger.debug("%s is not computed: %s", node.name, error)
            continue
        numeric = all(isinstance(r, np.ndarray) and r.dtype != object for r in results)
        return results if numeric else None
    return None


def _run(model: onnx.ModelProto) -> list[Any]:
    return list(OnnxRuntime(model.SerializeToString(), optimize=False).run({}).values())


def _refer(model: onnx.ModelProto) -> list[Any]:
    """For what ONNX Runtime does not know yet, such as the newest operator set."""
    return list(ReferenceEvaluator(model).run(None, {}))
