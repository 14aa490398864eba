"""A detector of bright squares with set weights: real `.tflite` files and data in seconds."""

from __future__ import annotations

import json
import os
import shutil

import cv2
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from tiny_classifier import tensor

from decant.isolation import run_isolated
from decant.tensors import TensorInfo

SIDE = 64
OBJECT = 16
MEAN = STD = (0.5, 0.5, 0.5)

SPEC = """
[model]
name = "squares"
factory = "tiny_detector:build"

[input]
shape = [1, 3, 64, 64]
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]

[task]
kind = "quad_detection"
labels = ["square"]
decode = { strides = [8], nms_iou = 0.2 }

[data]
calibration = { kind = "coco", annotations = "calibration.json", images = "calibration" }
validation = { kind = "coco", annotations = "validation.json", images = "validation" }
test = { kind = "coco", annotations = "test.json", images = "test" }
"""

FILES = {
    "float": "model_fp32.tflite",
    "dynamic_int8": "model_int8_dynamic.tflite",
    "static_int8": "model_int8.tflite",
    "badly_calibrated": "model_bad.tflite",
    "camera": "model_uint8.tflite",
}


def weights():
    """Give the kernels, [out, in, h, w], and biases: features, then scores and corners."""
    rng = np.random.default_rng(3)
    features = 0.02 * rng.normal(size=(24, 3, 3, 3))
    features[:, :, 1, 1] += 1 / 3
    window = np.zeros((1, 24, 16, 16))
    window[0, :, :, :] = 1 / (24 * OBJECT * OBJECT)
    scores = 6 * window
    corners = 0.002 * rng.normal(size=(8, 24, 16, 16)) / 24
    square = np.array([-1, -1, 1, -1, 1, 1, -1, 1])
    kernels = (features, np.zeros(24), scores, np.array([-2.0]), corners, square)
    return [each.astype(np.float32) for each in kernels]


