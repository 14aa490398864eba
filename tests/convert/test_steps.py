"""Each step of a form is judged on what it was given: faults, near ties, amplified rounding."""

import numpy as np
import onnx
import pytest
from emitted import parsed

from decant.convert import to_tflite
from decant.convert.verify.evaluator import Evaluator
from decant.convert.verify.reference_ops import typed
from decant.convert.verify.steps import LARGEST_STEP, StepJudge
from decant.errors import ParityError
from decant.onnx_runtime import OnnxRuntime

OPSET = 18


def values_of(proto, sample):
    """Every value of a graph in single precision, as a form has them that makes no fault."""
    every = onnx.ModelProto()
    every.CopyFrom(proto)
    known = {output.name for output in proto.graph.output}
    names = [name for node in proto.graph.node for name in node.output if name not in known]
    every.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return OnnxRuntime(every.SerializeToString(), optimize=False).run(sample)


def steps(proto, sample, found):
    return StepJudge(proto, sample, lambda name, _: found.get(name)).judge()


def named(fault):
    return [node.output[0] for node in fault.nodes]


CHAOS = "\n".join(
    f"a{i} = Sub(one, y{i}) b{i} = Mul(y{i}, a{i}) y{i + 1} = Mul(rate, b{i})" for i in range(30)
)
CHAOTIC = f"""(float[1,64] x) => (float[1,64] y30)
    <float[1] one = {{1.0}}, float[1] rate = {{3.99}}> {{
    y0 = Sigmoid(x) {CHAOS}
}}"""


@pytest.fixture
def noise():
    return {"x": np.random.default_rng(0).normal(size=(1, 64)).astype(np.float32)}


def test_what_only_amplifies_rounding_has_right_steps(noise):
    proto = parsed(CHAOTIC, opset=OPSET)
    found = values_of(proto, noise)
    exact = Evaluator(proto, double=True).run(noise, ["y30"])[0]
    assert np.abs(found["y30"] - exact).max() > 0.01
    judged = steps(proto, noise, found)
    assert judged.faults == []
    assert judged.complete
    assert judged.largest < 1e-6


def test_a_small_fault_shows_behind_rounding_that_is_larger(noise):
    proto = parsed(CHAOTIC, opset=OPSET)
    found = values_of(proto, noise)
    found["b7"] = found["b7"] * np.float32(1 + 5 * LARGEST_STEP)
    judged = steps(proto, noise, found)
    # The fault is in b7; what it was made of is the form's own, and so is what is made of it.
    assert named(judged.faults[0]) == ["b7"]
    assert named(judged.first()) == ["b7"]


TOP = """(float[1,1,9,7] x) => (float[1,5] score, int64[1,5] place)
    <int64[1] five = {5}, int64[2] flat = {1, -1}> {
    m = MaxPool<kernel_shape = [3,3], pads = [1,1,1,1]>(x)
    peak = Equal(x, m)
    zero = Sub(x, x)
    h = Where(peak, x, zero)
    row = Reshape(h, flat)
    score, place = TopK(row, five)
}"""


@pytest.fixture
def heat():
    return {"x": np.random.default_rng(1).random((1, 1, 9, 7)).astype(np.float32)}


def test_a_decision_that_follows_from_what_it_was_given_is_right(heat):
    """The form has the second best ahead of the best by a rounding, and all that follows."""
    proto = parsed(TOP, opset=OPSET)
    found = values_of(proto, heat)
    first, second = found["place"][0, :2]
    row = found["row"].copy()
    row[0, second] = np.nextafter(row[0, first], np.float32(2))
    heat["x"].reshape(-1)[second] = row[0, first]  # the tie of the model
    near = values_of(proto, heat)
    near["h"] = row.reshape(near["h"].shape)
    near["row"] = row
    near["score"], near["place"] = near["score"].copy(), near["place"].copy()
    near["score"][0, :2] = row[0, [second, first]]
    near["place"][0, :2] = second, first
    judged = steps(proto, heat, near)
    assert judged.faults == []
    assert judged.complete


