"""What fails becomes a message, and leaves earlier files as they were."""

import os

import mobile_network
import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema
from candidates import named

from decant import isolation
from decant.errors import DataError, InternalError, SpecError
from decant.flatbuffer import empty_graph
from decant.quantize import FLOAT16, RECIPES, STATIC_INT8, quantize
from decant.quantize.calibrate import measure
from decant.quantize.candidates import _first_run
from decant.quantize.job import Job
from decant.tensors import TensorInfo


def test_a_crash_of_the_runtime_is_a_message_and_leaves_no_file(report, float_path, tmp_path):
    good = named(report, "static_int8").recipe
    # Steps 12 orders of magnitude apart: XNNPACK aborts.
    absurd = {
        name: (-1e9, 1e9) if at % 2 else limits
        for at, (name, limits) in enumerate(good.ranges.items())
    }
    crashing = good.model_copy(update={"name": "absurd", "ranges": absurd})
    made = quantize(
        float_path,
        tmp_path,
        calibration={"image": mobile_network.pictures(2)},
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=[crashing, FLOAT16],
    )
    assert [candidate.name for candidate in made.candidates] == ["float16"]
    assert list(made.failures) == ["absurd"]
    assert "LiteRT crashes on the new model_int8.tflite" in made.failures["absurd"]
    assert "SIGABRT" in made.failures["absurd"]
    assert made.warnings == (f"recipe absurd made no candidate: {made.failures['absurd']}",)
    assert not (tmp_path / "model_int8.tflite").exists()


def test_a_file_that_the_runtime_refuses_is_a_failure(tmp_path):
    path = tmp_path / "model_int8.tflite"
    path.write_bytes(empty_graph().to_bytes()[:40])
    job = Job(empty_graph(), {}, path, "", (), (), {}, [], [], judge=None)
    with pytest.raises(InternalError, match=r"^the new model_int8\.tflite does not run: LiteRT"):
        _first_run(job, path)


