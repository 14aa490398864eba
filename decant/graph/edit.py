"""Reads and changes ONNX graphs: constants, attributes with their defaults, safe replacement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnx_ir as ir

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

FRESH = "decant_"
"""Prefix of the names that new values carry until they take over the name of an old one."""


def constant(value: ir.Value | None) -> NDArray[Any] | None:
    """Return a value's array if it is a constant that no caller can override."""
    if value is None or value.const_value is None or value.is_graph_input():
        return None
    return value.const_value.numpy()


def stated(value: ir.Value | None) -> NDArray[Any] | None:
    """Return the array of a constant, or of a Constant node, which a file may have in its place."""
    if value is not None and produced_by(value, "Constant"):
        tensor = ir.convenience.get_const_tensor(value)
        return None if tensor is None else tensor.numpy()
    return constant(value)


def scalar(value: ir.Value | None) -> float | None:
    """Return the number that a one-element constant holds."""
    array = constant(value)
    return float(array.reshape(())) if array is not None and array.size == 1 else None


def integers(value: ir.Value | None) -> tuple[int, ...] | None:
    """Return the elements of an integer constant."""
    array = constant(value)
    return None if array is None else tuple(int(x) for x in array.ravel())


def static_shape(value: ir.Value | None) -> tuple[int, ...] | None:
    """Return a shape whose every size is known."""
    if value is None or value.shape is None or not value.shape.is_static():
        return None
    return tuple(int(size) for size in value.shape.numpy())


def rank(value: ir.Value | None) -> int | None:
    """Return the number of axes if it is known."""
    return None if value is None or value.shape is None else len(value.shape)


def same_shape(first: ir.Value, second: ir.Value) -> bool:
    """Whether two values are known to have equal shapes, free sizes included."""
    return (
        first.shape is not None
        and first.shape == second.shape
        and not (first.shape.has_unknown_dim() or second.shape.has_unknown_dim())
    )


def opset(node: ir.Node) -> int:
    """Return the operator set version a node is read under."""
    if node.version is not None:
        return node.version
    graph = node.graph
    return graph.opset_imports.get(node.domain, 1) if graph is not None else 1


def attribute(node: ir.Node, name: str) -> Any:
    """Return an attribute's value, or the default that its operator's definition states."""
    if name in node.attributes:
        return node.attributes[name].value
    schema = onnx.defs.get_schema(node.op_type, opset(node), node.domain)
    default = schema.attributes[name].default_value if name in schema.attributes else None
    if default is None or default.type == onnx.AttributeProto.UNDEFINED:
        return None
    value = onnx.helper.get_attribute_value(default)
    return value.decode() if isinstance(value, bytes) else value


def axes(node: ir.Node) -> tuple[int, ...] | None:
    """Return the axes of a reduction, Squeeze or Unsqueeze, counted from the front.

    They are an attribute in old operator sets and an input in new ones. None stands for unknown;
    where none are given, all axes of a reduction and all of size 1 of a Squeeze are meant.
    """
    given = node.attributes["axes"].value if "axes" in node.attributes else None
    if given is None and len(node.inputs) > 1 and node.inputs[1] is not None:
        given = integers(node.inputs[1])
        if given is None:
            return None
    whole = rank(node.inputs[0])
    if whole is None:
        return None
    if given is None or (len(given) == 0 and node.op_type.startswith("Reduce")):
        return _default_axes(node, whole)
    total = whole + len(given) if node.op_type == "Unsqueeze" else whole
    return tuple(sorted(axis % total for axis in given))


def _default_axes(node: ir.Node, whole: int) -> tuple[int, ...] | None:
    if node.op_type == "Squeeze":
        shape = static_shape(node.inputs[0])
        return None if shape is None else tuple(i for i, n in enumerate(shape) if n == 1)
    if "noop_with_empty_axes" in node.attributes and attribute(node, "noop_with_empty_axes"):
        return ()
    return tuple(range(whole))


def subgraphs(node: ir.Node) -> Iterator[ir.Graph]:
    """The branches or the body of a node."""
    for attr in node.attributes.values():
        if attr.type is ir.AttributeType.GRAPH:
            yield attr.as_graph()
        elif attr.type is ir.AttributeType.GRAPHS:
            yield from attr.as_graphs()


def produced_by(value: ir.Value | None, *op_types: str) -> ir.Node | None:
    """Return the standard ONNX node that makes a value, if it is one of these operators."""
    node = None if value is None else value.producer()
    if node is None or node.domain not in ("", "ai.onnx") or node.op_type not in op_types:
        return None
    return node


