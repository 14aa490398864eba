"""The sidecar survives a round trip, agrees with itself, and belongs to its files only."""

import json
import re
from pathlib import Path

import pytest
from sidecars import put, tensor_file, write_model

from decant.artifacts import write_json
from decant.contract.rules import ArrayRule
from decant.contract.sidecar import json_schema, read_sidecar, read_tensor
from decant.contract.sidecar.agreement import check_arrays
from decant.errors import DataError
from decant.tensors import TensorInfo

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "model.schema.json"
SOUND = {"rate": 8000, "pad": "end", "cut": "start"}


@pytest.fixture
def sidecar(tmp_path):
    return write_model(tmp_path)


@pytest.fixture
def document(sidecar):
    return json.loads(json.dumps(sidecar.model_dump(mode="json")))


def write(document, folder):
    write_json(folder / "model.json", document)
    return folder / "model.json"


def test_round_trip(sidecar, document, tmp_path):
    assert read_sidecar(write(document, tmp_path)) == sidecar


def test_another_file_is_refused(document, tmp_path):
    path = write(document, tmp_path)
    (tmp_path / "model.tflite").write_bytes(b"TFL3 changed")
    with pytest.raises(DataError, match=r"model.tflite: SHA-256 is .* variants.0.sha256 = "):
        read_sidecar(path)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema_version", 1, "schema_version: is 1, not 4"),
        ("unheard_of", 1, "unheard_of: Extra inputs"),
        ("inputs", "image", "inputs: Input should be a valid tuple"),
        ("inputs.0.shape", [1, "32", 64, 3], "inputs.0.shape.1: Input should be a valid integer"),
        ("outputs.0.shape", [1, 4, 0, 1], r"outputs.0.shape: .* not fixed"),
        ("outputs.0.scale", 0.5, "outputs.0.scale: goes with zero_point"),
        ("outputs.1.name", "scores_s8", 'outputs: has "scores_s8" twice'),
        ("variants.0.accelerator", "gpu", "variants: has no file for cpu"),
        ("variants.0.file", "../model.tflite", "variants.0.file: .* not a file below"),
        ("variants.0.file", "/model.tflite", "variants.0.file: .* not a file below"),
        ("variants.0.file", "model\0.tflite", "variants.0.file: .* not a file below"),
        ("variants.0.file", "m" * 300, r"variants.0.file: .*mm…\" is longer than the name of a"),
        ("golden.0.photo", "\0.png", "golden.0.photo: .* not a file below"),
        ("variants.0.sha256", "f00", "variants.0.sha256: String should match"),
        ("variants.0.tolerance.scores_s8", None, "variants.0.tolerance: must have scores_s8, "),
        ("image.name", "photo", 'image.name: no input is called "photo"'),
        ("image.rule.width", 32, r"image.rule: makes 32×32 .* is \[1, 32, 64, 3\]"),
        ("image.rule.mean", [0.5], "image.rule.mean: needs 3 numbers"),
        ("image.rule.std", [0, 1, 1], "image.rule.std: must be above 0"),
        ("image.rule.shrink", None, "image.rule.shrink: Field required"),
        ("image.rule.rotation", None, "image.rule.rotation: is missing"),
        ("inputs.0.scale", None, "inputs.0.scale: is missing"),
        ("verdicts", None, "verdicts: is missing"),
        ("made_from", None, "made_from: is missing"),
        ("made_from.code", "0", "made_from.code: String should match"),
        ("image.rule.rotation", "sideways", "image.rule.rotation: Input should be 'upright'"),
        ("arrays", None, "arrays: is missing"),
        ("arrays", {"image": {"mean": [], "std": []}}, "arrays.image: is no input of its own"),
        ("arrays", {"x": {"mean": []}}, "arrays.x.std: Field required"),
        ("sounds", {"x": SOUND}, "sounds.x: is no input of its own"),
        ("sounds", {"x": {**SOUND, "rate": 0}}, "sounds.x.rate: Input should be greater than"),
        ("image.normalised_by", "file", "image.normalised_by: .* needs a uint8 input"),
        ("decode.strides", [8, 16], "decode.strides: has 16, but no output is called scores_s16"),
        ("outputs.0.name", "scores_s4", "variants.0.tolerance: must have scores_s4, corners_s8"),
        ("decode.score_threshold", 2, "decode.score_threshold: Input should be less than 1"),
        ("labels", ["formula", "figure"], "decode.strides: .* do not hold 2 scores"),
        ("golden.0.pixels", None, "golden.0.pixels: goes with image"),
        ("golden.0.pixels.shape", [32, 64], r"golden.0.pixels.shape: is \[32, 64\], not"),
        ("golden.0.outputs.cpu.scores_s8.dtype", "int8", "golden.0.outputs.cpu.scores_s8.dtype: "),
        ("golden.0.outputs.cpu", None, "golden.0.outputs: must be for cpu"),
        ("golden.0.photo", "photo.png", "golden.0.photo_sha256: goes with photo"),
        ("golden.0.predictions.0.label", "figure", 'golden.0.predictions.0.label: "figure" is not'),
        ("golden.0.predictions.0.quad", [[0, 1]], "golden.0.predictions.0.quad: .* 4 corners"),
        ("verdicts.0.met", True, "verdicts.0.met: goes with measured"),
        ("variants.0.size_bytes", 5, "variants.0.size_bytes: is 5, model.tflite has 4"),
        ("verdicts.0.limit", None, "verdicts.0.limit: Field required"),
    ],
)
def test_misfit_is_refused_by_the_name_of_its_field(document, tmp_path, path, value, message):
    put(document, path, value)
    with pytest.raises(DataError, match=f"model.json: {message}"):
        read_sidecar(write(document, tmp_path))


