"""Words what cannot be converted: which node, its op and settings, why, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from decant.errors import UnsupportedOp

from .registry import OLDEST_OPSET, Refused

REGISTER_ADVICE = (
    "replace the op before the export, or write its lowering (`@op`, see the README) in an"
    " operators file and give it with --operators FILE"
)
UPGRADE_ADVICE = (
    "export it again, or upgrade the file: "
    'onnx.save(onnx.version_converter.convert_version(onnx.load("old.onnx"), 18), "new.onnx")'
)
FAILURE_ADVICE = (
    "write its lowering (`@op`, see the README) in an operators file and give it with --operators"
    " FILE, or report this to decant with the node"
)
HALF = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16)
ELEMENTS_SHOWN = 8
WIDTH_SHOWN = 300


def check_precision(model: ir.Model) -> None:
    """Refuse a model that computes in 16-bit floats; weights may be stored so.

    Raises:
        UnsupportedOp: If an input or a node's output is one; up to eight are named.
    """
    made = [value for node in model.graph for value in node.outputs]
    half = [
        (value.name, value.dtype.name.lower())
        for value in (*model.graph.inputs, *made)
        if value.dtype is not None and value.dtype in HALF
    ]
    if not half:
        return
    names = [f"{name} ({dtype})" for name, dtype in half[:ELEMENTS_SHOWN]]
    more = f" and {len(half) - len(names)} more" if len(half) > len(names) else ""
    raise UnsupportedOp(
        f"the model computes in 16-bit floats: {', '.join(names)}{more}; TFLite computes in "
        "float32, so export it in float32 (decant makes a float16 file from that)"
    )


def no_lowering(node: ir.Node, opset: int) -> Refused:
    """What a node gets whose op nobody registered at this opset."""
    if node.domain == "" and opset < OLDEST_OPSET:
        return Refused(f"decant reads opset {OLDEST_OPSET} and newer", UPGRADE_ADVICE)
    return Refused("decant has no lowering for this op", REGISTER_ADVICE)


def failure(node: ir.Node, error: Exception) -> Refused:
    """What stands for an error that TensorFlow or a lowering raised on a node."""
    lines = str(error).strip().splitlines()
    reason = lines[0][:WIDTH_SHOWN] if lines else "no reason given"
    settings = [(name, _short(attribute)) for name, attribute in node.attributes.items()]
    return Refused(f"{type(error).__name__}: {reason}", FAILURE_ADVICE, *settings)


def _short(attribute: ir.Attr) -> str:
    """An attribute's value in a few words."""
    if attribute.type is ir.AttributeType.TENSOR:
        return f"{attribute.value.dtype.name} {list(attribute.value.shape)}"
    if attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS):
        return "a graph"
    value = attribute.value
    if isinstance(value, Sequence) and len(value) > ELEMENTS_SHOWN:
        return f"{len(value)} elements"
    return str(value)


def problem(node: ir.Node, opset: int, refused: Refused) -> str:
    """One line about one node."""
    domain = f"{node.domain}::" if node.domain else ""
    settings = "".join(f", {name} = {value}" for name, value in refused.attributes)
    name = node.name or (node.outputs[0].name if node.outputs else "")
    return (
        f"{name}: {domain}{node.op_type} (opset {opset}{settings}): {refused.why}; {refused.advice}"
    )


def report(problems: Sequence[str]) -> UnsupportedOp:
    """All of them as one error."""
    count = "1 node" if len(problems) == 1 else f"{len(problems)} nodes"
    lines = [f"{count} cannot be converted to TFLite:", *(f"  {p}" for p in problems)]
    return UnsupportedOp("\n".join(lines))
