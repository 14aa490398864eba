"""Takes control flow out of a graph where it is known before any input which way it goes."""

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
    opset,
    prune,
    rank,
    replace,
    splice,
    static_shape,
)
from decant.graph.evaluate import evaluate
from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

RULES = Rewrites()

MOST_NODES = 10_000
"""A loop that would become more nodes stays: nothing that comes after is made for such graphs."""

SCAN_WITHOUT_BATCH = 9
"""Operator set in which a Scan lost the batch axis that it had before."""


@RULES.node("known_condition", "If")
def known_condition(node: ir.Node) -> bool:
    """Put the branch that is taken in the place of an If.

    Before: If(true, then_branch=Squeeze(x), else_branch=Identity(x))
    After:  Squeeze(x)
    """
    condition = constant(node.inputs[0])
    if condition is None:
        return False
    taken = attribute(node, "then_branch" if condition.item() else "else_branch")
    _replace_all(node, splice(taken, node, []))
    return True


@RULES.node("idle_states", "Loop")
def idle_states(node: ir.Node) -> bool:
    """Take out of a loop what every iteration hands on as it is, and what nobody reads.

    Before: w, a, b = Loop(n, true, w0, a0, b0, body=(i, go, w, a, b) => (go, w, Mul(a, w), Neg(a)))
    After:  a = Loop(n, true, a0, body=(i, go, a) => (go, Mul(a, w0))), where nobody reads b
    """
    body: ir.Graph = attribute(node, "body")
    states = list(node.inputs[2:])
    left = [at for at in range(len(states)) if not _is_idle(node, body, at)]
    if len(left) == len(states) or not (left or len(node.outputs) > len(states)):
        return False
    inner = list(body.inputs[2:])
    stacked = body.outputs[1 + len(states) :]
    body.inputs[2:] = [inner[at] for at in left]
    body.outputs[1:] = [*(body.outputs[1 + at] for at in left), *stacked]
    for at in {*range(len(states))} - {*left}:
        outer = states[at]
        assert outer is not None
        ir.convenience.replace_all_uses_with(inner[at], outer)
        if node.outputs[at].uses():
            replace(node.outputs[at], outer)
    for each in reversed(list(body)):
        prune(each)
    kept = [node.outputs[at] for at in left] + list(node.outputs[len(states) :])
    given = [*node.inputs[:2], *(states[at] for at in left)]
    made = new_outputs(
        node, "Loop", given, {"body": body}, like=node.outputs[0], count=len(kept)
    )  # fmt: skip
    node.attributes.pop("body")
    for old, new, own in zip(kept, made, body.outputs[1:], strict=True):
        new.type = old.type or own.type
        if old.uses() or old.is_graph_output():
            replace(old, new)
    return True


def _is_idle(node: ir.Node, body: ir.Graph, at: int) -> bool:
    """Whether a state never changes, or nobody reads it: no iteration, and nobody behind them."""
    before, after = body.inputs[2 + at], body.outputs[1 + at]
    if before is after:
        once = sum(value is before for value in body.outputs) == 1
        return once and not node.outputs[at].is_graph_output()
    result = node.outputs[at]
    read = before.uses() or any(value is before for value in body.outputs)
    return not (read or result.uses() or result.is_graph_output())


@RULES.node("known_count", "Loop")
def known_count(node: ir.Node) -> bool:
    """Write out a loop whose iterations can be counted.

    Before: a, all = Loop(2, true, x, body=(i, go, a) => (go, Tanh(a), Tanh(a)))
    After:  b = Tanh(x), a = Tanh(b), all = Concat(Unsqueeze(b), Unsqueeze(a))
    """
    body: ir.Graph = attribute(node, "body")
    states = [value for value in node.inputs[2:] if value is not None]
    stacked = body.outputs[1 + len(states) :]
    count = _iterations(node, body)
    if count is None or not _can_be_written(body, count, stacked):
        return False
    go = new_constant(_graph(node), np.array(True), f"{node.outputs[0].name}/go")
    rows: list[list[ir.Value]] = []
    for step in range(count):
        given = [_integers(node, step), go, *states]
        _, *made = splice(body, node, given, keep_shapes=False)
        states = made[: len(states)]
        rows.append(made[len(states) :])
    stacks = [_stacked(node, v, [row[i] for row in rows], 0) for i, v in enumerate(stacked)]
    _replace_all(node, [*states, *stacks])
    return True


