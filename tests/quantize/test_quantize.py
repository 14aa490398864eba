"""The whole way from a float file to candidates."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mobile_network
import numpy as np
import pytest
import tiny_graph
from ai_edge_litert import schema_py_generated as schema

from decant.errors import DataError, InternalError
from decant.quantize import FLOAT16, RECIPES, STATIC_INT8, QuantizeReport, Recipe, quantize
from decant.quantize.calibrate import measure, samples_of
from decant.quantize.flatbuffer import Graph
from decant.quantize.pipeline import _first_run, _Job, _make_all
from decant.quantize.ranges import choose
from decant.quantize.transform import transform
from decant.runtime import LiteRtModel, describe
from decant.tensors import TensorInfo

FLOAT_OPERATORS = {
    "ADD": 2,
    "CONV_2D": 11,
    "DEPTHWISE_CONV_2D": 3,
    "HARD_SWISH": 5,
    "MEAN": 1,
    "MUL": 1,
    "RESIZE_NEAREST_NEIGHBOR": 1,
}
REWRITTEN = {
    **{kind: count for kind, count in FLOAT_OPERATORS.items() if not kind.startswith("RESIZE")},
    "CONCATENATION": 2,
    "RESHAPE": 2,
}
OPERATORS = {
    # One DEQUANTIZE per weight.
    "float16": {**REWRITTEN, "DEQUANTIZE": 14},
    "dynamic_int8": REWRITTEN,
    # QUANTIZE: the input and five tables; DEQUANTIZE: five tables and three outputs.
    "static_int8": {**REWRITTEN, "DEQUANTIZE": 8, "QUANTIZE": 6},
}
# A rounding to n bits has about 6 n dB; weights and every activation on the way add theirs, and
# random weights pass noise on undamped, as trained ones do not: 8 bits in 15 layers keep 20 dB.
SNR_DB = {"float16": 50.0, "dynamic_int8": 25.0, "static_int8": 17.0}
NAIVE = STATIC_INT8.model_copy(update={"kinds": (*STATIC_INT8.kinds, "HARD_SWISH")})


def named(report, name):
    return next(candidate for candidate in report.candidates if candidate.name == name)


def test_every_recipe_made_a_candidate(report):
    assert [candidate.name for candidate in report.candidates] == list(RECIPES)
    assert report.failures == {}
    assert report.warnings == ()
    assert (report.calibration_samples, report.measured_samples) == (9, 3)


def test_the_float_file_is_what_the_lists_below_assume():
    assert Graph.from_bytes(mobile_network.float_file()).histogram() == FLOAT_OPERATORS


@pytest.mark.parametrize("name", RECIPES)
def test_operators(report, name):
    candidate = named(report, name)
    assert candidate.operators == OPERATORS[name]
    assert Graph.from_file(report.path(candidate)).histogram() == OPERATORS[name]


@pytest.mark.parametrize("name", RECIPES)
def test_xnnpack_runs_all_of_it_as_one_node(report, name):
    assert tiny_graph.delegate_nodes(report.path(named(report, name)).read_bytes()) == 1


@pytest.mark.parametrize("name", RECIPES)
def test_signal_to_noise_ratio(report, name):
    ratios = named(report, name).snr_db
    assert list(ratios) == list(mobile_network.OUTPUTS)
    assert min(ratios.values()) > SNR_DB[name]


@pytest.mark.parametrize("name", RECIPES)
def test_names_order_and_float_border_are_kept(report, name):
    candidate = named(report, name)
    assert candidate.inputs == mobile_network.INPUTS_INFO
    assert candidate.outputs == mobile_network.OUTPUTS_INFO
    graph = Graph.from_file(report.path(candidate))
    assert list(graph.signature_inputs()) == ["image"]
    assert list(graph.signature_outputs()) == list(mobile_network.OUTPUTS)
    assert list(graph.signature_outputs().values()) == graph.outputs
    assert all(graph.is_float(tensor) for tensor in (*graph.inputs, *graph.outputs))


def test_sizes_shrink(report):
    # Half and a quarter of the weights, and what every file has besides.
    size = len(mobile_network.float_file())
    assert named(report, "float16").size_bytes < 0.65 * size
    assert named(report, "static_int8").size_bytes < 0.55 * size


def test_files_describe_what_was_made(report):
    document = json.loads((report.folder / "quantize.json").read_text())
    assert QuantizeReport.model_validate(document).candidates == report.candidates
    recipes = json.loads((report.folder / "recipe.json").read_text())["recipes"]
    assert [Recipe.from_json(recipe) for recipe in recipes] == [c.recipe for c in report.candidates]
    graph = Graph.from_bytes(mobile_network.float_file())
    computed = {graph.name(int(tensor)) for op in graph.operators for tensor in op.outputs}
    assert computed < set(named(report, "static_int8").recipe.ranges)


def test_today_s_recipe_leaves_xnnpack_at_every_hard_swish(report, float_path, calibration):
    """The control: without the float islands each hard-swish cuts the graph."""
    content = float_path.read_bytes()
    samples = samples_of(calibration, mobile_network.INPUTS_INFO)
    statistics = measure(content, mobile_network.INPUTS_INFO, samples)
    ranges = choose(Graph.from_bytes(content), statistics, "minmax")
    naive = transform(content, NAIVE.model_copy(update={"ranges": ranges}))
    assert Graph.from_bytes(naive).histogram() == {
        **FLOAT_OPERATORS,
        "DEQUANTIZE": 3,
        "QUANTIZE": 1,
    }
    assert tiny_graph.delegate_nodes(naive) >= FLOAT_OPERATORS["HARD_SWISH"]


def test_hard_swish_rounds_only_once(tmp_path):
    """The table between DEQUANTIZE and QUANTIZE holds the ideally rounded values."""
    graph = tiny_graph.empty()
    shape = (1, 16, 16, 1)
    x, middle, y, z = (graph.add_tensor(name, shape) for name in ("x", "middle", "y", "z"))
    kernel = graph.add_constant("kernel", np.ones((1, 1, 1, 1), np.float32))
    bias = graph.add_constant("bias", np.zeros(1, np.float32))
    convolution = schema.Conv2DOptionsT()
    convolution.strideW = convolution.strideH = 1
    convolution.dilationWFactor = convolution.dilationHFactor = 1
    graph.subgraph.inputs, graph.subgraph.outputs = [x], [z]
    graph.subgraph.operators = [
        graph.operator("CONV_2D", [x, kernel, bias], middle, convolution),
        graph.operator("HARD_SWISH", [middle], y, schema.HardSwishOptionsT()),
        graph.operator("CONV_2D", [y, kernel, bias], z, convolution),
    ]
    step, top_step = 3 / 101, 5.1 / 255
    low, high, top = -101 * step, 154 * step, 255 * top_step
    ranges = {"x": (low, high), "middle": (low, high), "y": (0.0, top), "z": (0.0, top)}
    recipe = STATIC_INT8.model_copy(update={"ranges": ranges})
    graph.ensure_signature()
    path = tmp_path / "table.tflite"
    path.write_bytes(transform(graph.to_bytes(), recipe))
    values = (low + step * np.arange(256)).astype(np.float32).reshape(shape)
    found = LiteRtModel(path).run({"x": values})["z"]
    ideal = np.round(values * np.clip(values + 3, 0, 6) / 6 / top_step) * top_step
    off_by = np.abs(found - np.clip(ideal, 0, top)) / top_step
    assert off_by.max() < 0.01


def test_uint8_pixels_go_in_as_they_are(tmp_path):
    graph = Graph.from_bytes(mobile_network.float_file())
    pixels = graph.add_tensor(
        "pixels", (1, mobile_network.HEIGHT, mobile_network.WIDTH, 3), np.uint8
    )
    options = schema.CastOptionsT()
    options.inDataType, options.outDataType = schema.TensorType.UINT8, schema.TensorType.FLOAT32
    image = graph.inputs[0]
    graph.subgraph.operators = [graph.operator("CAST", [pixels], image, options), *graph.operators]
    graph.subgraph.inputs = [pixels]
    graph.model.signatureDefs[0].inputs[0].tensorIndex = pixels
    path = tmp_path / "camera.tflite"
    path.write_bytes(graph.to_bytes())
    inputs = [mobile_network.INPUTS_INFO[0].model_copy(update={"dtype": "uint8"})]
    raw = np.clip(mobile_network.pictures(4) * 40 + 120, 0, 255).astype(np.uint8)
    report = quantize(
        path,
        tmp_path / "out",
        calibration={"image": raw},
        inputs=inputs,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=[STATIC_INT8],
    )
    candidate = report.candidates[0]
    assert report.rewrites["dequantize_pixels"] == 1
    assert candidate.inputs[0].dtype == "uint8"
    assert (candidate.inputs[0].scale, candidate.inputs[0].zero_point) == (1.0, 0)
    assert "CAST" not in candidate.operators
    assert tiny_graph.delegate_nodes(report.path(candidate).read_bytes()) == 1
    assert min(candidate.snr_db.values()) > SNR_DB["static_int8"]


BUILD = """
import sys
from pathlib import Path
import mobile_network, numpy
from decant.quantize import quantize
quantize(Path(sys.argv[1]), Path(sys.argv[2]), calibration={"image": mobile_network.pictures(12)},
         inputs=mobile_network.INPUTS_INFO, outputs=mobile_network.OUTPUTS_INFO)
