"""LiteRT behind ONNX axis order and the model's own names."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny_detector
import torch

from decant.errors import DataError, InternalError
from decant.runtime import LiteRtModel, decode, describe, encode, first_run, sample_inputs
from decant.tensors import TensorInfo

# Float kernels sum 24 * 16 * 16 products in another order than PyTorch's.
FLOAT_TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def files():
    folder = tiny_detector.tiny_detector_files()
    return {name: folder / file for name, file in tiny_detector.FILES.items()}


@pytest.fixture(scope="module")
def photo():
    image, _ = tiny_detector.picture(np.random.default_rng(1), 2)
    return ((image / 255 - 0.5) / 0.5).astype(np.float32).transpose(2, 0, 1)[np.newaxis]


@pytest.fixture(scope="module")
def expected(photo):
    with torch.no_grad():
        scores, corners = tiny_detector.build()(torch.from_numpy(photo))
    return {"scores_s8": scores.numpy(), "corners_s8": corners.numpy()}


def test_names_and_order_are_those_of_the_graph(files):
    border = describe(files["float"])
    assert [info.name for info in border.inputs] == ["image"]
    assert [info.name for info in border.outputs] == ["scores_s8", "corners_s8"]
    assert border.inputs[0].shape == (1, 64, 64, 3)
    assert border.inputs[0].layout == "keep"


def test_float_file_gives_pytorchs_outputs_in_onnx_order(files, photo, expected):
    model = LiteRtModel(files["float"], *tiny_detector.border(files["float"]))
    found = model.run({"image": photo})
    assert list(found) == ["scores_s8", "corners_s8"]
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=FLOAT_TOLERANCE)


def test_integer_border_is_quantized_and_dequantized(files, photo, expected):
    inputs, outputs = tiny_detector.border(files["static_int8"])
    assert inputs[0].dtype == "int8"
    found = LiteRtModel(files["static_int8"], inputs, outputs).run({"image": photo})
    for info in outputs:
        error = np.abs(found[info.name] - expected[info.name]).max()
        assert 0 < error < 0.05 * np.abs(expected[info.name]).max()


def test_two_threads_agree_with_one(files, photo):
    one, two = (
        LiteRtModel(files["float"], *tiny_detector.border(files["float"]), threads=n).run(
            {"image": photo}
        )
        for n in (1, 2)
    )
    np.testing.assert_allclose(one["scores_s8"], two["scores_s8"], atol=FLOAT_TOLERANCE)


def test_without_layouts_arrays_go_in_as_the_file_takes_them(files, photo, expected):
    found = LiteRtModel(files["float"]).run({"image": photo.transpose(0, 2, 3, 1)})
    np.testing.assert_allclose(
        found["scores_s8"].transpose(0, 3, 1, 2), expected["scores_s8"], atol=FLOAT_TOLERANCE
    )


def test_nothing_reaches_the_terminal(files):
    script = (
        "import sys; from pathlib import Path; from decant.runtime import *\n"
        "model = LiteRtModel(Path(sys.argv[1])); model.run(sample_inputs(model.inputs))"
    )
    command = [sys.executable, "-c", script, str(files["float"])]
    done = subprocess.run(command, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_first_run_gives_the_same_outputs_as_here(files, photo):
    border = tiny_detector.border(files["static_int8"])
    there = first_run(files["static_int8"], *border, {"image": photo})
    here = LiteRtModel(files["static_int8"], *border).run({"image": photo})
    np.testing.assert_array_equal(there["corners_s8"], here["corners_s8"])


def _breaking(files, path):
    """Point the second convolution's weights at a tensor that does not exist."""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(str(files["float"]))
    operator = model.subgraphs[0].operators[2]
    assert model.operatorCodes[operator.opcodeIndex].builtinCode == (schema.BuiltinOperator.CONV_2D)
    operator.inputs[1] = 100_000
    flatbuffer_utils.write_model(model, str(path))


def test_a_broken_graph_becomes_a_message(files, tmp_path):
    path = tmp_path / "broken.tflite"
    _breaking(files, path)
    with pytest.raises((DataError, InternalError)) as caught:
        first_run(path)
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"hello world" * 100, "LiteRT cannot run this file", id="not a flatbuffer"),
        pytest.param(b"", "is empty; make it or copy it again", id="empty"),
    ],
)
def test_junk_is_refused(tmp_path, content, reason):
    path = tmp_path / "junk.tflite"
    path.write_bytes(content)
    with pytest.raises(DataError, match=reason):
        describe(path)


@pytest.mark.parametrize("name", ["net.onnx", "net.pt2"])
def test_what_a_file_is_made_of_is_refused_with_the_way_there(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(DataError, match=rf"is no \.tflite file; .* decant convert .*{name}$"):
        LiteRtModel(path)


def test_truncated_file_is_refused(files, tmp_path):
    path = tmp_path / "short.tflite"
    path.write_bytes(files["float"].read_bytes()[:2000])
    with pytest.raises(DataError, match=r"short\.tflite: LiteRT cannot run this file"):
        describe(path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.tflite: no such file"):
        LiteRtModel(tmp_path / "none.tflite")


def test_missing_input_is_named(files):
    with pytest.raises(DataError, match=r"input image is missing \(given: photo\)"):
        LiteRtModel(files["float"]).run({"photo": np.zeros((1, 64, 64, 3), np.float32)})


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((1, 32, 64, 3), "give an array of that shape"),
        ((64, 64, 3), r"give image\[np\.newaxis\]"),
        ((1, 3, 64, 64), r"give np\.transpose\(image, \(0, 2, 3, 1\)\)"),
    ],
    ids=["size", "one sample", "axis order"],
)
def test_wrong_shape_is_named(files, shape, advice):
    message = rf"input image has shape .*, but the model takes \[1, 64, 64, 3\]; {advice}$"
    with pytest.raises(DataError, match=message):
        LiteRtModel(files["float"]).run({"image": np.zeros(shape, np.float32)})