@RULES.node("known_length", "Scan")
def known_length(node: ir.Node) -> bool:
    """Write out a scan along an axis of known size.

    Before: s, all = Scan(s0, x: [2, n], body=(s, x) => (Add(s, x), Add(s, x)))
    After:  a = Add(s0, x[0]), s = Add(a, x[1]), all = Concat(Unsqueeze(a), Unsqueeze(s))
    """
    body: ir.Graph = attribute(node, "body")
    scanned = attribute(node, "num_scan_inputs")
    values = [value for value in node.inputs if value is not None]
    states, sources = values[:-scanned], values[-scanned:]
    stacked = body.outputs[len(states) :]
    axes, backward = _directions(node, "input", scanned)
    count = None if sources[0].shape is None else sources[0].shape[axes[0]]
    if opset(node) < SCAN_WITHOUT_BATCH or not isinstance(count, int):
        return False
    if not _can_be_written(body, count, stacked):
        return False
    rows: list[list[ir.Value]] = []
    for step in range(count):
        steps = [count - 1 - step if back else step for back in backward]
        taken = [_taken(node, *each) for each in zip(sources, steps, axes, strict=True)]
        made = splice(body, node, [*states, *taken], keep_shapes=False)
        states = made[: len(states)]
        rows.append(made[len(states) :])
    axes, backward = _directions(node, "output", len(stacked))
    stacks = [
        _stacked(node, value, [row[i] for row in (rows[::-1] if backward[i] else rows)], axes[i])
        for i, value in enumerate(stacked)
    ]
    _replace_all(node, [*states, *stacks])
    return True


@RULES.node("scan_as_loop", "Scan")
def scan_as_loop(node: ir.Node) -> bool:
    """Write a scan along an axis of free size as a loop that takes a slice at a time.

    Before: s, all = Scan(s0, x: [n, 2], body=(s, e) => (Add(s, e), Neg(s)))
    After:  s, all = Loop(Shape(x)[0], true, s0, body=(i, go, s) => (go, Add(s, x[i]), Neg(s)))
    """
    if opset(node) < SCAN_WITHOUT_BATCH:
        return False
    body: ir.Graph = attribute(node, "body")
    scanned = attribute(node, "num_scan_inputs")
    values = [value for value in node.inputs if value is not None]
    states, sources = values[:-scanned], values[-scanned:]
    axes, backward = _directions(node, "input", scanned)
    count = _size(node, sources[0], axes[0])
    last = new_node(node, "Sub", [count, _integers(node, 1)], like=count)
    _take_by_number(node, body, list(zip(sources, axes, backward, strict=True)), last)
    go = new_constant(_graph(node), np.array(True), f"{node.name}/go")
    made = new_outputs(
        node, "Loop", [count, go, *states], {"body": body}, like=node.outputs[0],
        count=len(node.outputs),
    )  # fmt: skip
    node.attributes.pop("body")
    stacked = made[len(states) :]
    axes, backward = _directions(node, "output", len(stacked))
    turned = [_turned(node, *each) for each in zip(stacked, axes, backward, strict=True)]
    for old, new in zip(list(node.outputs), [*made[: len(states)], *turned], strict=True):
        new.type = old.type
        if old.uses() or old.is_graph_output():
            replace(old, new)
    return True


def _take_by_number(
    node: ir.Node, body: ir.Graph, sources: list[tuple[ir.Value, int, int]], last: ir.Value
) -> None:
    """Give a scan's body the number of the iteration in place of the slices."""
    number = ir.Value(name=f"{node.name}/number", type=ir.TensorType(ir.DataType.INT64))
    go = ir.Value(name=f"{node.name}/going", type=ir.TensorType(ir.DataType.BOOL))
    number.shape = go.shape = ir.Shape([])
    inner = list(body.inputs)
    states, slices = inner[: -len(sources)], inner[-len(sources) :]
    made: list[ir.Node] = []
    for taken, (source, axis, backward) in zip(slices, sources, strict=True):
        at = number
        if backward:
            made.append(ir.node("Sub", [last, number]))
            (at,) = made[-1].outputs
            at.type = number.type
        made.append(ir.node("Gather", [source, at], {"axis": axis}))
        (row,) = made[-1].outputs
        row.name, row.type = taken.name, taken.type
        ir.convenience.replace_all_uses_with(taken, row, replace_graph_outputs=True)
    made.append(ir.node("Identity", [go]))
    made[-1].outputs[0].type = go.type
    first = next(iter(body), None)
    for each in made:
        if first is None:
            body.append(each)
        else:
            body.insert_before(first, each)
    body.inputs[:] = [number, go, *states]
    body.outputs.insert(0, made[-1].outputs[0])


def _turned(node: ir.Node, stacked: ir.Value, axis: int, backward: int) -> ir.Value:
    """Bring what a loop stacks in front, first iteration first, to where a scan has it."""
    if backward:
        bounds = [_integers(node, [number]) for number in (-1, -(2**62), 0, -1)]
        (stacked,) = new_outputs(node, "Slice", [stacked, *bounds], like=stacked)
    if axis == 0:
        return stacked
    whole = rank(node.outputs[-1])
    if whole is None:
        raise AssertionError("what a scan stacks has a rank")
    order = [*range(1, whole)]
    order.insert(axis % whole, 0)
    return new_outputs(node, "Transpose", [stacked], {"perm": order}, like=stacked)[0]


