"""A classifier of colours with set weights, as a bundle: the mean of each channel, then softmax."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from decant.artifacts import sha256, write_json
from decant.contract.decode import ArgmaxRule
from decant.contract.rules import ImageRule
from decant.contract.sidecar import Golden, ImageInput, Sidecar, TensorFile, Variant
from decant.runtime import LiteRtModel
from decant.tensors import TensorInfo

HEIGHT, WIDTH = 24, 32
LABELS = ("red", "green", "blue")
GAIN = 8.0
INPUT = TensorInfo(name="image", shape=(1, HEIGHT, WIDTH, 3), dtype="float32", layout="nhwc")
OUTPUT = TensorInfo(name="scores", shape=(1, 1, 1, 3), dtype="float32", layout="nhwc")


def write_bundle(folder):
    """Write `model.tflite`, `model.json` and a golden example; returns the sidecar's path."""
    (folder / "golden").mkdir(parents=True)
    file = folder / "model.tflite"
    file.write_bytes(network())
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    tensor = np.float32(pixels).transpose(2, 0, 1)[np.newaxis] / 255
    scores = LiteRtModel(file, [INPUT], [OUTPUT]).run({"image": tensor})["scores"]
    rule = ImageRule(
        height=HEIGHT,
        width=WIDTH,
        colour="rgb",
        mean=(0.0,) * 3,
        std=(1.0,) * 3,
        resize="stretch",
        padding=0,
        shrink="area",
    )
    golden = Golden(
        pixels=keep(folder, "pixels", pixels),
        inputs={},
        outputs={"cpu": {"scores": keep(folder, "scores", scores.reshape(OUTPUT.shape))}},
    )
    variant = Variant(
        accelerator="cpu",
        name="float32",
        file=file.name,
        sha256=sha256(file),
        size_bytes=file.stat().st_size,
        tolerance={"scores": 1e-4},
    )
    sidecar = Sidecar(
        model="colours",
        variants=(variant,),
        inputs=(INPUT,),
        outputs=(OUTPUT,),
        image=ImageInput(name="image", rule=rule, normalised_by="app"),
        labels=LABELS,
        decode=ArgmaxRule(),
        golden=(golden,),
    )
    write_json(folder / "model.json", sidecar.model_dump(mode="json"))
    return folder / "model.json"


def keep(folder, name, array):
    file = folder / "golden" / f"{name}.bin"
    file.write_bytes(array.tobytes())
    return TensorFile(
        file=f"golden/{file.name}", sha256=sha256(file), dtype=str(array.dtype), shape=array.shape
    )


def network():
    """Make the flatbuffer: a convolution as large as the photo, and softmax."""
    kernel = np.zeros((3, HEIGHT, WIDTH, 3), np.float32)
    for channel in range(3):
        kernel[channel, :, :, channel] = GAIN / (HEIGHT * WIDTH)
    model = schema.ModelT()
    model.version, model.buffers = 3, [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.tensors = [
        tensor(model, "serving_default_image:0", INPUT.shape),
        tensor(model, "kernel", kernel.shape, kernel),
        tensor(model, "bias", (3,), np.zeros(3, np.float32)),
        tensor(model, "sums", OUTPUT.shape),
        tensor(model, "PartitionedCall:0", OUTPUT.shape),
    ]
    convolution = schema.Conv2DOptionsT()
    convolution.padding = schema.Padding.VALID
    convolution.strideH = convolution.strideW = 1
    convolution.dilationHFactor = convolution.dilationWFactor = 1
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    graph.operators = [
        operator(0, [0, 1, 2], 3, schema.BuiltinOptions.Conv2DOptions, convolution),
        operator(1, [3], 4, schema.BuiltinOptions.SoftmaxOptions, softmax),
    ]
    graph.inputs, graph.outputs = [0], [4]
    model.subgraphs = [graph]
    model.operatorCodes = [
        code(schema.BuiltinOperator.CONV_2D),
        code(schema.BuiltinOperator.SOFTMAX),
    ]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = [entry("image", 0)], [entry("scores", 4)]
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def tensor(model, name, shape, values=None):
    made = schema.TensorT()
    made.name, made.shape, made.type, made.buffer = name, list(shape), 0, 0
    if values is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        model.buffers.append(buffer)
        made.buffer = len(model.buffers) - 1
    return made


def operator(index, inputs, output, kind, options):
    made = schema.OperatorT()
    made.opcodeIndex, made.inputs, made.outputs = index, inputs, [output]
    made.builtinOptionsType, made.builtinOptions = kind, options
    return made


def code(builtin):
    made = schema.OperatorCodeT()
    made.builtinCode = made.deprecatedBuiltinCode = builtin
    return made


def entry(name, index):
    made = schema.TensorMapT()
    made.name, made.tensorIndex = name, index
    return made
