"""LSTM of int8 weights: ONNX Runtime's numbers in every form, and int8 kernels in the file."""

from collections import Counter

import numpy as np
import onnx
import pytest
import tensorflow as tf
import torch
from emitted import SINGLE_PRECISION, built, check, check_free, drawn, feeds_of, run_resized
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

from decant.convert import to_tflite
from decant.convert.layout.refused import Refused
from decant.convert.layout.tensors import Value
from decant.convert.ops.recurrent_quantized import dynamic_quantize_lstm
from decant.convert.verify.evaluator import Evaluator
from decant.flatbuffer import Graph
from decant.onnx_runtime import OnnxRuntime

FEW, MANY = 7, 41
"""Steps that are unrolled, and that are a loop."""
INPUTS, HIDDEN = 5, 6
MARKER = "decant.dynamically_quantize"


def weights(name, rows, *, directions=2, hidden=HIDDEN, unsigned=False, by_column=False):
    """Integers [D, rows, 4 H], their scales and zero points."""
    floats = np.random.default_rng(rows).standard_normal((directions, rows, 4 * hidden))
    largest = np.abs(floats).max(axis=1 if by_column else (1, 2), keepdims=True)
    dtype, zero, steps = (np.uint8, 131, 120) if unsigned else (np.int8, 0, 127)
    scales = (largest / steps / np.sqrt(hidden)).astype(np.float32)
    integers = (np.rint(floats / largest * steps) + zero).astype(dtype)
    shape = (directions, 4 * hidden) if by_column else (directions,)
    arrays = integers, scales.reshape(shape), np.full(shape, zero, dtype)
    names = [name, f"{name}_scale", f"{name}_zero_point"]
    return [numpy_helper.from_array(*pair) for pair in zip(arrays, names, strict=True)]


def layer(
    steps,
    *,
    batch=1,
    directions=2,
    hidden=HIDDEN,
    lengths=None,
    given=(),
    settings=None,
    **integers,
):
    """A layer x [steps, batch, 5] -> y [steps, D, batch, hidden] and its last states h and c."""
    w = weights("w", INPUTS, directions=directions, hidden=hidden, **integers)
    r = weights("r", hidden, directions=directions, hidden=hidden, **integers)
    sizes = {"first": (batch, hidden), "cell": (batch, hidden), "p": (3 * hidden,)}
    fixed = [numpy_helper.from_array(drawn(directions, 8 * hidden) / 4, "bias")]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [steps, batch, INPUTS])]
    if isinstance(lengths, list):
        fixed.append(numpy_helper.from_array(np.array(lengths, np.int32), "lengths"))
    elif lengths:
        inputs.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, [batch]))
    for name in given:
        shape = (directions, *sizes[name])
        if name == "p":
            fixed.append(numpy_helper.from_array(drawn(*shape), name))
        else:
            inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    states = [name if name in given else "" for name in ("first", "cell", "p")]
    node = helper.make_node(
        "DynamicQuantizeLSTM",
        ["x", "w", "r", "bias", "lengths" if lengths else "", *states,
         "w_scale", "w_zero_point", "r_scale", "r_zero_point"],
        ["y", "h", "c"],
        domain="com.microsoft",
        **{"hidden_size": hidden, **({"direction": "bidirectional"} if directions == 2 else {}),
           **(settings or {})},
    )  # fmt: skip
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank)
        for name, rank in (("y", 4), ("h", 3), ("c", 3))
    ]
    graph = helper.make_graph([node], "g", inputs, outputs, [*w, *r, *fixed])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def bodies(data):
    """Count the operators of each graph in a file."""
    graph = Graph.from_bytes(data)
    return [Counter(map(graph.kind, each.operators)) for each in graph.model.subgraphs]


