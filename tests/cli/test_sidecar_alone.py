"""`model.json` is enough: a script that knows nothing of decant does what the file needs."""

import json
import subprocess
import sys

import pytest
from processes import run_here

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


variant = next(each for each in card["variants"] if each["accelerator"] == "cpu")
model = read(variant["file"], variant["sha256"])
assert len(model) == variant["size_bytes"]
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
image, rule = card["image"], card["image"]["rule"]
pixels = tensor(golden["pixels"])
given = pixels[np.newaxis]
if image["normalised_by"] == "app":
    given = ((given / 255 - rule["mean"]) / rule["std"]).astype(np.float32)
answer = runner(**{image["name"]: given})
for name, entry in golden["outputs"]["cpu"].items():
    assert np.abs(answer[name] - tensor(entry)).max() <= variant["tolerance"][name]

assert (rule["resize"], rule["shrink"], rule["colour"]) == ("stretch", "area", "rgb")
encoded = np.frombuffer(read(golden["photo"], golden["photo_sha256"]), np.uint8)
photo = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
resized = cv2.resize(photo, (rule["width"], rule["height"]), interpolation=cv2.INTER_AREA)
assert np.abs(resized.astype(int) - pixels).max() <= 1  # OpenCV rounds on the way.

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
    run_here(built, "tflite", "model.toml")
    card = json.loads((built / "build/bright/model.json").read_text())
    assert (card["inputs"][0]["dtype"], card["image"]["normalised_by"]) == ("uint8", "file")
    ended = read_alone(built / "build/bright")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", ["golden/cpu_0.bin", "golden/photo.png", "model.tflite"])
def test_reader_notices_a_changed_file(built, name):
    path = built / "build/bright" / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert f"AssertionError: {name}" in read_alone(built / "build/bright").stderr
