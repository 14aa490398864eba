"""Outputs of a network that does not exist, with a sidecar: what decoders are compared on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import numpy as np

from decant.artifacts import write_json
from decant.contract.images import place
from decant.contract.predictor import predictions
from decant.contract.rules import ImageRule
from decant.contract.sidecar import ImageInput, Sidecar, Variant
from decant.runtime import decode as dequantize
from decant.tensors import TensorInfo

RULE = ImageRule(
    height=48,
    width=80,
    colour="rgb",
    mean=(0.0,) * 3,
    std=(1.0,) * 3,
    resize="letterbox",
    padding=114,
    shrink="area",
)
INPUT = TensorInfo(name="image", shape=(1, 48, 80, 3), dtype="float32", layout="nhwc")


@dataclass(frozen=True)
class Decoded:
    """A rule, and outputs to carry it out on.

    Attributes:
        rule: The decode rule.
        outputs: Real values by name, in ONNX order.
        labels: Of the model.
        layouts: Of outputs that do not lie in the file as in ONNX.
        steps: Of outputs that are int8 in the file: their scale.
        image: The image rule.
        photo: Width and height of the photo.
    """

    rule: object
    outputs: dict
    labels: tuple = ()
    layouts: dict = field(default_factory=dict)
    steps: dict = field(default_factory=dict)
    image: ImageRule = RULE
    photo: tuple = (110, 70)

    def but(self, **changes):
        return replace(self, **changes)

    def infos(self):
        infos = []
        for name, array in self.outputs.items():
            layout = self.layouts.get(name, "keep")
            info = TensorInfo(name=name, shape=array.shape, dtype="float32", layout=layout)
            shape = info.from_onnx_order(array).shape
            made = {"shape": shape}
            if name in self.steps:
                made |= {"dtype": "int8", "scale": self.steps[name], "zero_point": 3}
            infos.append(info.model_copy(update=made))
        return tuple(infos)

    def write(self, folder):
        """Write sidecar and outputs; returns the request to the program that decodes them."""
        folder.mkdir(parents=True)
        infos, files = self.infos(), {}
        for info in infos:
            files[info.name] = str(folder / f"{len(files)}.bin")
            stored(info, self.outputs[info.name]).tofile(files[info.name])
        write_json(folder / "model.json", self.sidecar(infos))
        width, height = self.photo
        request = {"sidecar": str(folder / "model.json"), "outputs": files}
        return {**request, "width": width, "height": height}

    def sidecar(self, infos):
        hashed = {"file": "model.tflite", "sha256": "0" * 64, "size_bytes": 1}
        tolerance = {info.name: 0.0 for info in infos}
        sidecar = Sidecar(
            model="tensors",
            variants=(Variant(accelerator="cpu", name="float32", tolerance=tolerance, **hashed),),
            inputs=(INPUT,),
            outputs=infos,
            image=ImageInput(name="image", rule=self.image, normalised_by="app"),
            labels=self.labels,
            decode=self.rule,
            golden=(),
        )
        return json.loads(json.dumps(sidecar.model_dump(mode="json")))

    def real(self):
        """Give the outputs as they are read from the files, in ONNX order."""
        infos = self.infos()
        return {
            each.name: dequantize(each, stored(each, self.outputs[each.name])) for each in infos
        }

    def expected(self):
        """Give Python's predictions."""
        return predictions(self.real(), self.rule, self.labels, place(self.photo, self.image))


def stored(info, array):
    """Give an array as the file holds it."""
    ordered = np.ascontiguousarray(info.from_onnx_order(np.asarray(array, np.float32)))
    if info.scale is None:
        return ordered
    return np.clip(np.rint(ordered / info.scale) + info.zero_point, -128, 127).astype(np.int8)
