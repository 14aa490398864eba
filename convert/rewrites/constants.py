"""Computes at conversion time what does not depend on the input."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import common

from decant.graph.edit import (
    attribute,
    constant,
    new_constant,
    replace,
    scalar,
    subgraphs,
)
from decant.graph.evaluate import evaluate
from decant.graph.infer import infer_unknown
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    from numpy.typing import NDArray

RULES = Rewrites()

FIRST_ELEMENTS = 64

GROWTH_LIMIT_BYTES = 1 << 20
"""A result may be this much larger than what it is computed from (Expand, Tile, Range, …)."""


@RULES.graph("constant_folding")
def constant_folding(model: ir.Model) -> int:
    """Compute every node whose inputs are constants, in ONNX Runtime.

    Before: Add(x, Sqrt(constant))
    After:  Add(x, constant)
    (onnxscript's folder stops at 8192 elements, skips nodes with several outputs and computes
    in Python; weight standardisation, say, needs more.)
    """
    count = 0
    for node in list(model.graph):
        if node.graph is None or not _is_constant(node):
            continue
        results = evaluate(node, [None if v is None else _array(v) for v in node.inputs])
        if results is None or _grows(node, results):
            continue
        for value, array in zip(list(node.outputs), results, strict=True):
            if value.uses() or value.is_graph_output():
                replace(value, new_constant(model.graph, array, f"{value.name}/folded"))
        count += 1
    return count


def _is_constant(node: ir.Node) -> bool:
    if node.domain != "" or any(v.is_graph_output() for v in node.outputs):
        return False
    if widens_weights(node):  # a rewrite of its own, which is told of
        return False
    if any(subgraphs(node)):
        return False
    given = [value for value in node.inputs if value is not None]
    return all(constant(value) is not None for value in given)


def widens_weights(node: ir.Node) -> bool:
    """Whether a node makes floats of weights that are stored as small integers."""
    if node.op_type not in ("DequantizeLinear", "Cast") or constant(node.inputs[0]) is None:
        return False
    dtype = _array(node.inputs[0]).dtype
    return node.op_type == "DequantizeLinear" or (dtype.kind in "iu" and dtype.itemsize == 1)


def _array(value: ir.Value | None) -> NDArray[Any]:
    array = constant(value)
    assert array is not None
    return array


def _grows(node: ir.Node, results: list[NDArray[Any]]) -> bool:
    given = sum(_array(value).nbytes for value in node.inputs if value is not None)
    return sum(array.nbytes for array in results) > given + GROWTH_LIMIT_BYTES


@RULES.graph("shape_inference")
def shape_inference(model: ir.Model) -> int:
    """Infer shapes that constants computed since have made known.

    Before: Reshape(x, constant): unknown shape
    After:  Reshape(x, constant): [1, 35, 24]
    """
    return infer_unknown(model.graph)


@RULES.graph("shape_folding")
def shape_folding(model: ir.Model) -> int:
    """Compute shapes from known sizes, and leave at most one size of a Reshape free.

    Before: Reshape(x, Concat(Gather(Shape(x), 0), [64]))
    After:  Reshape(x, [0, 64]), or a constant where every size is known
    """
    known: dict[ir.Value, list[Any]] = {}
    count = fixed = 0
    for node in list(model.graph):
        sizes = _sizes_of(node, known)
        if sizes is None:
            fixed += _fix_target(node, known)
            continue
        value = node.outputs[0]
        if all(isinstance(size, int) for size in sizes) and not value.is_graph_output():
            count += _replace_by(model.graph, value, sizes)
        else:
            known[value] = sizes
    return count + fixed


def _replace_by(graph: ir.Graph, value: ir.Value, sizes: list[Any]) -> int:
    dtype = value.dtype.numpy() if value.dtype is not None else np.dtype(np.int64)
    array = np.array(sizes, dtype)
    whole = None if value.shape is None else len(value.shape)
    array = array.reshape(()) if whole == 0 else array
    replace(value, new_constant(graph, array, f"{value.name}/folded"))
    return 1


def _elements(value: ir.Value | None, known: dict[ir.Value, list[Any]]) -> list[Any] | None:
    """Return the elements of an integer vector or scalar: numbers or names of free sizes."""
    if value is None:
        return None
    if value in known:
        return known[value]
    array = constant(value)
    if array is None or array.ndim > 1 or array.dtype.kind != "i" or array.size > 64:
        return None
    return [int(x) for x in array.ravel()]


def _sizes_of(node: ir.Node, known: dict[ir.Value, list[Any]]) -> list[Any] | None:
    """Follow shape arithmetic; None where a node is not that."""
    if node.domain != "" or len(node.outputs) != 1:
        return None
    if node.op_type == "Shape":
        return _shape_elements(node)
    if node.op_type == "Size":
        shape = _shape_elements(node)
        numbers = shape is not None and all(isinstance(n, int) for n in shape)
        return [int(np.prod(shape, dtype=np.int64))] if numbers and shape is not None else None
    if not any(value in known for value in node.inputs):
        return None  # constant folding takes what is all constant
    return _follow(node, known)


def _shape_elements(node: ir.Node) -> list[Any] | None:
    x = node.inputs[0]
    if x is None or x.shape is None or x.shape.has_unknown_dim():
        return None
    start = attribute(node, "start") if "start" in node.attributes else 0
    end = attribute(node, "end") if "end" in node.attributes else None
    sizes = [size if isinstance(size, int) else str(size) for size in x.shape]
    return sizes[start:end]


def _follow(node: ir.Node, known: dict[ir.Value, list[Any]]) -> list[Any] | None:
    first = _elements(node.inputs[0], known)
    if first is None:
        return None
    match node.op_type:
        case "Identity" | "Squeeze" | "Unsqueeze" | "Cast":
            return first
        case "Gather":
            picked = _elements(node.inputs[1], known)
            numbers = picked is not None and all(isinstance(i, int) for i in picked)
            return [first[i] for i in picked] if numbers and picked is not None else None
        case "Slice":
            limits = [scalar(value) for value in tuple(node.inputs)[1:3]]
            plain = len(node.inputs) < 5 or scalar(node.inputs[4]) == 1
            if None in limits or not plain:
                return None
            start, end = (int(limit) for limit in limits if limit is not None)
            return first[start:end]
        case "Concat":
            parts = [_elements(value, known) for value in node.inputs]
            return None if None in parts else [n for part in parts if part for n in part]
    return None


def _fix_target(node: ir.Node, known: dict[ir.Value, list[Any]]) -> int:
    """Give a Reshape or Expand whose target is known but for one size a constant target."""
    if node.domain != "" or node.op_type != "Reshape" or node.inputs[-1] not in known:
        return 0
    x, output = node.inputs[0], node.outputs[0]
    if x is None or x.shape is None:
        return 0
    wanted = known[node.inputs[-1]]
    shape = [size if isinstance(size, int) else str(size) for size in x.shape]
    target = [
        0 if isinstance(size, str) and i < len(shape) and shape[i] == size else size
        for i, size in enumerate(wanted)
    ]
    free = [i for i, size in enumerate(target) if isinstance(size, str)]
    if len(free) > 1 or (free and -1 in target) or attribute(node, "allowzero"):
        return 0
    if free:
        target[free[0]] = -1
    output.shape = ir.Shape([n if n != -1 else None for n in wanted])
    graph: Any = node.graph
    array = np.array(target, np.int64)
    node.replace_input_with(1, new_constant(graph, array, f"{node.name}/shape"))
    return 1


@RULES.graph("common_subexpressions")
def common_subexpressions(model: ir.Model) -> int:
    """Compute equal things once, and keep equal constants once.

    Before: Add(Relu(x), Relu(x)) as two Relu nodes
    After:  Add(r, r) with r = Relu(x)
    """
    constants = _share_constants(model.graph)
    before = len(model.graph)
    common.CommonSubexpressionEliminationPass()(model)
    return constants + before - len(model.graph)


def _share_constants(graph: ir.Graph) -> int:
    """Let readers of equal constants read the first of them."""
    arrays = [(value, _shared(value)) for value in graph.initializers.values()]
    alike = Counter(_kind(array) for _, array in arrays if array is not None)
    first: dict[tuple[Any, ...], ir.Value] = {}
    count = 0
    for value, array in arrays:
        if array is None or alike[_kind(array)] < 2:
            continue
        content = hashlib.sha256(np.ascontiguousarray(array).ravel().view(np.uint8).data).digest()
        kept = first.setdefault((*_kind(array), content), value)
        if kept is not value:
            ir.convenience.replace_all_uses_with(value, kept)
            count += 1
    return count


def _shared(value: ir.Value) -> NDArray[Any] | None:
    """A constant that may take the place of another."""
    array = constant(value)
    if array is None or value.is_graph_output() or not value.uses() or array.dtype == object:
        return None
    return array


def _kind(array: NDArray[Any]) -> tuple[str, tuple[int, ...], bytes]:
    """What equal constants have in common, without a look at all of a large one."""
    return str(array.dtype), array.shape, array.flat[:FIRST_ELEMENTS].tobytes()
