"""Distances between forms of a model, what they prove, and the search for the op at fault."""

import math

import numpy as np
import onnx
import pytest

from decant.convert.build import Request, build
from decant.convert.verify.exported import expected_of
from decant.convert.verify.hops import Subject, doubts, run_tflite, verify
from decant.convert.verify.oracle import KEPT, FormResults, Model, Oracle
from decant.convert.verify.samples import samples_for
from decant.errors import DataError, InternalError, ParityError, UnsupportedOp
from decant.graph.load import load
from decant.isolation import run_isolated
from decant.parity import compare

TOLERANCE = 1e-4


def parity(actual, expected):
    arrays = [[np.asarray(sample, np.float32) for sample in side] for side in (actual, expected)]
    return compare("a → b", "y", *arrays, TOLERANCE)


def test_error_is_relative_to_the_largest_magnitude():
    found = parity([[1.0, -2.02]], [[1.0, -2.0]])
    assert found.max_relative == pytest.approx(0.01, rel=1e-5)
    assert found.rms_relative == pytest.approx(0.02 / math.sqrt(5), rel=1e-5)
    assert not found.passed


@pytest.mark.parametrize(
    ("actual", "expected", "passed"),
    [
        pytest.param([0.0, 0.0], [0.0, 0.0], True, id="zeros"),
        pytest.param([1e-9, 0.0], [0.0, 0.0], False, id="something-for-zero"),
        pytest.param([1.0, -np.inf], [1.0, -np.inf], True, id="equal-infinities"),
        pytest.param([1.0, np.inf], [1.0, -np.inf], False, id="opposite-infinities"),
        pytest.param([1.0, np.inf], [1.0, 2.0], False, id="overflow"),
        pytest.param([1.0, np.nan], [1.0, 2.0], False, id="nan"),
        pytest.param([1.0, np.nan], [1.0, np.nan], True, id="nan-in-both"),
        pytest.param([np.nan, 1.0], [1.0, np.nan], False, id="nan-elsewhere"),
        pytest.param([], [], True, id="empty"),
    ],
)
def test_special_values(actual, expected, passed):
    assert parity([actual], [expected]).passed is passed


def test_errors_are_numbers_beside_nan():
    found = parity([[np.nan, 1.0, 2.0]], [[np.nan, 1.0, 2.0002]])
    assert found.max_relative == pytest.approx(1e-4, rel=1e-2)
    assert found.rms_relative == pytest.approx(2e-4 / math.sqrt(5), rel=1e-2)


def test_other_shapes_are_refused():
    with pytest.raises(ParityError, match=r"y has shape \(2,\) in a → b but \(1, 2\)"):
        parity([[1.0, 2.0]], [[[1.0, 2.0]]])


def test_other_shapes_are_refused_by_the_sample_that_has_them():
    one, two = np.zeros((1, 3)), np.zeros((2, 3))
    with pytest.raises(
        ParityError, match=r"y has shape \(1, 3\) in a → b but \(2, 3\) .* sample 2 of 2"
    ):
        compare("a → b", "y", [one, one], [one, two], 1e-4)


@pytest.mark.parametrize(
    ("expected", "conclusive"),
    [
        pytest.param([[1.0, 2.0], [2.0, 1.0]], True, id="follows"),
        pytest.param([[1.0, 2.0], [1.0, 2.00001]], False, id="hardly-follows"),
        pytest.param([[1.0, 2.0]], False, id="one-sample"),
        pytest.param([[1.0, 2.0], [1.0]], True, id="sizes-differ"),
    ],
)
def test_a_check_proves_something_only_where_the_output_follows_the_input(expected, conclusive):
    found = parity(expected, expected)
    assert found.conclusive is conclusive
    assert bool(doubts([found])) is not conclusive


MODEL = """<ir_version: 10, opset_import: ["": 20]>
 net (float[1,3,5,7] x) => (float[1,4,5,7] y, float[1,4] z) {
  a = Conv(x, w)
  b = Relu(a)
  [wave] c = Sin(b)
  y = Add(c, b)
  d = ReduceMean<keepdims = 0>(y, axes)
  z = Mul(d, d)
 }"""
