"""`model.json` is enough: a script that knows nothing of decant does what the file needs."""

import json
import subprocess
import sys

import pytest
from processes import run_decant

READER = """
import hashlib, json, sys
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

folder = Path(sys.argv[1])
card = json.loads((folder / "model.json").read_text())


def read(name, digest):
    content = (folder / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest, name
    return content


def tensor(entry):
    content = read(entry["file"], entry["sha256"])
    dtype = np.dtype(entry["dtype"]).newbyteorder("<")
    return np.frombuffer(content, dtype).reshape(entry["shape"])


model = read(card["file"], card["sha256"])
assert len(model) == card["size_bytes"]
interpreter = Interpreter(model_content=model)
runner = interpreter.get_signature_runner()
details = {"inputs": runner.get_input_details(), "outputs": runner.get_output_details()}
for role, found in details.items():
    assert list(found) == [info["name"] for info in card[role]]
    for info in card[role]:
        detail = found[info["name"]]
        assert list(detail["shape"]) == info["shape"]
        assert np.dtype(detail["dtype"]).name == info["dtype"]
        assert info["layout"] in ("nhwc", "keep")
        scale, zero_point = detail["quantization"]
        assert (info["scale"] or 0, info["zero_point"] or 0) == (scale, zero_point)

golden = card["golden"][0]
given = {name: tensor(entry) for name, entry in golden["inputs"].items()}
answer = runner(**given)
for name, entry in golden["outputs"].items():
    np.testing.assert_array_equal(answer[name], tensor(entry))

image, rule = card["image"], card["image"]["rule"]
assert (rule["resize"], rule["antialias"], rule["colour"]) == ("stretch", True, "rgb")
encoded = np.frombuffer(read(golden["photo"], golden["photo_sha256"]), np.uint8)
photo = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
size = (rule["width"], rule["height"])
pixels = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)[np.newaxis]
if image["normalised_by"] == "app":
    pixels = (pixels / 255 - rule["mean"]) / rule["std"]
np.testing.assert_allclose(pixels, given[image["name"]], atol=1e-6)

assert card["decode"]["kind"] == "argmax"
(scores,) = answer.values()
assert card["labels"][int(scores[0].argmax())] == golden["predictions"][0]["label"]
assert "decant" not in sys.modules
"""


def read_alone(release):
    return subprocess.run(
        [sys.executable, "-c", READER, release], capture_output=True, text=True, check=False
    )


def test_float_input(built):
    ended = read_alone(built / "build/bright")
    assert ended.returncode == 0, ended.stderr


def test_raw_pixels(built):
    spec = built / "model.toml"
    spec.write_text(spec.read_text().replace("[task]", 'dtype = "uint8"\n[task]'))
    run_decant(built, "tflite", "model.toml", check=True)
    card = json.loads((built / "build/bright/model.json").read_text())
    assert (card["inputs"][0]["dtype"], card["image"]["normalised_by"]) == ("uint8", "file")
    ended = read_alone(built / "build/bright")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", ["golden/output_0.bin", "golden/photo.png", "model.tflite"])
def test_reader_notices_a_changed_file(built, name):
    path = built / "build/bright" / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert f"AssertionError: {name}" in read_alone(built / "build/bright").stderr