def build():
    """Make the PyTorch model; a factory as a spec names it."""
    import torch

    class Spotter(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.kernels = [torch.from_numpy(each) for each in weights()]

        def forward(self, image):
            kernel, bias, score, score_bias, corner, corner_bias = self.kernels
            conv = torch.nn.functional.conv2d
            x = torch.nn.functional.hardswish(conv(image, kernel, bias, padding=1))
            return (
                conv(x, score, score_bias, stride=8, padding=4),
                conv(x, corner, corner_bias, stride=8, padding=4),
            )

    return Spotter().eval()


def border(path):
    """Describe a file of `tiny_detector_files` as conversion would: channels last."""
    from decant.runtime import describe

    found = describe(path)
    return tuple(
        tuple(TensorInfo(**{**info.model_dump(), "layout": "nhwc"}) for info in infos)
        for infos in (found.inputs, found.outputs)
    )


def tiny_detector_files():
    """Make every file of `FILES` once per run of the tests; returns their folder."""
    # A project that has a copy of this file has none of that one.
    from made_once import made_once

    return made_once("tiny-detector", write_files)


def write_files(folder):
    write_float(folder / FILES["float"])
    write_float(folder / FILES["camera"], camera=True)
    run_isolated(quantize, folder)


def write_float(path, *, camera=False):
    """Write the network as a float flatbuffer, conv + hard-swish + two convs, channels last.

    With `camera` it takes raw uint8 pixels and normalises them itself.
    """
    model = schema.ModelT()
    model.version, model.buffers = 3, [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = [], []
    model.subgraphs = [graph]
    model.operatorCodes = [
        _operator_code(schema.BuiltinOperator.CONV_2D),
        _operator_code(schema.BuiltinOperator.HARD_SWISH),
        _operator_code(schema.BuiltinOperator.CAST),
        _operator_code(schema.BuiltinOperator.MUL),
        _operator_code(schema.BuiltinOperator.SUB),
    ]
    kernels = [
        np.ascontiguousarray(each.transpose(0, 2, 3, 1)) if each.ndim == 4 else each
        for each in weights()
    ]
    constants = [_tensor(model, f"constant_{i}", k.shape, k) for i, k in enumerate(kernels)]
    image = network_input = _tensor(model, "serving_default_image:0", (1, SIDE, SIDE, 3))
    if camera:
        graph.tensors[image].type = schema.TensorType.UINT8
        network_input = _normalise(model, image)
    wide, active = (_tensor(model, name, (1, SIDE, SIDE, 24)) for name in ("wide", "active"))
    cells = SIDE // 8
    scores = _tensor(model, "PartitionedCall:0", (1, cells, cells, 1))
    corners = _tensor(model, "PartitionedCall:1", (1, cells, cells, 8))
    _operate(graph, 0, [network_input, *constants[:2]], wide, stride=1)
    _operate(graph, 1, [wide], active)
    _operate(graph, 0, [active, *constants[2:4]], scores, stride=8)
    _operate(graph, 0, [active, *constants[4:]], corners, stride=8)
    graph.inputs, graph.outputs = [image], [scores, corners]
    model.signatureDefs = [_signature(image, scores, corners)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))


def _normalise(model, image):
    """Turn pixels into (pixel / 255 - 0.5) / 0.5."""
    graph, shape = model.subgraphs[0], (1, SIDE, SIDE, 3)
    real, scaled, centred = (_tensor(model, name, shape) for name in ("real", "scaled", "centred"))
    gain, shift = (
        _tensor(model, name, (1,), np.float32([value]))
        for name, value in (("gain", 1 / 127.5), ("shift", 1.0))
    )
    _operate(graph, 2, [image], real)
    _operate(graph, 3, [real, gain], scaled)
    _operate(graph, 4, [scaled, shift], centred)
    return centred


def _operator_code(builtin):
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    return code


def _tensor(model, name, shape, values=None):
    model.subgraphs[0].tensors.append(tensor(model, name, shape, values))
    return len(model.subgraphs[0].tensors) - 1


def _operate(graph, opcode, inputs, output, stride=None):
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = opcode, inputs, [output]
    if stride is not None:
        options = schema.Conv2DOptionsT()
        options.padding = schema.Padding.SAME
        options.strideH = options.strideW = stride
        options.dilationHFactor = options.dilationWFactor = 1
        operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
        operator.builtinOptions = options
    graph.operators.append(operator)


def _signature(image, scores, corners):
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs = [_entry("image", image)]
    signature.outputs = [_entry("scores_s8", scores), _entry("corners_s8", corners)]
    return signature


def _entry(name, index):
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, index
    return entry


def quantize(folder):
    """Quantize the float file in `folder` with litert-quantizer: int8 inputs and outputs."""
    from litert_quantizer import quantizer, recipe

    def write(name, rules, gain=None):
        work = quantizer.Quantizer(str(folder / FILES["float"]), rules)
        ranges = None
        if gain is not None:
            ranges = work.calibrate({"serving_default": list(calibration(gain))})
        work.quantize(ranges).export_model(str(folder / FILES[name]))

    write("dynamic_int8", recipe.dynamic_wi8_afp32())
    write("static_int8", recipe.static_wi8_ai8(), 1.0)
    write("badly_calibrated", recipe.static_wi8_ai8(), 0.05)


def calibration(gain):
    """Yield inputs half dark, half bright, `gain` times as strong as any in truth."""
    image = np.full((1, SIDE, SIDE, 3), -gain, np.float32)
    image[:, :, SIDE // 2 :] = gain
    yield {"image": image}


def picture(rng, index):
    """Draw a dark photo [64, 64, 3] with up to three bright squares; returns boxes, xywh."""
    image = rng.integers(0, 40, (SIDE, SIDE, 3))
    boxes = []
    for place in rng.permutation(9)[: 1 + index % 3]:
        size = int(rng.integers(12, 17))
        # Near the centre of a cell of stride 8, where the network looks.
        centre = 12 + 16 * np.array([place % 3, place // 3]) + rng.integers(-1, 2, 2)
        x, y = (centre - size // 2).tolist()
        image[y : y + size, x : x + size] = rng.integers(90, 255)
        boxes.append([x, y, size, size])
    return image.astype(np.uint8), boxes


def write_project(folder, counts=None, requirements=""):
    """Write a spec with its three data sets; returns the path of the `model.toml`."""
    counts = counts or {"calibration": 4, "validation": 24, "test": 40}
    for seed, (split, count) in enumerate(counts.items()):
        _write_split(folder, split, count, seed)
    shutil.copy(__file__, folder / "tiny_detector.py")
    (folder / "model.toml").write_text(SPEC + requirements)
    return folder / "model.toml"


def _write_split(folder, split, count, seed):
    rng = np.random.default_rng(100 + seed)
    os.makedirs(folder / split)
    images, annotations = [], []
    for index in range(count):
        image, boxes = picture(rng, index)
        name = f"{index:03}.png"
        cv2.imwrite(str(folder / split / name), image)
        tags = ["even" if index % 2 == 0 else "odd"]
        images.append({"id": index, "file_name": name, "width": SIDE, "height": SIDE, "tags": tags})
        for box in boxes:
            number = len(annotations) + 1
            annotations.append({"id": number, "image_id": index, "category_id": 1, "bbox": box})
    categories = [{"id": 1, "name": "square"}]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / f"{split}.json").write_text(json.dumps(document))