def _size(node: ir.Node, value: ir.Value, axis: int) -> ir.Value:
    integer = new_constant(_graph(node), np.array(0, np.int64), f"{node.name}/zero")
    (sizes,) = new_outputs(node, "Shape", [value], like=integer)
    return new_outputs(node, "Gather", [sizes, _integers(node, axis)], like=integer)[0]


def _replace_all(node: ir.Node, values: Sequence[ir.Value]) -> None:
    for old, new in zip(list(node.outputs), values, strict=False):  # the last may be left out
        if static_shape(old) is None and not old.is_graph_output():
            old.shape = None  # it holds names of sizes that only the body knows
        if old.uses() or old.is_graph_output():
            replace(old, new)


def _can_be_written(body: ir.Graph, count: int, stacked: Iterable[ir.Value]) -> bool:
    """Whether the iterations are few enough; where there are none, what they stack is known."""
    if count == 0 and any(static_shape(v) is None or v.dtype is None for v in stacked):
        return False
    return count * len(body) <= MOST_NODES


def _directions(node: ir.Node, role: str, count: int) -> tuple[list[int], list[int]]:
    """Axes of what a Scan takes or stacks, and whether each runs backward."""
    axes = attribute(node, f"scan_{role}_axes") or [0] * count
    return axes, attribute(node, f"scan_{role}_directions") or [0] * count


def _taken(node: ir.Node, x: ir.Value, at: int, axis: int) -> ir.Value:
    return new_outputs(node, "Gather", [x, _integers(node, at)], {"axis": axis}, like=x)[0]


def _stacked(node: ir.Node, like: ir.Value, values: Sequence[ir.Value], axis: int) -> ir.Value:
    """Join what the iterations made along a new axis; without any it has no elements."""
    if not values:
        shape = list(static_shape(like) or ())
        shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, 0)
        assert like.dtype is not None
        return new_constant(_graph(node), np.zeros(shape, like.dtype.numpy()), f"{like.name}/none")
    axes = _integers(node, [axis])
    rows = [new_outputs(node, "Unsqueeze", [value, axes], like=value)[0] for value in values]
    return new_outputs(node, "Concat", rows, {"axis": axis}, like=values[0])[0]


def _integers(node: ir.Node, numbers: int | list[int]) -> ir.Value:
    name = f"{node.outputs[0].name}/numbers"
    return new_constant(_graph(node), np.array(numbers, np.int64), name)


def _graph(node: ir.Node) -> ir.Graph:
    graph = node.graph
    assert isinstance(graph, ir.Graph)
    return graph


def _iterations(node: ir.Node, body: ir.Graph) -> int | None:
    """Count a loop's iterations; None where that takes an input of the model.

    What decides is run with constants, iteration by iteration, and nothing else.
    """
    most, go = (constant(value) for value in node.inputs[:2])
    if any(v is not None and constant(v) is None for v in node.inputs[:2]):
        return None
    deciding = _deciding(body)
    states = [constant(value) for value in node.inputs[2:]]
    going = go is None or bool(go.item())
    step = 0
    while going and (most is None or step < most.item()):
        if step * len(body) > MOST_NODES:
            return None
        given = [np.array(step, np.int64), np.array(True), *states]
        known = _computed(body, deciding, dict(zip(body.inputs, given, strict=True)))
        go, *states = (_array(value, known) for value in body.outputs[: 1 + len(states)])
        if go is None:
            return None
        going = bool(go.item())
        step += 1
    return step


def _deciding(body: ir.Graph) -> set[ir.Node]:
    """Nodes of a loop's body that its condition depends on, in this iteration or a later one."""
    found: set[ir.Node] = set()
    places = {value: i for i, value in enumerate(body.inputs)}
    pending = [body.outputs[0]]
    seen: set[ir.Value] = set()
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        if places.get(value, 0) > 1:  # a state: what the iteration before made of it
            pending.append(body.outputs[places[value] - 1])
        maker = value.producer()
        if maker is not None and maker.graph is body:
            found.add(maker)
            pending.extend(v for v in maker.inputs if v is not None)
    return found


def _computed(
    body: ir.Graph, nodes: set[ir.Node], known: dict[ir.Value, Array | None]
) -> dict[ir.Value, Array | None]:
    """Compute the nodes of a body whose inputs are all known."""
    for node in body:
        arrays = [_array(value, known) for value in node.inputs]
        given = zip(node.inputs, arrays, strict=True)
        if node not in nodes or any(v is not None and array is None for v, array in given):
            continue
        known.update(zip(node.outputs, evaluate(node, arrays) or (), strict=False))
    return known


def _array(value: ir.Value | None, known: dict[ir.Value, Array | None]) -> Array | None:
    return known[value] if value in known else constant(value)