def test_an_interrupt_between_files_leaves_the_folder_as_it_was(float_path, tmp_path, monkeypatch):
    def interrupt(content):
        raise KeyboardInterrupt

    monkeypatch.setattr("decant.quantize.pipeline.to_json", interrupt)
    (tmp_path / "out").mkdir()
    with pytest.raises(KeyboardInterrupt):
        quantize(
            float_path,
            tmp_path / "out",
            calibration={"image": mobile_network.pictures(2)},
            inputs=mobile_network.INPUTS_INFO,
            outputs=mobile_network.OUTPUTS_INFO,
            recipes=[FLOAT16],
        )
    assert not list((tmp_path / "out").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.fixture
def logarithm(tmp_path):
    """A float file that gives z = softmax(2 log(x)): NaN where x < 0; -inf inside where x = 0."""
    graph = empty_graph()
    x, y, twice, z = (graph.add_tensor(name, (1, 8)) for name in ("x", "y", "twice", "z"))
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    graph.subgraph.inputs, graph.subgraph.outputs = [x], [z]
    graph.subgraph.operators = [
        graph.operator("LOG", [x], y),
        graph.operator("ADD", [y, y], twice, schema.AddOptionsT()),
        graph.operator("SOFTMAX", [twice], z, softmax),
    ]
    path = tmp_path / "logarithm.tflite"
    path.write_bytes(graph.to_bytes())
    return path


def quantize_tiny(path, out, data, *recipes):
    info = TensorInfo(name="x", shape=(1, 8), dtype="float32")
    return quantize(
        path,
        out,
        calibration={"x": np.asarray(data, np.float32)},
        inputs=[info],
        outputs=[info.model_copy(update={"name": "z"})],
        recipes=recipes,
    )


ALREADY = r"is quantized already \(tensor '.+'\); give the float file that it was made from"


@pytest.mark.parametrize("name", RECIPES)
def test_a_file_that_is_quantized_already_is_refused(report, tmp_path, name):
    made = report.path(named(report, name))
    with pytest.raises(DataError, match=ALREADY):
        quantize(
            made,
            tmp_path / "out",
            calibration={"image": mobile_network.pictures(2)},
            inputs=mobile_network.INPUTS_INFO,
            outputs=mobile_network.OUTPUTS_INFO,
        )
    assert not (tmp_path / "out").exists()


def test_a_float_model_that_gives_nan_is_refused(logarithm, tmp_path):
    with pytest.raises(DataError, match=r"output 'z' of the float model is NaN or infinite"):
        quantize_tiny(logarithm, tmp_path / "out", np.full((8, 8), -1), STATIC_INT8, FLOAT16)
    assert not (tmp_path / "out").exists()


def positive():
    return np.random.default_rng(0).uniform(1, 2, (8, 8))


def test_infinity_inside_the_float_model_fails_the_static_recipe_only(logarithm, tmp_path):
    data = positive()
    data[0, 0] = 0
    made = quantize_tiny(logarithm, tmp_path / "out", data, STATIC_INT8, FLOAT16)
    assert [candidate.name for candidate in made.candidates] == ["float16"]
    assert "has no range for 'y', which a ADD reads or writes: it is NaN or" in made.warnings[0]


def test_an_operator_kept_float_needs_no_range(logarithm, tmp_path):
    data = positive()
    data[0, 0] = 0
    recipe = STATIC_INT8.model_copy(update={"keep_float": ("twice",)})
    made = quantize_tiny(logarithm, tmp_path / "out", data, recipe)
    assert made.candidates[0].operators == {"ADD": 1, "LOG": 1, "SOFTMAX": 1}


def test_one_recipe_that_fails_gives_its_own_error(logarithm, tmp_path):
    unknown = STATIC_INT8.model_copy(update={"kinds": ("NOSUCH",)})
    with pytest.raises(SpecError, match="NOSUCH"):
        quantize_tiny(logarithm, tmp_path / "out", positive(), unknown)


def test_when_every_recipe_fails_each_reason_is_given(logarithm, tmp_path):
    unknown = [
        STATIC_INT8.model_copy(update={"kinds": (kind,), "name": kind, "file": f"{kind}.tflite"})
        for kind in ("FIRST", "SECOND")
    ]
    with pytest.raises(SpecError, match=r"no candidate could be made\. FIRST: .*; SECOND: "):
        quantize_tiny(logarithm, tmp_path / "out", positive(), *unknown)
    assert not (tmp_path / "out").exists()


def test_a_crash_of_the_quantizer_fails_its_recipe_only(logarithm, tmp_path, monkeypatch):
    real = isolation.run_isolated

    def crashing(function, model, recipe):
        return real(os.abort) if recipe.name == "static_int8" else real(function, model, recipe)

    monkeypatch.setattr("decant.quantize.candidates.run_isolated", crashing)
    made = quantize_tiny(logarithm, tmp_path / "out", positive(), STATIC_INT8, FLOAT16)
    assert [candidate.name for candidate in made.candidates] == ["float16"]
    assert "SIGABRT" in made.failures["static_int8"]


def test_a_crash_while_calibrating_fails_the_static_recipe_only(logarithm, tmp_path, monkeypatch):
    real = isolation.run_checked

    def crashing(function, *args, **kwargs):
        return real(os.abort) if function is measure else real(function, *args, **kwargs)

    monkeypatch.setattr("decant.quantize.calibrate.run_checked", crashing)
    made = quantize_tiny(logarithm, tmp_path / "out", positive(), STATIC_INT8, FLOAT16)
    assert [candidate.name for candidate in made.candidates] == ["float16"]
    assert "ranges cannot be measured: " in made.failures["static_int8"]
    assert "SIGABRT" in made.failures["static_int8"]


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ([], "no quantization recipe"),
        ([FLOAT16, FLOAT16], "two quantization recipes have name = 'float16'"),
        (
            [FLOAT16, FLOAT16.model_copy(update={"name": "half"})],
            r"two quantization recipes have file = 'model_fp16\.tflite'",
        ),
    ],
    ids=["none", "name", "file"],
)
def test_recipes_that_contradict_each_other_are_refused(logarithm, tmp_path, recipes, message):
    with pytest.raises(SpecError, match=message):
        quantize_tiny(logarithm, tmp_path / "out", positive(), *recipes)


def test_outputs_that_ignore_the_input_are_reported(tmp_path):
    options = schema.MulOptionsT()
    graph = tiny_graph.of_one("MUL", (1, 8), (1, 8), options, [np.zeros((1, 8), np.float32)])
    path = tmp_path / "zero.tflite"
    path.write_bytes(graph.to_bytes())
    info = TensorInfo(name="x", shape=(1, 8), dtype="float32")
    report = quantize(
        path,
        tmp_path / "out",
        calibration={"x": np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)},
        inputs=[info],
        outputs=[info.model_copy(update={"name": "y"})],
        recipes=[FLOAT16],
    )
    assert report.warnings == (
        "output 'y' hardly changes between samples, so that its ratio proves nothing",
    )


@pytest.mark.parametrize(("count", "told"), [(1, 1), (2, 0)])
def test_one_sample_is_reported_and_two_are_enough(logarithm, tmp_path, count, told):
    made = quantize_tiny(logarithm, tmp_path / "out", positive()[:count], STATIC_INT8)
    assert (made.calibration_samples, made.measured_samples) == (1, 1)
    told_of = "one calibration sample only: ranges and ratios come from the same sample"
    assert made.warnings.count(told_of) == told


def test_bad_calibration_leaves_the_folder_as_it_was(float_path, tmp_path):
    (tmp_path / "model_int8.tflite").write_bytes(b"earlier")
    with pytest.raises(DataError, match="'image' has shape"):
        quantize(
            float_path,
            tmp_path,
            calibration={"image": np.ones((2, 3, 8, 8), np.float32)},
            inputs=mobile_network.INPUTS_INFO,
            outputs=mobile_network.OUTPUTS_INFO,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["model_int8.tflite"]
    assert (tmp_path / "model_int8.tflite").read_bytes() == b"earlier"