def test_transpose_is_advised_in_onnx_axis_order(files):
    model = LiteRtModel(files["float"], *tiny_detector.border(files["float"]))
    message = (
        r"image has shape \[1, 64, 64, 3\], but the model takes \[1, 3, 64, 64\] in ONNX axis "
        r"order \(N, C, …\); give np\.transpose\(image, \(0, 3, 1, 2\)\)$"
    )
    with pytest.raises(DataError, match=message):
        model.run({"image": np.zeros((1, 64, 64, 3), np.float32)})


def told(file, document):
    """What each document says of one file, as far as it is read."""
    inputs, outputs = tiny_detector.border(file)
    border = {
        "inputs": [info.model_dump(mode="json") for info in inputs],
        "outputs": [info.model_dump(mode="json") for info in outputs],
    }
    return {
        "convert.json": {"tflite": file.name, **border},
        "quantize.json": {"candidates": [{"file": file.name, **border}]},
        "model.json": {"variants": [{"file": file.name}], **border},
    }[document]


@pytest.mark.parametrize("document", ["convert.json", "quantize.json", "model.json"])
def test_what_lies_beside_a_file_tells_its_axis_order(files, photo, expected, tmp_path, document):
    file = shutil.copy(files["float"], tmp_path)
    (tmp_path / document).write_text(json.dumps(told(Path(file), document)))
    found = LiteRtModel(file).run({"image": photo})
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=FLOAT_TOLERANCE)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"tflite": "other.tflite"}', '{"tflite": "tiny.tflite", "inputs": [3]}'],
    ids=["damaged", "list", "other file", "no tensors"],
)
def test_what_is_not_about_the_file_is_passed_over(files, photo, tmp_path, text):
    file = shutil.copy(files["float"], tmp_path / "tiny.tflite")
    (tmp_path / "convert.json").write_text(text)
    assert LiteRtModel(file).inputs[0].layout == "keep"


def test_description_of_another_file_is_refused(files):
    inputs, outputs = tiny_detector.border(files["static_int8"])
    with pytest.raises(DataError, match=r"input image is float32 .* described as int8"):
        LiteRtModel(files["float"], inputs, outputs)
    renamed = [info.model_copy(update={"name": f"other_{info.name}"}) for info in outputs]
    with pytest.raises(DataError, match=r"no output is called other_scores_s8"):
        LiteRtModel(files["float"], None, renamed)


QUANTIZED = TensorInfo(name="x", shape=(4,), dtype="int8", scale=0.5, zero_point=3)


def test_encode_rounds_halves_away_from_zero_and_saturates():
    values = np.array([0.25, -0.25, 1000.0, -1000.0], np.float32)
    np.testing.assert_array_equal(encode(QUANTIZED, values), np.int8([4, 2, 127, -128]))


def test_decode_undoes_encode():
    values = np.array([-1.5, 0.0, 0.5, 60.0], np.float32)
    np.testing.assert_array_equal(decode(QUANTIZED, encode(QUANTIZED, values)), values)


def test_plain_integer_input_refuses_normalised_values():
    info = TensorInfo(name="image", shape=(2,), dtype="uint8")
    np.testing.assert_array_equal(encode(info, np.array([0.0, 255.0])), np.uint8([0, 255]))
    with pytest.raises(DataError, match="input image: the file takes uint8"):
        encode(info, np.array([0.5, 1.0]))
    with pytest.raises(DataError, match="from -1 to 256"):
        encode(info, np.array([-1.0, 256.0]))


def test_sample_inputs_fit_the_file_and_repeat(files):
    inputs, _ = tiny_detector.border(files["float"])
    first, second = sample_inputs(inputs), sample_inputs(inputs)
    assert first["image"].shape == (1, 3, 64, 64)
    np.testing.assert_array_equal(first["image"], second["image"])
    assert 0.9 < first["image"].std() < 1.1


def test_free_size_takes_the_size_of_the_array(files, tmp_path):
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(str(files["float"]))
    for index in (*model.subgraphs[0].inputs, *model.subgraphs[0].outputs):
        tensor = model.subgraphs[0].tensors[index]
        tensor.shapeSignature = [-1, *tensor.shape[1:]]
    path = tmp_path / "free.tflite"
    flatbuffer_utils.write_model(model, str(path))
    free = LiteRtModel(path, *tiny_detector.border(path))
    assert free.inputs[0].shape == (None, 64, 64, 3)
    assert free.run({"image": np.zeros((3, 3, 64, 64), np.float32)})["scores_s8"].shape[0] == 3
