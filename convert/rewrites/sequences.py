"""Takes sequences of tensors apart where it is known which tensors they hold.

Every sequence becomes a SequenceConstruct of its tensors or a SequenceEmpty, and what reads one
reads the tensors themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from decant.graph.edit import (
    attribute,
    constant,
    new_constant,
    new_node,
    new_outputs,
    produced_by,
    replace,
    scalar,
    splice,
)
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    from collections.abc import Sequence

RULES = Rewrites()


@RULES.node("split_to_sequence", "SplitToSequence")
def split_to_sequence(node: ir.Node) -> bool:
    """Split a tensor by a plain Split.

    Before: SplitToSequence(x, [2, 4])
    After:  SequenceConstruct(a, b) with a, b = Split(x, [2, 4])
    """
    x = node.inputs[0]
    sizes = _split_sizes(node)
    if x is None or sizes is None:
        return False
    axis = attribute(node, "axis")
    given = _integers(node, sizes, "sizes")
    parts = new_outputs(node, "Split", [x, given], {"axis": axis}, like=x, count=len(sizes))
    if len(node.inputs) < 2 and not attribute(node, "keepdims"):
        axes = _integers(node, [axis], "axes")
        parts = [new_outputs(node, "Squeeze", [p, axes], like=x)[0] for p in parts]
    return _construct(node, parts)


def _split_sizes(node: ir.Node) -> list[int] | None:
    """Sizes of the parts; None where they depend on a free size or on the input."""
    x = node.inputs[0]
    given = node.inputs[1] if len(node.inputs) > 1 else None
    array = constant(given)
    if given is not None and array is None:
        return None
    if array is not None and array.ndim == 1:
        return [int(size) for size in array]
    whole = None if x is None or x.shape is None else x.shape[attribute(node, "axis")]
    if not isinstance(whole, int):
        return None
    each = 1 if array is None else int(array)
    return [min(each, whole - start) for start in range(0, whole, each)]


@RULES.node("sequence_insert", "SequenceInsert")
def sequence_insert(node: ir.Node) -> bool:
    """Insert into a known sequence.

    Before: SequenceInsert(SequenceConstruct(a, b), c)
    After:  SequenceConstruct(a, b, c)
    """
    held, tensor = _tensors(node.inputs[0]), node.inputs[1]
    if held is None or tensor is None:
        return False
    at = _position(node, 2, len(held), default=len(held))
    return at is not None and _construct(node, [*held[:at], tensor, *held[at:]])


@RULES.node("sequence_erase", "SequenceErase")
def sequence_erase(node: ir.Node) -> bool:
    """Erase from a known sequence, the last tensor where no position is given.

    Before: SequenceErase(SequenceConstruct(a, b), 0)
    After:  SequenceConstruct(b)
    """
    held = _tensors(node.inputs[0])
    if held is None:
        return False
    at = _position(node, 1, len(held), default=len(held) - 1)
    return at is not None and _construct(node, [*held[:at], *held[at + 1 :]])


@RULES.node("sequence_at", "SequenceAt")
def sequence_at(node: ir.Node) -> bool:
    """Read a tensor of a known sequence.

    Before: SequenceAt(SequenceConstruct(a, b), 1)
    After:  b
    """
    held = _tensors(node.inputs[0])
    at = None if held is None else _position(node, 1, len(held))
    if held is None or at is None or at >= len(held):
        return False
    replace(node.outputs[0], held[at])
    return True


@RULES.node("sequence_length", "SequenceLength")
def sequence_length(node: ir.Node) -> bool:
    """Count the tensors of a known sequence.

    Before: SequenceLength(SequenceConstruct(a, b))
    After:  2
    """
    held = _tensors(node.inputs[0])
    if held is None:
        return False
    graph: Any = node.graph
    count = new_constant(graph, np.array(len(held), np.int64), f"{node.outputs[0].name}/length")
    replace(node.outputs[0], count)
    return True


@RULES.node("concat_from_sequence", "ConcatFromSequence")
def concat_from_sequence(node: ir.Node) -> bool:
    """Join the tensors of a known sequence.

    Before: ConcatFromSequence(SequenceConstruct(a, b), axis=1)
    After:  Concat(a, b, axis=1), of Unsqueeze(a), Unsqueeze(b) with new_axis=1
    """
    held = _tensors(node.inputs[0])
    if not held:
        return False
    axis = attribute(node, "axis")
    if attribute(node, "new_axis"):
        axes = _integers(node, [axis], "axes")
        held = [new_outputs(node, "Unsqueeze", [v, axes], like=v)[0] for v in held]
    replace(node.outputs[0], new_node(node, "Concat", held, {"axis": axis}))
    return True


@RULES.node("sequence_map", "SequenceMap")
def sequence_map(node: ir.Node) -> bool:
    """Write out what is done to every tensor of a known sequence.

    Before: SequenceMap(SequenceConstruct(a, b), c, body=(x, c) => Add(x, c))
    After:  SequenceConstruct(Add(a, c), Add(b, c))
    """
    first = _tensors(node.inputs[0])
    if first is None or not _are_known(node.inputs[1:], len(first)):
        return False
    body = attribute(node, "body")
    rows = []
    for at in range(len(first)):
        held = [(value, _tensors(value)) for value in node.inputs if value is not None]
        rows.append(splice(body, node, [v if own is None else own[at] for v, own in held]))
    for at, output in enumerate(node.outputs):
        if output.uses() or output.is_graph_output():
            tensors = [row[at] for row in rows]
            op_type = "SequenceConstruct" if tensors else "SequenceEmpty"
            replace(output, new_outputs(node, op_type, tensors, like=output)[0])
    return True


def _are_known(values: Sequence[ir.Value | None], length: int) -> bool:
    """Whether each is a tensor, or a sequence of so many known ones."""
    held = [_tensors(v) for v in values if v is not None and isinstance(v.type, ir.SequenceType)]
    return all(tensors is not None and len(tensors) >= length for tensors in held)


def _tensors(value: ir.Value | None) -> list[ir.Value] | None:
    """The tensors of a sequence, if they are known."""
    node = produced_by(value, "SequenceConstruct", "SequenceEmpty")
    return None if node is None else [v for v in node.inputs if v is not None]


def _position(node: ir.Node, index: int, length: int, default: int | None = None) -> int | None:
    """The position that an input gives, counted from the front; None if it is not known."""
    given = node.inputs[index] if len(node.inputs) > index else None
    at = default if given is None else scalar(given)
    return None if at is None else int(at) + (length if at < 0 else 0)


def _construct(node: ir.Node, tensors: Sequence[ir.Value]) -> bool:
    op_type = "SequenceConstruct" if tensors else "SequenceEmpty"
    (sequence,) = new_outputs(node, op_type, tensors, like=node.outputs[0])
    replace(node.outputs[0], sequence)
    return True


def _integers(node: ir.Node, numbers: Sequence[int], what: str) -> ir.Value:
    graph: Any = node.graph
    return new_constant(graph, np.array(numbers, np.int64), f"{node.outputs[0].name}/{what}")
