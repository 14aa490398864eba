"""Float graphs of a few operators, put together through the flatbuffer's object API."""

from __future__ import annotations

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from decant.flatbuffer import Graph, empty_graph


def of_one(kind, before, after, options=None, constants=(), dtypes=(np.float32, np.float32)):
    """Make a graph of one operator from "x" of shape `before` to "y" of shape `after`."""
    graph = empty_graph()
    x = graph.add_tensor("x", before, np.dtype(dtypes[0]))
    y = graph.add_tensor("y", after, np.dtype(dtypes[1]))
    others = [graph.add_constant(f"constant{at}", value) for at, value in enumerate(constants)]
    graph.subgraph.inputs, graph.subgraph.outputs = [x], [y]
    graph.subgraph.operators = [graph.operator(kind, [x, *others], y, options)]
    return graph


def run(graph: Graph, x: np.ndarray) -> np.ndarray:
    """Run a graph of one input and one output in LiteRT."""
    interpreter = Interpreter(model_content=graph.to_bytes(), num_threads=1)
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def delegate_nodes(content: bytes) -> int:
    """Count the nodes that XNNPACK runs; one means that nothing cuts the graph."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return sum(op["op_name"] == "DELEGATE" for op in interpreter._get_ops_details())
