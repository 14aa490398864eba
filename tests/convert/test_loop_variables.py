"""Loops of a `.tflite` file carry what something depends on, and no more."""

from collections import Counter

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from decant.convert.loop_variables import drop_unread
from decant.flatbuffer import Graph, empty_graph

ROUNDS, WIDTH = 5, 3
NUMBER, STATE = ((), np.dtype(np.int32)), ((WIDTH,), np.dtype(np.float32))


def subgraph(graph, variables):
    """Begin another graph of a file with these inputs."""
    made = schema.SubGraphT()
    made.tensors, made.operators = [], []
    graph.model.subgraphs.append(made)
    inner = Graph(graph.model, len(graph.model.subgraphs) - 1)
    made.inputs = [inner.add_tensor("v", *each) for each in variables]
    return inner


def add(graph, one, other):
    """Append an addition of two tensors of the first one's shape and type."""
    made = graph.add_tensor("sum", graph.shape(one), graph.dtype(one))
    graph.operators.append(graph.operator("ADD", [one, other], made, schema.AddOptionsT()))
    return made


def loop(graph, starts, condition, body):
    """Append a WHILE from these starts; gives its outputs."""
    outputs = [graph.add_tensor("after", graph.shape(t), graph.dtype(t)) for t in starts]
    options = schema.WhileOptionsT()
    numbers = [next(i for i, each in enumerate(graph.model.subgraphs) if each is inner.subgraph)
               for inner in (condition, body)]  # fmt: skip
    options.condSubgraphIndex, options.bodySubgraphIndex = numbers
    made = graph.operator("WHILE", starts, outputs[0], options)
    made.outputs = outputs
    graph.operators.append(made)
    return outputs


def counted(read=None, loops=1):
    """A state [WIDTH] that doubles ROUNDS times, beside a number that the loop asks and a counter.

    Args:
        read: Where the counter is read: outside, by the condition, for the state, or nowhere.
        loops: How many loops run the same graphs.
    """
    graph = empty_graph((WIDTH,))
    variables = [NUMBER, NUMBER, STATE]
    condition, body = (subgraph(graph, variables) for _ in range(2))
    last = condition.add_constant("last", np.array(ROUNDS, np.int32))
    less = condition.add_tensor("less", (), np.dtype(np.bool_))
    asked = condition.inputs[0 if read == "condition" else 1]
    condition.operators.append(
        condition.operator("LESS", [asked, last], less, schema.LessOptionsT())
    )
    condition.subgraph.outputs = [less]
    one = body.add_constant("one", np.array(1, np.int32))
    counter, number, state = body.inputs
    following = add(body, state, state)
    if read == "state":
        float_counter = body.add_tensor("float", (), np.dtype(np.float32))
        options = schema.CastOptionsT()
        body.operators.append(body.operator("CAST", [counter], float_counter, options))
        following = add(body, following, float_counter)
    body.subgraph.outputs = [add(body, counter, one), add(body, number, one), following]
    zero = graph.add_constant("zero", np.array(0, np.int32))
    results = [0]
    for _ in range(loops):
        results = loop(graph, [zero, zero, results[-1]], condition, body)
    graph.subgraph.outputs = [results[-1], *([results[0]] if read == "outside" else [])]
    return graph


def ran(graph):
    interpreter = Interpreter(model_content=graph.to_bytes())
    interpreter.allocate_tensors()
    start = np.arange(WIDTH, dtype=np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], start)
    interpreter.invoke()
    return [interpreter.get_tensor(info["index"]) for info in interpreter.get_output_details()]


def variables(graph):
    (made,) = [each for each in graph.operators if graph.kind(each) == "WHILE"]
    return len(made.inputs)


def test_a_counter_that_nothing_reads_is_dropped():
    graph = counted()
    before = ran(graph)
    drop_unread(graph.model)
    condition, body = (Graph(graph.model, number) for number in (1, 2))
    assert (variables(graph), len(condition.inputs), len(body.inputs)) == (2, 2, 2)
    assert Counter(map(body.kind, body.operators)) == {"ADD": 2}
    assert len(body.subgraph.tensors) == 2 + 1 + 2  # what it reads, the number one, what it makes
    np.testing.assert_array_equal(ran(graph), before)
    np.testing.assert_array_equal(before[0], np.arange(WIDTH) * 2.0**ROUNDS)


@pytest.mark.parametrize("read", ["outside", "state"])
def test_a_variable_that_a_result_depends_on_stays(read):
    graph = counted(read)
    before = ran(graph)
    drop_unread(graph.model)
    assert variables(graph) == 3
    for one, other in zip(ran(graph), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_number_that_the_condition_asks_is_the_one_that_stays():
    graph = counted("condition")
    drop_unread(graph.model)
    (less,) = (condition := Graph(graph.model, 1)).operators
    assert len(condition.inputs) == 2
    assert less.inputs[0] == condition.inputs[0]
    np.testing.assert_array_equal(ran(graph)[0], np.arange(WIDTH) * 2.0**ROUNDS)


def test_loops_that_share_their_graphs_stay_as_they_are():
    graph = counted(loops=2)
    drop_unread(graph.model)
    assert len(Graph(graph.model, 2).inputs) == 3
    np.testing.assert_array_equal(ran(graph)[0], np.arange(WIDTH) * 4.0**ROUNDS)


def test_an_operator_without_results_stays():
    """It acts on something else, as ASSIGN_VARIABLE does."""
    graph = counted()
    body = Graph(graph.model, 2)
    acting = body.operator("ASSIGN_VARIABLE", [body.inputs[1]], 0)
    acting.outputs = []
    body.operators.append(acting)
    drop_unread(graph.model)
    assert body.kind(body.operators[-1]) == "ASSIGN_VARIABLE"
