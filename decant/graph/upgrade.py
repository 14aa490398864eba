"""Turns attributes that later opsets made inputs into inputs, so that each op has one form."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

# op -> attributes, in the order of the inputs they became, from the given input position on
ATTRIBUTES: dict[str, tuple[int, tuple[str, ...]]] = {
    "Clip": (1, ("min", "max")),
    "Dropout": (1, ("ratio",)),
    "Pad": (1, ("pads", "value")),
    "ReduceL1": (1, ("axes",)),
    "ReduceL2": (1, ("axes",)),
    "ReduceLogSum": (1, ("axes",)),
    "ReduceLogSumExp": (1, ("axes",)),
    "ReduceMax": (1, ("axes",)),
    "ReduceMean": (1, ("axes",)),
    "ReduceMin": (1, ("axes",)),
    "ReduceProd": (1, ("axes",)),
    "ReduceSum": (1, ("axes",)),
    "ReduceSumSquare": (1, ("axes",)),
    "Slice": (1, ("starts", "ends", "axes")),
    "Split": (1, ("split",)),
    "Squeeze": (1, ("axes",)),
    "TopK": (1, ("k",)),
    "Unsqueeze": (1, ("axes",)),
    "Upsample": (1, ("scales",)),
}


def attributes_to_inputs(model: ir.Model) -> int:
    """Rewrite every such node of the main graph and its subgraphs in place; return how many."""
    changed = 0
    for node in model.graph.all_nodes():
        first, names = ATTRIBUTES.get(node.op_type, (0, ()))
        if node.domain == "" and any(name in node.attributes for name in names):
            _rewrite(node, first, names)
            changed += 1
    return changed


def _rewrite(node: ir.Node, first: int, names: tuple[str, ...]) -> None:
    graph = node.graph
    if graph is None:
        raise AssertionError("a node of a model lies in a graph")
    node.resize_inputs(first + len(names))
    for position, name in enumerate(names, start=first):
        attribute = node.attributes.pop(name, None)
        if attribute is None:
            continue
        stem = node.outputs[0].name
        array = np.asarray(attribute.value, _dtype(node, attribute))
        constant = ir.node(
            "Constant", [], {"value": ir.tensor(array)}, name=f"{stem}_{name}_constant"
        )
        constant.outputs[0].name = f"{stem}_{name}"
        graph.insert_before(node, constant)
        node.replace_input_with(position, constant.outputs[0])


def _dtype(node: ir.Node, attribute: ir.Attr) -> np.dtype[np.generic]:
    """Floats take the type of the node's data; numbers of axes and sizes are int64."""
    if attribute.type in (ir.AttributeType.INT, ir.AttributeType.INTS):
        return np.dtype(np.int64)
    if node.op_type in ("Upsample", "Dropout"):
        return np.dtype(np.float32)
    data = node.inputs[0]
    known = data.dtype if data is not None else None
    return np.dtype(known.numpy()) if known is not None else np.dtype(np.float32)