"""


def test_another_process_in_another_folder_writes_the_same_bytes(report, float_path, tmp_path):
    out = tmp_path / "elsewhere" / "deep"
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "17",
        "PYTHONPATH": str(Path(mobile_network.__file__).parent),
    }
    command = [sys.executable, "-c", BUILD, str(float_path), str(out)]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    names = sorted(path.name for path in report.folder.iterdir())
    assert names == sorted(path.name for path in out.iterdir())
    for name in names:
        assert (out / name).read_bytes() == (report.folder / name).read_bytes(), name


def test_a_recipe_with_ranges_makes_the_same_file_from_other_data(report, float_path, tmp_path):
    original = named(report, "static_int8")
    again = quantize(
        float_path,
        tmp_path,
        calibration={"image": mobile_network.pictures(2, seed=5)},
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=[original.recipe],
    )
    assert again.path(again.candidates[0]).read_bytes() == report.path(original).read_bytes()


def test_keep_float_keeps_an_operator_float(report, float_path, tmp_path):
    original = named(report, "static_int8").recipe
    graph = Graph.from_file(float_path)
    first = next(op for op in graph.operators if graph.kind(op) == "DEPTHWISE_CONV_2D")
    weights = graph.name(int(first.inputs[1]))
    pattern = "^" + graph.name(int(first.outputs[0])).split(";")[0]
    content = transform(
        float_path.read_bytes(), original.model_copy(update={"keep_float": (pattern,)})
    )
    made = Graph.from_bytes(content)
    kept = [t for t in range(len(made.subgraph.tensors)) if made.name(t) == weights]
    assert [made.dtype(tensor) for tensor in kept] == [np.dtype(np.float32)]


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
    path.write_bytes(tiny_graph.empty().to_bytes()[:40])
    job = _Job(tiny_graph.empty(), (), (), {}, [], [], tmp_path)
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


def test_a_file_without_signatures_keeps_its_tensors_names(report, float_path, tmp_path):
    graph = Graph.from_file(float_path)
    graph.model.signatureDefs = None
    path = tmp_path / "bare.tflite"
    path.write_bytes(graph.to_bytes())
    border = describe(path)
    made = quantize(
        path,
        tmp_path / "out",
        calibration={border.inputs[0].name: np.moveaxis(mobile_network.pictures(2), 1, -1)},
        inputs=border.inputs,
        outputs=border.outputs,
        recipes=[named(report, "static_int8").recipe],
    )
    found = describe(made.path(made.candidates[0]))
    assert found == border


def test_no_candidate_at_all_is_an_error():
    with pytest.raises(InternalError, match=r"no candidate could be made\. No recipe given"):
        _make_all(None, [])


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


def test_one_sample_is_reported(float_path, tmp_path):
    report = quantize(
        float_path,
        tmp_path,
        calibration={"image": mobile_network.pictures(1)},
        inputs=mobile_network.INPUTS_INFO,
        outputs=mobile_network.OUTPUTS_INFO,
        recipes=[FLOAT16],
    )
    assert report.warnings == (
        "one calibration sample only: ranges and ratios come from the same sample",
    )


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