def test_an_output_of_no_stride_is_refused(document, tmp_path):
    """A rule that forgets a level would find fewer things, and nobody would notice."""
    document["outputs"].append({**document["outputs"][0], "name": "scores_s16"})
    document["variants"][0]["tolerance"]["scores_s16"] = 0.5
    with pytest.raises(DataError, match=r"model.json: decode.strides: lacks 16"):
        read_sidecar(write(document, tmp_path))


def test_argmax_needs_a_score_for_every_label(document, tmp_path):
    document["decode"] = {"kind": "argmax"}
    with pytest.raises(DataError, match=r"model.json: decode.kind: argmax needs one output"):
        read_sidecar(write(document, tmp_path))


@pytest.mark.parametrize("content", ["", "[]", "{", '"x"', "null", "[" * 5000])
def test_what_is_no_sidecar_at_all(tmp_path, content):
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(DataError, match=r"model\.json"):
        read_sidecar(tmp_path / "model.json")


def test_damaged_tensor_is_refused(tmp_path):
    (tmp_path / "golden").mkdir()
    (tmp_path / "golden/x.bin").write_bytes(b"\0" * 16)
    with pytest.raises(DataError, match=r"x.bin: is not the file that the sidecar describes"):
        read_tensor(tmp_path, tensor_file(1, 4))


def test_published_schema_is_that_of_the_code():
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema(), (
        "run: python -m decant.contract.sidecar > docs/reference/model.schema.json"
    )


def test_published_schema_knows_every_field(document):
    text = SCHEMA.read_text(encoding="utf-8")
    keys = set(re.findall(r'"(\w+)":', json.dumps(document))) - {
        "scores_s8",
        "corners_s8",
        "cpu",
        "code",
    }
    assert all(f'"{key}"' in text for key in keys - {"model"})


NUMBERS = TensorInfo(name="facts", shape=(1, 3), dtype="float32")


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ([1, 2, 3], [1], None),
        ([], [], None),
        ([1, 2], [], r"arrays.facts.mean: has 2 numbers; facts is \[1, 3\]"),
        ([], [1, 0, 1], "arrays.facts.std: must be above 0"),
    ],
)
def test_rules_of_numbers_fit_their_input(mean, std, message):
    rules = {"facts": ArrayRule(mean=tuple(mean), std=tuple(std))}
    if message is None:
        check_arrays(rules, [NUMBERS])
    else:
        with pytest.raises(ValueError, match=message):
            check_arrays(rules, [NUMBERS])