BACKWARDS = {"directions": 1, "settings": {"direction": "reverse"}}
CASES = {
    "one-way": {"directions": 1},
    "backwards": BACKWARDS,
    "both-ways": {},
    "batch": {"batch": 3},
    "by-column": {"by_column": True},
    "bytes": {"unsigned": True},
    "bytes-by-column": {"unsigned": True, "by_column": True, "batch": 2},
    "given-states": {"given": ("first", "cell"), "batch": 2},
    "peepholes": {"given": ("p",)},
    "coupled": {"settings": {"input_forget": 1}},
    "clipped": {"settings": {"clip": 0.4}},
    "functions": {"settings": {"activations": ["HardSigmoid", "Softsign", "Relu"] * 2}},
    "lengths": {"lengths": [7, 3, 5], "batch": 3},
    "lengths-short": {"lengths": [0, 4, 3], "batch": 3},
    "lengths-backwards": {"lengths": [2, 6, 5], "batch": 3, **BACKWARDS},
}


@pytest.mark.parametrize("steps", [FEW, MANY])
@pytest.mark.parametrize("case", CASES)
def test_it_computes_what_onnx_runtime_does(case, steps, tmp_path):
    """A row that were quantized otherwise would be 1e-3 off."""
    file = check(layer(steps, **CASES[case]), tmp_path)
    assert ("WHILE" in file.ops) == (steps == MANY)
    assert not any(MARKER in body for body in bodies(file.data))


@pytest.mark.parametrize("steps", [FEW, MANY])
def test_lengths_of_the_run(steps, tmp_path):
    proto = layer(steps, batch=3, lengths=True)
    file = built(proto, tmp_path)
    feeds = {"x": drawn(steps, 3, INPUTS), "lengths": np.array([2, 6, 5], np.int32)}
    expected = OnnxRuntime(proto.SerializeToString()).run(feeds)
    for name, result in run_resized(file, feeds).items():
        off = np.abs(result - expected[name]).max()
        assert off <= SINGLE_PRECISION * np.abs(expected[name]).max()


@pytest.mark.parametrize(("steps", "batch"), [("t", 1), (MANY, "n"), ("t", "n")])
def test_free_sizes(steps, batch, tmp_path):
    shapes = [(9, 1), (23, 1)] if batch == 1 else [(MANY, 2), (MANY, 3)]
    file = check_free(
        layer(steps, batch=batch), tmp_path, [{"x": (*shape, INPUTS)} for shape in shapes]
    )
    assert not any(MARKER in body for body in bodies(file.data))


@pytest.mark.parametrize(("steps", "count"), [(FEW, 2), (MANY, 3)])
def test_weights_are_stored_once_in_each_graph_as_int8(steps, count, tmp_path):
    """w, and r once for all steps of an iteration, and of those that are left over."""
    graph = Graph.from_bytes(check(layer(steps, directions=1), tmp_path).data)
    matrices = []
    for number in range(len(graph.model.subgraphs)):
        each = Graph(graph.model, number)
        products = [op for op in each.operators if each.kind(op) == "FULLY_CONNECTED"]
        assert all(each.is_int8(int(op.inputs[1])) for op in products)
        matrices += {(number, int(op.inputs[1])) for op in products}
    assert len(matrices) == count