def test_a_decision_against_what_it_was_given_is_a_fault(heat):
    proto = parsed(TOP, opset=OPSET)
    found = values_of(proto, heat)
    found["place"] = found["place"][:, [1, 0, 2, 3, 4]]
    judged = steps(proto, heat, found)
    assert [named(fault) for fault in judged.faults] == [["score"]]
    found = values_of(proto, heat)
    found["peak"] = np.zeros_like(found["peak"])
    assert named(steps(proto, heat, found).first()) == ["peak"]


def test_values_that_the_form_does_not_have_are_made_on_the_way(heat):
    proto = parsed(TOP, opset=OPSET)
    every = values_of(proto, heat)
    few = {name: every[name] for name in ("h", "score", "place")}
    assert steps(proto, heat, few).faults == []
    few["h"] = every["h"] * np.float32(1.001)
    fault = steps(proto, heat, few).first()
    assert fault.value == "h"
    assert named(fault) == ["m", "peak", "zero", "h"]
    assert fault.parity.max_relative == pytest.approx(1e-3, rel=1e-2)


def test_an_output_that_the_form_is_not_known_to_have_leaves_it_unjudged(heat):
    proto = parsed(TOP, opset=OPSET)
    found = values_of(proto, heat)
    del found["place"]
    assert not steps(proto, heat, found).complete


QUANTIZED = """(float[1,64] x) => (float[1,64] y) {
    q, s, z = DynamicQuantizeLinear(x) y = DequantizeLinear(q, s, z)
}"""
QUANTUM = 2 / 255


@pytest.mark.parametrize(
    ("quanta", "faults"),
    [pytest.param(1, [], id="as-far-as-a-tie-goes"), pytest.param(5, ["y"], id="further")],
)
def test_a_fault_behind_a_quantizer_is_no_tie(quanta, faults):
    """A tie moves one element by a quantum, 0.8 % here; eight times that would excuse 6 %."""
    x = np.random.default_rng(0).uniform(-1, 1, (1, 64)).astype(np.float32)
    x[0, :2] = -1, 1
    x[0, 7] = 20.5 * QUANTUM
    proto = parsed(QUANTIZED, opset=21)
    found = {"y": Evaluator(proto, double=True).run({"x": x}, ["y"])[0].astype(np.float32)}
    up = np.float32(1 if found["y"][0, 7] < x[0, 7] else -1)
    found["y"][0, 7] += up * np.float32(quanta * QUANTUM)
    judged = steps(proto, {"x": x}, found)
    assert [fault.value for fault in judged.faults] == faults


CONVOLUTIONS = [
    pytest.param("[1,4,9,7]", "[6,4,3,2]", "pads = [1,0,2,1], strides = [2,1]", id="strided"),
    pytest.param("[2,6,9,7]", "[6,1,3,3]", "group = 6, dilations = [2,1]", id="depthwise"),
    pytest.param("[1,6,9]", "[4,3,3]", 'group = 2, auto_pad = "SAME_UPPER"', id="same-1d"),
    pytest.param("[1,2,5,4,3]", "[3,2,2,2,2]", "pads = [1,0,0,0,1,1]", id="3d"),
]


@pytest.mark.parametrize(("sizes", "kernel", "attributes"), CONVOLUTIONS)
def test_convolutions_are_onnx_runtimes_in_double_precision(sizes, kernel, attributes):
    random = np.random.default_rng(0)
    shapes = {"x": eval(sizes), "w": eval(kernel)}
    arrays = {n: random.normal(size=s).astype(np.float32) for n, s in shapes.items()}
    arrays["b"] = random.normal(size=shapes["w"][:1]).astype(np.float32)
    text = f"(float{sizes} x, float{kernel} w, float[{shapes['w'][0]}] b) => (float y) "
    proto = parsed(f"{text} {{ y = Conv<{attributes}>(x, w, b) }}", opset=OPSET)
    (y,) = Evaluator(proto, double=True).run(arrays, ["y"])
    wanted = OnnxRuntime(proto.SerializeToString()).run(arrays)["y"]
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, wanted, atol=1e-5)


