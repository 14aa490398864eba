"""Says which ONNX value every tensor of the emitted network holds, and how it lies there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir

from decant.tensors import TensorInfo

from ..layout import view
from ..layout.forms import Form
from ..layout.signature import axes_in_file
from ..layout.tensors import AnyValue, Value

STORED = frozenset({"Const", "Placeholder"})
"""Operations of TensorFlow that hold what is known: constants, and weights that are kept apart."""


@dataclass(frozen=True, slots=True)
class Located:
    """The content of one tensor.

    With `split` given, `tensor.reshape(split).transpose(perm).reshape(shape)` is the ONNX value;
    otherwise the tensor is a step on the way to it.

    Attributes:
        value: Name of the ONNX value.
        module: Path of the PyTorch module whose op made it, "" if the file does not say.
        split: Sizes of the factors in memory order.
        perm: Their logical order.
        shape: Sizes of the ONNX value; None where free.
    """

    value: str
    module: str
    split: tuple[int | None, ...] | None = None
    perm: tuple[int, ...] | None = None
    shape: tuple[int | None, ...] | None = None


def locate(
    function_graph: Any, graph: ir.Graph, values: Mapping[ir.Value, AnyValue]
) -> dict[str, Located]:
    """Map the TFLite name of every TensorFlow result, in graph order, to what it holds."""
    found: dict[str, Located] = {}
    for value, emitted in values.items():
        if isinstance(emitted, Value):
            for form in emitted.storage.forms:
                described = _describe(value, emitted, form)
                if described is not None:
                    found.setdefault(tflite_name(form.tensor), described)
    nodes = list(graph)
    ordered: dict[str, Located] = {}
    for operation in function_graph.get_operations():
        node = _node_of(operation.name, nodes)
        for name in map(tflite_name, operation.outputs):
            if name in found:
                ordered[name] = found[name]
            elif node is not None and node.outputs and operation.type not in STORED:
                ordered[name] = Located(node.outputs[0].name or "", module_path(node))
    return ordered


def tflite_name(tensor: Any) -> str:
    """The name that TFLite's converter gives a tensor: "op", and "op1" for a second result."""
    operation, _, index = tensor.name.partition(":")
    return operation if index == "0" else f"{operation}{index}"


def _node_of(name: str, nodes: list[ir.Node]) -> ir.Node | None:
    scope = name.partition("/")[0]
    return nodes[int(scope[1:])] if scope[:1] == "n" and scope[1:].isdigit() else None


def _describe(value: ir.Value, emitted: Value, form: Form) -> Located | None:
    logical = view.flatten(emitted.axes)
    rows = view.refine([form.order, logical])
    if rows is None:
        return None
    memory, logical = rows
    return Located(
        value=value.name or "",
        module=module_path(value.producer()),
        split=tuple(factor.size for factor in memory),
        perm=tuple(view.permutation(memory, logical)),
        shape=emitted.shape,
    )


def located_in_signature(info: TensorInfo, producer: ir.Node | None) -> Located:
    """Describe an input or output of the file."""
    axes = axes_in_file(info.layout, len(info.shape))
    perm = tuple(axes.index(axis) for axis in range(len(axes)))
    shape = tuple(info.shape[axis] for axis in perm)
    return Located(info.name, module_path(producer), info.shape, perm, shape)


def module_path(node: ir.Node | None) -> str:
    """The PyTorch module path that the exporter wrote down for a node."""
    if node is None:
        return ""
    scopes = node.metadata_props.get("pkg.torch.onnx.name_scopes", "")
    names = [part.strip(" '\"") for part in scopes.strip("[]").split(",")]
    return names[-2] if len(names) > 1 else ""