def both_ways(node: ir.Node) -> list[tuple[ir.Value, ir.Value]]:
    """Offer the two operands of a node in both orders."""
    first, second = node.inputs
    assert first is not None
    assert second is not None
    return [(first, second), (second, first)]


def is_private(value: ir.Value) -> bool:
    """Whether exactly one node input reads a value and it is not an output of the graph."""
    return len(value.uses()) == 1 and not value.is_graph_output()


def region(root: ir.Value, stops: Collection[ir.Value]) -> set[ir.Node] | None:
    """Collect the nodes between `stops` and `root`, if nothing outside reads what they compute.

    Args:
        root: The value that is to be replaced; it may be read anywhere.
        stops: Values that the replacement will read; constants stop the walk too.

    Returns:
        The nodes, or None when an inner value is an output or read from outside, or the walk
        runs into a graph input that is not in `stops`.
    """
    nodes: set[ir.Node] = set()
    pending = [root]
    while pending:
        value = pending.pop()
        if value in stops or constant(value) is not None:
            continue
        node = value.producer()
        if node is None:
            return None
        if node not in nodes:
            nodes.add(node)
            pending.extend(v for v in node.inputs if v is not None)
    inner = (v for node in nodes for v in node.outputs if v is not root)
    for value in inner:
        if value.is_graph_output() or any(user not in nodes for user in value.consumers()):
            return None
    return nodes


def new_constant(graph: ir.Graph, array: NDArray[Any], base: str) -> ir.Value:
    """Add an initializer named after `base`."""
    contiguous = np.ascontiguousarray(array).reshape(array.shape)
    value = ir.Value(name=_free_name(graph, base), const_value=ir.tensor(contiguous))
    value.shape = ir.Shape(array.shape)
    value.dtype = ir.DataType.from_numpy(array.dtype)
    graph.register_initializer(value)
    return value


def new_node(
    before: ir.Node,
    op_type: str,
    inputs: Sequence[ir.Value | None],
    attributes: Mapping[str, Any] | None = None,
    like: ir.Value | None = None,
) -> ir.Value:
    """Insert a standard node with one output before another and return that output.

    Args:
        before: The node in front of which it goes, and whose module path it takes.
        op_type: ONNX operator. One that is newer than the model's operator set gets its own
            version on the node (see `opset`).
        inputs: Its inputs.
        attributes: Its attributes.
        like: Value whose shape and element type the output has; by default `before`'s output.
    """
    like = before.outputs[0] if like is None else like
    (output,) = new_outputs(before, op_type, inputs, attributes, like=like)
    output.shape = None if like.shape is None else like.shape.copy()
    return output


def new_outputs(
    before: ir.Node,
    op_type: str,
    inputs: Sequence[ir.Value | None],
    attributes: Mapping[str, Any] | None = None,
    *,
    like: ir.Value,
    count: int = 1,
) -> list[ir.Value]:
    """Insert a standard node as `new_node` does, and return its outputs.

    Their shapes are what follows from the inputs, once `infer_unknown` has run.

    Args:
        before: As of `new_node`.
        op_type: As of `new_node`.
        inputs: As of `new_node`.
        attributes: As of `new_node`.
        like: Value whose type the outputs have.
        count: How many outputs.
    """
    graph = before.graph
    if not isinstance(graph, ir.Graph):
        raise TypeError(f"{before.name} is in no graph")
    node = ir.node(op_type, inputs, attributes or {}, num_outputs=count)
    node.version = _needed_version(op_type, graph)
    node.metadata_props.update(before.metadata_props)
    node.name = _free_name(graph, f"{before.name or before.op_type}/{op_type}")
    for output in node.outputs:
        output.name = _free_name(graph, FRESH + op_type)
        output.type = like.type
    graph.insert_before(before, node)
    return list(node.outputs)


def _needed_version(op_type: str, graph: ir.Graph) -> int | None:
    imported = graph.opset_imports.get("", 1)
    since = NEWEST_MEANING.get(op_type, 1)
    return since if since > imported else None


