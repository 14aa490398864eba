"""Control flow whose branches read nothing but their inputs, so that each is a model of its own.

ONNX's branches read whatever stands around them; no rewrite could change one without looking at the
graph outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

from .edit import constant, opset, prune, static_shape, subgraphs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IR_VERSION = 10
DOMAIN = "decant"
"""Of control flow whose branches or body take what they read: behind the node's other inputs."""


def close(node: ir.Node) -> None:
    """Put decant::If in the place of an If, or decant::Loop in that of a Loop.

    Before: If(c, then_branch={Relu(x)}, else_branch={Add(x, 1)})
    After:  decant::If(c, x, then_branch=(x) => {Relu(x)}, else_branch=(x) => {Add(x, 1)})
    """
    graph = node.graph
    if not isinstance(graph, ir.Graph):
        raise TypeError(f"{node.name} is in no graph")
    bodies = list(subgraphs(node))
    outside = list(dict.fromkeys(value for body in bodies for value in _read_outside(body)))
    taken = [value for value in outside if constant(value) is None]
    for body in bodies:
        for value in outside:
            _bring_in(value, body)
        _forget_symbols(body)
    closed = ir.Node(
        DOMAIN, node.op_type, [*node.inputs, *taken], list(node.attributes.values()),
        num_outputs=len(node.outputs), name=node.name,
    )  # fmt: skip
    closed.version = opset(node)
    closed.metadata_props.update(node.metadata_props)
    graph.opset_imports.setdefault(DOMAIN, 1)
    graph.insert_before(node, closed)
    for old, new in zip(node.outputs, closed.outputs, strict=True):
        new.name, new.type, new.shape = old.name, old.type, old.shape
        ir.convenience.replace_all_uses_with(old, new, replace_graph_outputs=True)
        old.name = None
    node.attributes.clear()  # the bodies are the new node's
    prune(node)


def rewrite_bodies(graph: ir.Graph, rewritten: Callable[[ir.Model], ir.Model]) -> int:
    """Rewrite every closed branch once, as the model that it is; returns how many there were."""
    count = 0
    for node in graph:
        if node.domain != DOMAIN or node.meta.get(DOMAIN):
            continue
        node.meta[DOMAIN] = True
        for name, attribute in list(node.attributes.items()):
            if attribute.type is ir.AttributeType.GRAPH:
                model = rewritten(ir.Model(attribute.as_graph(), ir_version=IR_VERSION))
                node.attributes[name] = ir.AttrGraph(name, model.graph)
                count += 1
        if node.op_type == "If":
            _learn_shapes(node)
    return count


def _read_outside(body: ir.Graph) -> Iterator[ir.Value]:
    """What the nodes of a body, and of bodies in it, read of the graphs around it."""
    own: set[ir.Value] = set()
    for graph in (body, *body.subgraphs()):
        own.update(graph.inputs, graph.initializers.values())
    nodes = list(body.all_nodes())
    own.update(value for node in nodes for value in node.outputs)
    read = (value for node in nodes for value in node.inputs if value is not None)
    yield from (value for value in (*read, *body.outputs) if value not in own)


def _bring_in(outer: ir.Value, body: ir.Graph) -> None:
    """Let a body read a value as an input of its own, or as its own constant."""
    inner = ir.Value(name=outer.name, type=outer.type, shape=outer.shape)
    if constant(outer) is None:
        body.inputs.append(inner)
    else:
        inner.const_value = outer.const_value
        body.register_initializer(inner)
    nodes = set(body.all_nodes())
    for user, index in list(outer.uses()):
        if user in nodes:
            user.replace_input_with(index, inner)
    body.outputs[:] = [inner if value is outer else value for value in body.outputs]


def _forget_symbols(body: ir.Graph) -> None:
    """Drop shapes that hold names of sizes, so that inference finds what is known by now."""
    for node in body.all_nodes():
        for value in node.outputs:
            if static_shape(value) is None:
                value.shape = None


def _learn_shapes(node: ir.Node) -> None:
    """Give the outputs the shapes in which all branches agree."""
    results = zip(*(body.outputs for body in subgraphs(node)), strict=True)
    for value, ends in zip(node.outputs, results, strict=True):
        shapes = {static_shape(end) for end in ends}
        if len(shapes) == 1 and None not in shapes:
            value.shape = ends[0].shape
