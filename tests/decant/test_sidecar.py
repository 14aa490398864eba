"""The sidecar survives a round trip and belongs to one file only."""

import json

import pytest

from decant.artifacts import sha256, write_json
from decant.errors import DataError
from decant.rules import ImageRule, QuadGridRule
from decant.sidecar import Golden, ImageInput, Prediction, Sidecar, TensorFile, read_sidecar
from decant.tensors import TensorInfo


@pytest.fixture
def sidecar(tmp_path):
    model = tmp_path / "model.tflite"
    model.write_bytes(b"TFL3")
    rule = ImageRule(
        height=320,
        width=320,
        colour="rgb",
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        resize="letterbox",
        antialias=True,
        padding=114,
    )
    tensor = TensorFile(file="golden/x.bin", sha256="0" * 64, dtype="float32", shape=(1, 4))
    return Sidecar(
        model="detector",
        file="model.tflite",
        sha256=sha256(model),
        size_bytes=4,
        inputs=(TensorInfo(name="image", shape=(1, 320, 320, 3), dtype="float32", layout="nhwc"),),
        outputs=(
            TensorInfo(name="scores", shape=(1, None), dtype="int8", scale=0.5, zero_point=3),
        ),
        image=ImageInput(name="image", rule=rule, normalised_by="app"),
        labels=("formula",),
        decode=QuadGridRule(strides=(8, 16)),
        golden=(
            Golden(
                photo=None,
                inputs={"image": tensor},
                outputs={"scores": tensor},
                predictions=(Prediction(label="formula", score=0.5, quad=((0.0, 1.0),) * 4),),
            ),
        ),
    )


def test_round_trip(sidecar, tmp_path):
    write_json(tmp_path / "model.json", sidecar.model_dump(mode="json"))
    assert read_sidecar(tmp_path / "model.json") == sidecar


def test_another_file_is_refused(sidecar, tmp_path):
    write_json(tmp_path / "model.json", sidecar.model_dump(mode="json"))
    (tmp_path / "model.tflite").write_bytes(b"TFL3 changed")
    with pytest.raises(DataError, match=r"model.tflite: SHA-256 is .* keep the two files"):
        read_sidecar(tmp_path / "model.json")


@pytest.mark.parametrize(
    ("key", "value"), [("schema_version", 2), ("unheard_of", 1), ("inputs", "image")]
)
def test_another_format_is_refused(sidecar, tmp_path, key, value):
    document = {**sidecar.model_dump(mode="json"), key: value}
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=f"not a sidecar of schema 1 .*{key}"):
        read_sidecar(tmp_path / "model.json")