POOLS = [
    pytest.param("MaxPool<kernel_shape = [3,3], strides = [2,2], ceil_mode = 1>(x)", id="max"),
    pytest.param("AveragePool<kernel_shape = [2,3], pads = [1,1,0,1]>(x)", id="average"),
    pytest.param('Gelu<approximate = "tanh">(x)', id="gelu-by-tanh"),
    pytest.param("Gelu(x)", id="gelu"),
    pytest.param("Sigmoid(x)", id="sigmoid"),
]


@pytest.mark.parametrize("node", POOLS)
def test_other_ops_are_onnx_runtimes_in_double_precision(node):
    proto = parsed(f"(float[1,2,9,7] x) => (float y) {{ y = {node} }}", opset=20)
    x = np.random.default_rng(0).normal(size=(1, 2, 9, 7)).astype(np.float32)
    (y,) = Evaluator(proto, double=True).run({"x": x}, ["y"])
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, OnnxRuntime(proto.SerializeToString()).run({"x": x})["y"], 1e-5)


OLD = [
    pytest.param(9, "BatchNormalization<momentum = 0.9>(x, s, b, b, s)", id="statistics"),
    *(pytest.param(12, f"{op}<axis = 2>(x)", id=op) for op in ("Softmax", "LogSoftmax", "Hardmax")),
    pytest.param(13, "LRN<size = 3, alpha = 0.1>(x)", id="neighbours"),
    pytest.param(11, "LpNormalization<axis = 1, p = 1>(x)", id="sum of sizes"),
    pytest.param(7, "LSTM<hidden_size = 2, clip = 0.3>(t, w, r)", id="clip"),
    pytest.param(7, "LSTM<hidden_size = 2>(t, w, r, , n)", id="lengths"),
    pytest.param(7, "LSTM<hidden_size = 2>(t, w, r)", id="plain"),
    pytest.param(7, "LSTM<hidden_size = 2, input_forget = 1>(t, w, r)", id="coupled gates"),
    pytest.param(
        7,
        'LSTM<hidden_size = 2, activations = ["HardSigmoid", "Relu", "Softsign"]>(t, w, r)',
        id="functions",
    ),
    pytest.param(7, "GRU<hidden_size = 2>(t, v, u, , n)", id="lengths of a GRU"),
    pytest.param(10, "RoiAlign<output_height = 2, output_width = 2>(x, rois, which)", id="regions"),
]


@pytest.mark.parametrize(("opset", "node"), OLD)
def test_what_the_reference_gets_wrong_is_onnx_runtimes(opset, node):
    random = np.random.default_rng(0)
    shapes = {"x": (1, 4, 5, 7), "s": 4, "b": 4, "t": (5, 2, 3), "w": (1, 8, 3), "r": (1, 8, 2)}
    shapes |= {"v": (1, 6, 3), "u": (1, 6, 2)}
    given = {n: random.normal(size=shape).astype(np.float32) for n, shape in shapes.items()}
    given |= {"n": np.array([3, 5], np.int32), "which": np.array([0, 0])}
    given |= {"s": np.abs(given["s"]), "rois": np.float32([[0, 0, 4, 4], [1, 1, 3, 5]])}
    proto = parsed(f"() => (float y) {{ y = {node} }}", opset=opset)
    taken = {name: given[name] for name in proto.graph.node[0].input if name}
    proto.graph.input.extend(typed(name, array) for name, array in taken.items())
    (y,) = Evaluator(proto, double=True).run(taken, ["y"])
    wanted = OnnxRuntime(proto.SerializeToString(), optimize=False).run(taken)["y"]
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, wanted, atol=1e-5)


STATED = [
    pytest.param(
        "LSTM", (8, 3), 'activations = ["Sigmoid", "tanh", "Tanh"], input_forget = 0', id="LSTM"
    ),
    pytest.param("GRU", (6, 3), 'activations = ["Sigmoid", "Tanh"]', id="GRU"),
    pytest.param("RNN", (2, 3), 'activations = ["Tanh"]', id="RNN"),
]