def test_an_lstm_of_pytorch_quantized_by_onnx_runtime_converts(tmp_path):
    class Reader(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(12, 96, num_layers=2, bidirectional=True, batch_first=True)
            self.head = torch.nn.Linear(192, 5)

        def forward(self, x):
            return self.head(self.lstm(x)[0])

    torch.manual_seed(0)
    x = torch.from_numpy(drawn(1, 24, 12))
    path = tmp_path / "float.onnx"
    torch.onnx.export(
        Reader().eval(), (x,), path, input_names=["x"], opset_version=17, dynamo=False
    )
    quantization.quantize_dynamic(path, tmp_path / "int8.onnx", op_types_to_quantize=["LSTM"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "int8.onnx").graph.node]
    assert kinds.count("DynamicQuantizeLSTM") == 2
    report = to_tflite(tmp_path / "int8.onnx", tmp_path / "out")
    assert report.tflite.stat().st_size < 0.5 * path.stat().st_size


def reader(path, *, hidden=24, large=4.0):
    """Two layers of large weights, x ["batch", 20, 5] -> y ["batch", 20, hidden]."""
    rng = np.random.default_rng(0)
    nodes, fixed, x = [helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2])], [], "t"
    for number, rows in enumerate((INPUTS, hidden)):
        names = []
        for kind, size in (("w", rows), ("r", hidden)):
            integers = rng.integers(-127, 128, (1, size, 4 * hidden)).astype(np.int8)
            scale = np.full(1, large / 127 / np.sqrt(hidden), np.float32)
            own = [f"{kind}{number}{end}" for end in ("", "_scale", "_zero_point")]
            arrays = integers, scale, np.zeros(1, np.int8)
            fixed += [numpy_helper.from_array(*pair) for pair in zip(arrays, own, strict=True)]
            names.append(own)
        (w, *of_w), (r, *of_r) = names
        given = [x, w, r, "", "", "", "", "", *of_w, *of_r]
        y, squeezed = f"y{number}", f"s{number}"
        nodes.append(
            helper.make_node(
                "DynamicQuantizeLSTM", given, [y], domain="com.microsoft", hidden_size=hidden
            )
        )
        nodes.append(helper.make_node("Squeeze", [y, "axis"], [squeezed]))
        x = squeezed
    nodes.append(helper.make_node("Transpose", [x], ["y"], perm=[1, 0, 2]))
    fixed.append(numpy_helper.from_array(np.array([1]), "axis"))
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [info("x", TensorProto.FLOAT, ["batch", 20, INPUTS])],
        [info("y", TensorProto.FLOAT, ["batch", 20, hidden])], fixed,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)


def test_ties_that_a_network_amplifies_are_no_fault_and_its_batch_is_found(tmp_path):
    """Rows that are rounded by the limits of all are answered alone otherwise than together."""
    reader(tmp_path / "net.onnx")
    report = to_tflite(tmp_path / "net.onnx", tmp_path / "out")
    assert report.inputs[0].shape == (1, 20, INPUTS)
    assert all(parity.passed for parity in report.parity)


@pytest.mark.parametrize("case", CASES)
def test_the_reference_is_what_onnx_runtime_computes(case):
    proto = layer(FEW, **CASES[case])
    feeds = feeds_of(proto)
    expected = OnnxRuntime(proto.SerializeToString()).run(feeds)
    double = Evaluator(proto, double=True)
    for name, result in zip("yhc", double.run(feeds, ["y", "h", "c"]), strict=True):
        np.testing.assert_allclose(result, expected[name], atol=1e-6)
    values = {**double.weights, **{name: double.taken(array) for name, array in feeds.items()}}
    told = double.run_node(0, values, expected["y"])
    np.testing.assert_allclose(told["y"], expected["y"], atol=1e-6)


def test_a_step_goes_on_from_what_another_form_made():
    proto = layer(FEW, directions=1)
    feeds = feeds_of(proto)
    double = Evaluator(proto, double=True)
    values = {**double.weights, **{name: double.taken(array) for name, array in feeds.items()}}
    right = double.run_node(0, values)["y"]
    other = right.copy()
    other[2] += 0.2
    told = double.run_node(0, values, other)["y"]
    np.testing.assert_array_equal(told[:3], right[:3])
    assert np.abs(told[3] - right[3]).max() > 1e-2


def test_many_steps_of_a_free_batch_are_looped_over_where_their_weights_are_too_many(tmp_path):
    """Unrolled they would be 350 MB of TensorFlow's graph; a tie moves an output by 1e-3."""
    proto = layer(60, batch="n", hidden=600)
    file = built(proto, tmp_path)
    assert file.ops["WHILE"] == 2
    feeds = {"x": drawn(60, 2, INPUTS)}
    expected = OnnxRuntime(proto.SerializeToString()).run(feeds)["y"]
    np.testing.assert_allclose(run_resized(file, feeds)["y"], expected, atol=5e-3)


def test_weights_of_the_run_are_refused():
    computed = Value.laid_out(tf.zeros([1, INPUTS, 4 * HIDDEN]))
    with pytest.raises(Refused, match="the weights is computed at run time"):
        dynamic_quantize_lstm(computed, computed, computed)