NEWEST_MEANING = {
    "Clip": 11,  # since then limits are inputs
    "DequantizeLinear": 21,  # since then 16 bits and blocks
    "GroupNormalization": 21,  # before, scale and bias were per group
    "Gelu": 20,
    "GridSample": 20,  # since then modes of any dimension
    "HardSwish": 14,
    "LayerNormalization": 17,
    "Mish": 18,
    "QuantizeLinear": 21,
    "ReduceMax": 18,  # since then axes are an input
    "ReduceMean": 18,
    "ReduceSum": 13,
    "RMSNormalization": 23,
    "Split": 13,
    "Squeeze": 13,
    "Swish": 24,
    "Trilu": 14,
    "Unsqueeze": 13,
}
"""First operator set in which an operator that rewrites create means what we mean by it."""


def replace(old: ir.Value, new: ir.Value) -> None:
    """Let `new` stand for `old` everywhere, under the old name, and drop what falls dead.

    A graph output keeps its name. Where `new` has a name that must stay (an input, another
    output, a constant), an Identity carries the output's name.
    """
    producer = old.producer()
    if producer is None:
        raise ValueError(f"{old.name} is an input or a constant and cannot be replaced")
    name, is_output = old.name, old.is_graph_output()
    fixed = new.is_graph_input() or new.is_graph_output() or new.is_initializer()
    if new.shape is None or new.shape.has_unknown_dim():
        new.shape = old.shape
    if new.type is None:  # of an operator that inference does not know
        new.type = old.type
    if is_output and fixed:
        new = new_node(producer, "Identity", [new], like=old)
    takes_name = is_output or (new.name or "").startswith(FRESH)
    ir.convenience.replace_all_uses_with(old, new, replace_graph_outputs=True)
    if takes_name:
        old.name = None if producer.graph is None else _free_name(producer.graph, FRESH + "old")
        new.name = name
    prune(producer)


def splice(
    body: ir.Graph, before: ir.Node, inputs: Sequence[ir.Value], *, keep_shapes: bool = True
) -> list[ir.Value]:
    """Copy what a branch or body computes in front of a node, into the graph that this is in.

    Args:
        body: The branch or body; it stays as it is.
        before: The node, most often the one that has the body.
        inputs: What stands for the body's inputs.
        keep_shapes: Whether fixed shapes of the body hold; not in a loop, where a value may grow
            from one iteration to the next. Named sizes are the body's own and never hold outside.

    Returns:
        What stands for the body's outputs. The copies have names and nodes of their own.
    """
    graph = before.graph
    if not isinstance(graph, ir.Graph):
        raise TypeError(f"{before.name} is in no graph")
    copy = body.clone(allow_outer_scope_values=True)
    given = dict(zip(copy.inputs, inputs, strict=True))
    outputs = [given.get(value, value) for value in copy.outputs]
    copy.outputs.clear()
    for inner, outer in given.items():
        ir.convenience.replace_all_uses_with(inner, outer)
    for value in list(copy.initializers.values()):
        del copy.initializers[str(value.name)]
        value.name = _free_name(graph, f"{before.outputs[0].name}/{value.name}")
        graph.register_initializer(value)
    for node in list(copy):
        copy.remove(node)
        node.name = _free_name(graph, f"{before.name or before.op_type}/{node.name}")
        for value in node.outputs:
            value.name = _free_name(graph, FRESH + (value.name or node.op_type))
            fixed = keep_shapes and static_shape(value) is not None
            value.shape = value.shape if fixed or node.domain else None
        graph.insert_before(before, node)
    return outputs


def forget_name(value: ir.Value) -> None:
    """Give a value whose meaning changed a fresh name, so that nobody compares it by the old."""
    producer = value.producer()
    if producer is not None and producer.graph is not None:
        value.name = _free_name(producer.graph, FRESH + producer.op_type)


def prune(node: ir.Node) -> None:
    """Remove a node whose results nobody reads, and then whatever only it read."""
    pending = [node]
    while pending:
        dead = pending.pop()
        if dead.graph is None or any(v.uses() or v.is_graph_output() for v in dead.outputs):
            continue
        graph, bodies = dead.graph, list(subgraphs(dead))
        inner = [node for body in bodies for node in body.all_nodes()]
        read = [v for node in (dead, *inner) for v in node.inputs if v is not None]
        for node in inner:  # what it read from outside counts it among its readers
            node.resize_inputs(0)
        graph.remove(dead, safe=True)
        sources = (value.producer() for value in read)
        pending.extend(s for s in sources if s is not None and s.graph is graph)


def _free_name(graph: ir.Graph | ir.Function, base: str) -> str:
    """Number names from one counter per graph: the same model gives the same names."""
    counter = graph.meta.get("decant_names", 0) + 1
    graph.meta["decant_names"] = counter
    return f"{base}.{counter}"
