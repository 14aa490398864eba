"""Recurrent layers: unrolled, or as loops, by their steps and weights; right in every form."""

from collections import Counter

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from emitted import check, drawn, parsed

from decant.flatbuffer import Graph

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FEW, MANY = 8, 38
"""Steps that are unrolled, and that are a loop, which leaves a few over."""
LONG = {"steps": 85, "hidden": 100}
"""A layer that shows more than one loop should."""
LARGE = 200
"""Units of which one step's weights are more than several may read in one iteration."""


def layer(kind, steps, *, hidden=3, batch=1, directions=2, extra="", inputs="", settings=""):
    """A layer [steps, batch, 5] -> [steps, directions, batch, hidden] and its last states."""
    ways = 'direction = "bidirectional"' if directions == 2 else ""
    attributes = ", ".join(filter(None, [f"hidden_size = {hidden}", ways, settings]))
    last = "h, c" if kind == "LSTM" else "h"
    shape = ", float[a,b,c] ".join(["", *last.split(", ")])
    text = f"""(float[{steps},{batch},5] x{inputs}) => (float[d,e,f,g] y{shape}) {{
        y, {last} = {kind}<{attributes}>(x, w, r, bias{extra})
    }}"""
    gates = GATES[kind] * hidden
    widths = {"w": (gates, 5), "r": (gates, hidden), "bias": (2 * gates,)}
    proto = parsed(text, {name: (directions, *shape) for name, shape in widths.items()})
    for tensor in proto.graph.initializer:  # so that a state stays in the range of its functions
        array = onnx.numpy_helper.to_array(tensor) / np.float32(np.sqrt(hidden))
        tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    return proto


def kinds_of(file):
    """Count the operators of each graph in a file."""
    graph = Graph.from_bytes(file.data)
    return [Counter(map(graph.kind, each.operators)) for each in graph.model.subgraphs]


CASES = {
    "lstm": ("LSTM", {}),
    "lstm-one-way": ("LSTM", {"directions": 1}),
    "lstm-of-two": ("LSTM", {"batch": 2}),
    "gru": ("GRU", {}),
    "gru-of-pytorch": ("GRU", {"settings": "linear_before_reset = 1"}),
    "gru-backwards": ("GRU", {"directions": 1, "settings": 'direction = "reverse"', "batch": 2}),
    "rnn": ("RNN", {"batch": 2}),
}


@pytest.mark.parametrize("case", CASES)
def test_few_steps_are_unrolled(case, tmp_path):
    kind, options = CASES[case]
    assert "WHILE" not in check(layer(kind, FEW, **options), tmp_path).ops


@pytest.mark.parametrize("case", CASES)
def test_many_steps_are_one_loop_of_all_directions(case, tmp_path):
    kind, options = CASES[case]
    main, *inside = kinds_of(check(layer(kind, MANY, **options), tmp_path))
    assert main["WHILE"] == 1
    products = max(each["BATCH_MATMUL"] + each["FULLY_CONNECTED"] for each in inside)
    assert products == 4 * (2 if case == "gru" or "backwards" in case else 1)


@pytest.mark.parametrize("batch", [1, 2])
def test_both_directions_share_the_products_of_unrolled_steps(batch, tmp_path):
    main, *_ = kinds_of(check(layer("LSTM", FEW, batch=batch), tmp_path))
    assert main["FULLY_CONNECTED"] == 1  # of the input, for all steps
    assert main["BATCH_MATMUL"] == FEW - 1  # the first step begins with zeros
    assert "REVERSE_V2" not in main


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_loop_that_shows_much_is_a_loop_of_loops(kind, tmp_path):
    """What a loop has shown is copied in every iteration, so that it is kept short."""
    main, *inside = kinds_of(check(layer(kind, **LONG), tmp_path))
    assert main["WHILE"] == 2  # one of 2 × 40 steps, one of the 5 left over
    assert sum(each["WHILE"] for each in inside) == 1


def test_an_iteration_writes_what_it_shows_in_its_place(tmp_path):
    _, *inside = kinds_of(check(layer("LSTM", MANY), tmp_path))
    body = max(inside, key=Counter.total)
    assert (body["DYNAMIC_UPDATE_SLICE"], body["GATHER"], body["SPLIT"]) == (1, 1, 4)
    assert not {"STRIDED_SLICE", "TRANSPOSE", "PACK"} & body.keys()


def test_a_loop_counts_its_iterations_once(tmp_path):
    graph = Graph.from_bytes(check(layer("LSTM", MANY), tmp_path).data)
    (loop,) = [each for each in graph.operators if graph.kind(each) == "WHILE"]
    integers = [graph.shape(int(t)) for t in loop.inputs if not graph.is_float(int(t))]
    assert integers == [(), (8,)]  # the number, and the rows that four steps of two directions read


@pytest.mark.parametrize(("inputs", "functions"), [("", FEW), (", , , , p", 3 * FEW - 1)])
def test_gates_of_one_function_share_an_operator_unless_they_peep(inputs, functions, tmp_path):
    """The first step forgets nothing."""
    proto = layer("LSTM", FEW, extra=inputs)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(drawn(2, 9), "p"))
    assert check(proto, tmp_path).ops["LOGISTIC"] == functions


def test_large_weights_are_looped_over_early_and_one_direction_at_a_time(tmp_path):
    main, *inside = kinds_of(check(layer("LSTM", FEW, hidden=LARGE), tmp_path))
    assert main["WHILE"] == 2
    assert [each["FULLY_CONNECTED"] for each in inside if each.total() > 1] == [1, 1]


def test_directions_of_different_functions_are_loops_of_their_own(tmp_path):
    functions = 'activations = ["Sigmoid", "Tanh", "Tanh", "Sigmoid", "Softsign", "Tanh"]'
    main, *_ = kinds_of(check(layer("LSTM", MANY, settings=functions), tmp_path))
    assert main["WHILE"] == 2


def test_sequences_of_their_own_lengths_are_looped_over_step_by_step(tmp_path):
    proto = layer("LSTM", MANY, batch=2, extra=", lengths")
    lengths = onnx.numpy_helper.from_array(np.array([MANY, 7], np.int32), "lengths")
    proto.graph.initializer.append(lengths)
    main, *_ = kinds_of(check(proto, tmp_path))
    assert main["WHILE"] == 2


@pytest.mark.parametrize("directions", [1, 2])
def test_a_loop_begins_with_given_states(directions, tmp_path):
    given = f", float[{directions},2,3] first, float[{directions},2,3] cell"
    proto = layer(
        "LSTM", MANY, batch=2, directions=directions, extra=", , first, cell, p", inputs=given
    )
    proto.graph.initializer.append(onnx.numpy_helper.from_array(drawn(directions, 9), "p"))
    assert check(proto, tmp_path).ops["WHILE"] == 1


def test_clipped_gates_in_a_loop(tmp_path):
    assert check(layer("GRU", MANY, settings="clip = 0.4"), tmp_path).ops["WHILE"] == 1


def test_every_run_begins_anew(tmp_path):
    """TFLite's fused LSTM would begin with the state that the run before left."""
    file = check(layer("LSTM", MANY), tmp_path)
    runner = Interpreter(model_content=file.data).get_signature_runner()
    first, second = (runner(x=drawn(MANY, 1, 5))["y"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
