"""A user's project that uses every key of a spec: a detector of bright squares, with all its files.

Network, checkpoint and photos are those of `tiny_detector`; calibration photos are generated.
"""

from __future__ import annotations

import json
from pathlib import Path

import tiny_detector
import torch

from decant.artifacts import sha256

NETWORK = """
import torch
from layers import convolution


class Squares(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.features = convolution(3, width, 3, 1, 1)
        self.scores = convolution(width, 1, 16, 8, 4)
        self.corners = convolution(width, 8, 16, 8, 4)

    def forward(self, image):
        x = torch.nn.functional.hardswish(self.features(image))
        return {"scores_s8": self.scores(x), "corners_s8": self.corners(x)}


def build(width=24, note=""):
    return Squares(width)


def other(width=24, note=""):
    return Squares(width)
"""

LAYERS = """
import torch


def convolution(channels, width, size, stride, padding):
    return torch.nn.Conv2d(channels, width, size, stride, padding)
"""

OPERATORS = """
from decant.convert import op, pointwise


@op("squares::Scale")
def scale(x, *, factor=1.0):
    return pointwise(lambda tensor: tensor * factor, x)
"""

GENERATOR = """
from types import SimpleNamespace

import numpy as np


def photos(split, start, count):
    for index in range(start, start + count):
        image = np.random.default_rng(index).integers(0, 60, (64, 64, 3)).astype(np.uint8)
        x = 8 + 16 * (index % 3)
        image[x : x + 16, x : x + 16] = 220
        quad = [[x, x], [x + 16, x], [x + 16, x + 16], [x, x + 16]]
        yield SimpleNamespace(image=image, quads=np.array([quad], np.float64))
"""

SPEC = """
seed = 3

[model]
name = "squares"
factory = "net.py:build"
checkpoint = "net.pt"
arguments = { width = 24, note = "note.txt" }
operators = ["operators/scale.py"]

[input]
shape = [1, 3, 64, 64]
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
resize = "letterbox"

[task]
kind = "quad_detection"
labels = ["square"]
metric = "ap50"
decode = { strides = [8], nms_iou = 0.2 }

[data]
calibration = { kind = "generated", factory = "drawing/photos.py:photos", split = "a", count = 6 }
validation = { kind = "coco", annotations = "validation.json", images = "validation" }

[data.test]
kind = "coco"
annotations = "test.json"
images = "test"
checksums = "SHA256SUMS"

[requirements]
max_drop = 0.5
max_size_ratio = 2.0
latency = [{ max_ms = 1000.0 }]

[quantization]
recipes = ["static_int8", "float16"]

[licences]
model = "Apache-2.0"
"""


def write_project(folder: Path) -> Path:
    """Write everything that the spec names; returns the spec's path."""
    counts = {"validation": 8, "test": 8}
    tiny_detector.write_project(folder, counts)
    (folder / "tiny_detector.py").unlink()
    texts = {
        "model.toml": SPEC,
        "net.py": NETWORK,
        "layers.py": LAYERS,
        "note.txt": "as delivered",
        "operators/scale.py": OPERATORS,
        "drawing/photos.py": GENERATOR,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    names = [f"{layer}.{kind}" for layer in ("features", "scores", "corners") for kind in KINDS]
    values = map(torch.from_numpy, tiny_detector.weights())
    torch.save(dict(zip(names, values, strict=True)), folder / "net.pt")
    list_checksums(folder)
    return folder / "model.toml"


KINDS = ("weight", "bias")


def list_checksums(folder: Path) -> None:
    """List the files of the test set as `sha256sum` does."""
    files = [folder / "test.json", *sorted((folder / "test").iterdir())]
    lines = [f"{sha256(file)}  {file.relative_to(folder).as_posix()}" for file in files]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")


def annotate(path: Path, index: int, box: list[int]) -> None:
    """Give one object of a file of annotations another box."""
    document = json.loads(path.read_text())
    document["annotations"][index]["bbox"] = box
    path.write_text(json.dumps(document))