OPERATORS = """
import tensorflow as tf
from decant.convert import op, pointwise

@op("Sin")
def wrong(x):
    return pointwise(lambda t: tf.sin(t) * (1.01), x)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    proto = onnx.parser.parse_model(MODEL)
    weights = np.random.default_rng(0).normal(size=(4, 3, 1, 1)).astype(np.float32)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.array([2, 3]), "axes"))
    onnx.save(proto, folder / "net.onnx")
    return folder / "net.onnx"


@pytest.fixture(scope="module")
def samples(model):
    return samples_for(load(model).graph.inputs, None)


@pytest.fixture(scope="module")
def expected(model, samples):
    from decant.onnx_runtime import OnnxRuntime

    runtime = OnnxRuntime(model)
    return FormResults("onnx", [list(runtime.run(sample).values()) for sample in samples])


def built(model, folder, samples, *operators):
    request = Request(model, folder / "saved_model", operators=operators)
    result = run_isolated(build, request, samples)
    return Subject(request, result, result.tflite, samples, samples, Model(model, None))


def test_the_first_emitted_op_at_fault_is_named(model, samples, expected, tmp_path):
    operators = tmp_path / "wrong.py"
    operators.write_text(OPERATORS)
    subject = built(model, tmp_path, samples, operators)
    forms = [expected, FormResults("saved_model", subject.built.answers)]
    with pytest.raises(ParityError) as caught:
        verify(subject, forms, TOLERANCE)
    message = str(caught.value)
    assert message.startswith("onnx → saved_model: 2 of 2 outputs differ:\n  y: relative error 0.0")
    assert "The first op that differs is wave: Sin, which makes c (relative error 0.0" in message


@pytest.fixture(scope="module")
def sound(model, samples, tmp_path_factory):
    return built(model, tmp_path_factory.mktemp("sound"), samples)


def test_forms_that_agree_pass(sound, samples, expected):
    infos = sound.built.inputs, sound.built.outputs
    answers = run_tflite(sound.tflite, *infos, samples)
    forms = [
        expected,
        FormResults("saved_model", sound.built.answers),
        FormResults("tflite", answers),
    ]
    found = verify(sound, forms, TOLERANCE)
    hops = ["onnx → saved_model", "saved_model → tflite", "onnx → tflite"]
    assert [p.hop for p in found] == [hop for hop in hops for _ in range(2)]
    assert max(p.max_relative for p in found) < 1e-6
    assert doubts(found) == []


def test_a_pytorch_model_that_disagrees_is_told(model, samples):
    def other(x):
        return x.mean(1, keepdim=True).expand(1, 4, 5, 7), x.new_ones(1, 4)

    oracle = Oracle(Model(model, other))
    with pytest.raises(ParityError, match=r"pytorch → onnx: 2 of 2 outputs differ:\n  y: relative"):
        expected_of(oracle, samples, ["y", "z"], TOLERANCE)


def test_the_latest_answers_of_onnx_runtime_are_kept(model, samples, monkeypatch):
    oracle, runs = Oracle(Model(model, None)), []
    whole = oracle._run
    monkeypatch.setattr(oracle, "_run", lambda sample: runs.append(sample) or whole(sample))
    asked = [{"x": np.float32(number) + samples[0]["x"]} for number in range(KEPT + 1)]
    for sample in (*asked, *asked[1:]):
        oracle.run(sample)
    assert len(runs) == len(asked)
    oracle.run(asked[0])
    assert len(runs) == len(asked) + 1


def with_nan(body, folder):
    proto = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["": 20]> g'
        f" (float[1,3,5,7] x) => (float[1,3,5,7] y, float[1,3,5,7] z) {{ {body} }}"
    )
    onnx.save(proto, folder / "net.onnx")
    return Oracle(Model(folder / "net.onnx", None))


def test_no_op_is_blamed_for_a_model_that_gives_nan_itself(samples, tmp_path):
    """A logarithm of what is never positive, say; every form gives NaN, and no op differs."""
    oracle = with_nan("y = Relu(x) a = Abs(x) b = Neg(a) z = Log(b)", tmp_path)
    with pytest.raises(ParityError) as caught:
        expected_of(oracle, samples, ["y", "z"], TOLERANCE)
    values = sum(sample["x"].size for sample in samples)
    assert str(caught.value).startswith(
        "the model itself gives NaN in onnx, so that nothing can be compared:\n"
        f"  z: all {values} values are NaN\nGive inputs that it is made for"
    )


def test_nan_in_some_places_is_told(samples, tmp_path):
    found = expected_of(with_nan("y = Relu(x) z = Log(x)", tmp_path), samples, ["y", "z"], 1e-4)
    values = np.concatenate([sample["x"].ravel() for sample in samples])
    assert found.warnings == (
        f"the model itself gives NaN in {(values < 0).sum()} of {values.size} values of z, and"
        " every form gives it in the same places",
    )


def test_the_first_op_of_a_damaged_file_is_named(sound, samples, expected, model, tmp_path):
    weights = onnx.numpy_helper.to_array(onnx.load(model).graph.initializer[0])
    ohwi = np.ascontiguousarray(weights.transpose(0, 2, 3, 1)).tobytes()
    content = sound.tflite.read_bytes()
    assert content.count(ohwi) == 1
    path = tmp_path / "damaged.tflite"
    path.write_bytes(content.replace(ohwi, (weights * 1.5).tobytes()))
    infos = sound.built.inputs, sound.built.outputs
    damaged = Subject(sound.request, sound.built, path, samples, samples, Model(model, None))
    forms = [expected, FormResults("tflite", run_tflite(path, *infos, samples))]
    with pytest.raises(
        ParityError, match=r"first op that differs is one of a: Conv, b: Relu, which make b \("
    ):
        verify(damaged, forms, TOLERANCE)


def test_a_crash_of_the_runtime_is_a_message(sound, samples, tmp_path):
    path = tmp_path / "broken.tflite"
    data = bytearray(sound.tflite.read_bytes())
    data[200:800] = bytes(600)
    path.write_bytes(data)
    with pytest.raises((InternalError, UnsupportedOp), match=r"broken\.tflite"):
        run_tflite(path, sound.built.inputs, sound.built.outputs, samples)


def inputs(model):
    return load(model).graph.inputs


@pytest.mark.parametrize("shape", [(3, 3, 5, 7), (3, 1, 3, 5, 7)], ids=["images", "batches"])
def test_given_arrays_are_cut_into_samples(model, shape):
    cut = samples_for(inputs(model), {"x": np.zeros(shape, np.float32)})
    assert [sample["x"].shape for sample in cut] == [(1, 3, 5, 7)] * 3


def test_one_sample_gets_a_second(model):
    one = np.arange(105, dtype=np.float32).reshape(1, 3, 5, 7)
    first, second = samples_for(inputs(model), {"x": one})
    assert (first["x"] != second["x"]).any()


def test_of_many_given_arrays_a_few_are_taken_evenly(model):
    many = np.arange(20, dtype=np.float32).reshape(20, 1, 1, 1) * np.ones((1, 3, 5, 7), "f4")
    cut = samples_for(inputs(model), {"x": many})
    assert [int(sample["x"].flat[0]) for sample in cut] == [0, 2, 5, 7, 10, 12, 15, 17]


def test_arrays_that_do_not_fit_are_refused(model):
    with pytest.raises(DataError, match=r"'x' has shape \[2, 3, 7, 5\], .* takes \[1, 3, 5, 7\]"):
        samples_for(inputs(model), {"x": np.zeros((2, 3, 7, 5))})


def test_normalised_pixels_are_refused_where_raw_ones_go_in(model):
    with pytest.raises(DataError, match="give raw values, not normalised ones"):
        samples_for(inputs(model), {"x": np.full((2, 3, 5, 7), 0.5, np.float32)}, raw=True)