@pytest.mark.parametrize(("op", "kernel", "stated"), STATED)
def test_defaults_that_a_recurrent_layer_states_leave_it_in_double_precision(op, kernel, stated):
    random = np.random.default_rng(0)
    shapes = {"t": (5, 2, 3), "w": (1, *kernel), "r": (1, kernel[0], 2)}
    given = {n: random.normal(size=shape).astype(np.float32) for n, shape in shapes.items()}
    ends = f"(float[5,2,3] t, float[1,{kernel[0]},3] w, float[1,{kernel[0]},2] r) => (float y)"
    answers = []
    for attributes in ("hidden_size = 2", f"hidden_size = 2, {stated}"):
        proto = parsed(f"{ends} {{ y = {op}<{attributes}>(t, w, r) }}", opset=OPSET)
        answers += Evaluator(proto, double=True).run(given, ["y"])
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize("opset", [10, 13, 21])
def test_quantized_files_of_any_opset_have_double_precision(opset):
    proto = parsed(
        """(float[2,3] x) => (float[2,3] y) <float s = {0.1}, uint8 z = {128}> {
            q = QuantizeLinear(x, s, z) y = DequantizeLinear(q, s, z)
        }""",
        opset=opset,
    )
    x = np.float32([[1, 2, 3.33], [0.04, -0.06, -99]])
    (y,) = Evaluator(proto, double=True).run({"x": x}, ["y"])
    assert y.dtype == np.float64
    wanted = np.float64(np.float32(0.1)) * np.array([[10, 20, 33], [0, -1, -128]])
    np.testing.assert_array_equal(y, wanted)


def test_what_the_reference_cannot_run_onnx_runtime_does():
    """Of GatherElements it takes no more than 64 rows."""
    text = "(float[1,70] x, int64[1,3] i) => (float y) { y = GatherElements<axis = 1>(x, i) }"
    x = np.random.default_rng(0).normal(size=(1, 70)).astype(np.float32)
    given = {"x": x, "i": np.array([[69, 0, 65]])}
    (y,) = Evaluator(parsed(text), double=True).run(given, ["y"])
    np.testing.assert_array_equal(y, x[:, [69, 0, 65]].astype(np.float64))


def saved(text, folder):
    onnx.save(parsed(text, opset=OPSET), folder / "net.onnx")
    return folder / "net.onnx"


def test_a_network_that_amplifies_rounding_converts_and_says_so(tmp_path, noise):
    report = to_tflite(saved(CHAOTIC, tmp_path), tmp_path / "out", inputs=noise)
    over = [parity for parity in report.parity if not parity.within]
    assert over
    assert max(parity.max_relative for parity in over) > 0.01
    assert all(parity.step < LARGEST_STEP for parity in over)
    assert any("the network itself turns one rounding (6e-08) into" in w for w in report.warnings)


WRONG_RATE = """
from decant.convert import op, pointwise

@op("Sigmoid")
def slightly_off(x):
    import tensorflow as tf
    return pointwise(lambda t: tf.sigmoid(t) * (1 + 1e-4), x)
"""


def test_a_fault_in_a_network_that_amplifies_rounding_stays_one(tmp_path, noise):
    (tmp_path / "wrong.py").write_text(WRONG_RATE)
    kept = tmp_path / "kept" / "model.unverified.tflite"
    with pytest.raises(ParityError) as caught:
        to_tflite(
            saved(CHAOTIC, tmp_path),
            tmp_path / "out",
            inputs=noise,
            operators=[tmp_path / "wrong.py"],
            unverified=kept,
        )
    message = str(caught.value)
    assert "first op that differs is y0: Sigmoid, which makes y0 (relative error 0.0001" in message
    assert message.endswith(f"The file is kept as it is, unverified: {kept}")
    assert kept.read_bytes()[4:8] == b"TFL3"
    assert not (tmp_path / "out").exists()
