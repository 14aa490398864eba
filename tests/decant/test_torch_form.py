"""A float graph in PyTorch computes what LiteRT computes, and lets gradients through."""

import numpy as np
import pytest
import static_graphs
import tiny_graph
import torch
from ai_edge_litert import schema_py_generated as schema

from decant.errors import UnsupportedOp
from decant.torch_form import KERNELS, TorchForm

SINGLE_PRECISION = 1e-5
"""Relative to the largest element: the sums are a few hundred products long."""

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
FUSED = schema.ActivationFunctionType


def options(kind, **values):
    made = getattr(schema, f"{kind}OptionsT")()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def weights(*shape, seed=3):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def integers(*values):
    return np.array(values, np.int32)


def drawn(shape, dtype=np.float32, low=None):
    random = np.random.default_rng(0)
    if np.dtype(dtype).kind != "f":
        return random.integers(0, 200, shape).astype(dtype)
    x = random.normal(size=shape) * 2
    return (x if low is None else np.abs(x) + low).astype(np.float32)


def check(graph, x):
    expected = tiny_graph.run(graph, x)
    graph.ensure_signature()
    with torch.no_grad():
        (found,) = TorchForm(graph)({"x": torch.from_numpy(x)}).values()
    assert found.shape == expected.shape
    assert str(found.dtype) == f"torch.{expected.dtype}"
    scale = np.abs(expected.astype(np.float64)).max() or 1
    assert np.abs(found.numpy().astype(np.float64) - expected).max() <= SINGLE_PRECISION * scale


def window(kind, padding, stride=(1, 1), dilation=(1, 1), **others):
    steps = {"strideH": stride[0], "strideW": stride[1]}
    reach = {"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}
    return options(kind, padding=padding, **steps, **(reach if "Conv2D" in kind else {}), **others)


def pool(padding, stride, **others):
    return window("Pool2D", padding, stride, filterHeight=3, filterWidth=2, **others)


IMAGE = (2, 7, 6, 4)
CONV = [weights(5, 3, 2, 4), weights(5)]
DEPTH = [weights(1, 3, 2, 8), weights(8)]
SPREAD = weights(5, 3, 2, 4)

# The least version of a kind that does what its case asks for, where that is not the first.
VERSIONS = {"BROADCAST_TO": 2}

CASES = {
    "conv same": ("CONV_2D", IMAGE, (2, 4, 3, 5), window("Conv2D", SAME, (2, 2)), CONV),
    "conv odd": ("CONV_2D", IMAGE, (2, 7, 3, 5), window("Conv2D", SAME, (1, 2)), CONV),
    "conv valid": ("CONV_2D", IMAGE, (2, 5, 5, 5), window("Conv2D", VALID), CONV),
    "conv dilated": ("CONV_2D", IMAGE, (2, 7, 6, 5), window("Conv2D", SAME, dilation=(2, 3)), CONV),
    "conv relu6": (
        "CONV_2D",
        IMAGE,
        (2, 7, 6, 5),
        window("Conv2D", SAME, fusedActivationFunction=FUSED.RELU6),
        CONV,
    ),
    "conv groups": (
        "CONV_2D",
        IMAGE,
        (2, 7, 6, 6),
        window("Conv2D", SAME),
        [weights(6, 3, 3, 2), weights(6)],
    ),
    "depthwise": (
        "DEPTHWISE_CONV_2D",
        IMAGE,
        (2, 4, 3, 8),
        window("DepthwiseConv2D", SAME, (2, 2), depthMultiplier=2),
        DEPTH,
    ),
    "average pool": ("AVERAGE_POOL_2D", IMAGE, (2, 4, 3, 4), pool(SAME, (2, 2)), []),
    "average pool valid": ("AVERAGE_POOL_2D", IMAGE, (2, 5, 5, 4), pool(VALID, (1, 1)), []),
    "max pool": ("MAX_POOL_2D", IMAGE, (2, 4, 3, 4), pool(SAME, (2, 2)), []),
    "pad": ("PAD", IMAGE, (2, 10, 7, 4), None, [integers([0, 0], [1, 2], [0, 1], [0, 0])]),
    "padv2": (
        "PADV2",
        IMAGE,
        (2, 10, 7, 4),
        None,
        [integers([0, 0], [1, 2], [0, 1], [0, 0]), np.float32(-3)],
    ),
    "reflect": (
        "MIRROR_PAD",
        IMAGE,
        (2, 10, 7, 4),
        options("MirrorPad", mode=schema.MirrorPadMode.REFLECT),
        [integers([0, 0], [1, 2], [0, 1], [0, 0])],
    ),
    "symmetric": (
        "MIRROR_PAD",
        IMAGE,
        (2, 10, 7, 4),
        options("MirrorPad", mode=schema.MirrorPadMode.SYMMETRIC),
        [integers([0, 0], [1, 2], [0, 1], [0, 0])],
    ),
    "fully connected": (
        "FULLY_CONNECTED",
        (3, 7),
        (3, 5),
        options("FullyConnected", fusedActivationFunction=FUSED.RELU),
        [weights(5, 7), weights(5)],
    ),
    "fully connected rows": (
        "FULLY_CONNECTED",
        (2, 3, 7),
        (2, 3, 5),
        options("FullyConnected", keepNumDims=True),
        [weights(5, 7)],
    ),
    "matrices": (
        "BATCH_MATMUL",
        (2, 3, 7),
        (2, 3, 5),
        options("BatchMatMul", adjY=True),
        [weights(2, 5, 7)],
    ),
    "softmax": ("SOFTMAX", (3, 7), (3, 7), options("Softmax", beta=0.5), []),
    "log softmax": ("LOG_SOFTMAX", (3, 7), (3, 7), None, []),
    "length": ("L2_NORMALIZATION", (3, 7), (3, 7), options("L2Norm"), []),
    "leaky": ("LEAKY_RELU", IMAGE, IMAGE, options("LeakyRelu", alpha=0.2), []),
    "prelu": ("PRELU", IMAGE, IMAGE, None, [weights(1, 1, 4)]),
    "gelu": ("GELU", IMAGE, IMAGE, options("Gelu", approximate=False), []),
    "gelu tanh": ("GELU", IMAGE, IMAGE, options("Gelu", approximate=True), []),
    "mean": ("MEAN", IMAGE, (2, 4), options("Reducer", keepDims=False), [integers(1, 2)]),
    "sum": ("SUM", IMAGE, (2, 7, 1, 4), options("Reducer", keepDims=True), [integers(-2)]),
    "largest": ("REDUCE_MAX", IMAGE, (2, 4), options("Reducer", keepDims=False), [integers(1, 2)]),
    "product": ("REDUCE_PROD", (3, 4), (3,), options("Reducer", keepDims=False), [integers(1)]),
    "arg max": ("ARG_MAX", (3, 7), (3,), options("ArgMax", outputType=2), [integers(1)[0]]),
    "cumulative": ("CUMSUM", (3, 7), (3, 7), options("Cumsum", exclusive=True), [integers(1)[0]]),
    "squeeze": ("SQUEEZE", (2, 1, 7, 1), (2, 7, 1), options("Squeeze", squeezeDims=[1]), []),
    "expand": ("EXPAND_DIMS", (2, 7), (2, 1, 7), None, [integers(1)[0]]),
    "gather": ("GATHER", IMAGE, (2, 7, 3, 4), options("Gather", axis=2), [integers(5, 0, 2)]),
    "gather nd": ("GATHER_ND", (3, 7), (2,), None, [integers([0, 6], [2, 1])]),
    "tile": ("TILE", (2, 3), (4, 9), None, [integers(2, 3)]),
    "broadcast": ("BROADCAST_TO", (2, 1, 3), (2, 4, 3), None, [integers(2, 4, 3)]),
    "reverse": ("REVERSE_V2", (2, 5), (2, 5), None, [integers(1)]),
    "space to depth": (
        "SPACE_TO_DEPTH",
        (2, 4, 6, 3),
        (2, 2, 3, 12),
        options("SpaceToDepth", blockSize=2),
        [],
    ),
    "depth to space": (
        "DEPTH_TO_SPACE",
        (2, 2, 3, 12),
        (2, 4, 6, 3),
        options("DepthToSpace", blockSize=2),
        [],
    ),
    "strided": (
        "STRIDED_SLICE",
        IMAGE,
        (2, 3, 4),
        options("StridedSlice", beginMask=1, endMask=1, shrinkAxisMask=4),
        [integers(0, 5, 2, 0), integers(0, 0, 3, 4), integers(1, -2, 1, 1)],
    ),
    "slice": ("SLICE", IMAGE, (2, 3, 4, 4), None, [integers(0, 1, 2, 0), integers(2, 3, -1, 4)]),
    "bilinear": (
        "RESIZE_BILINEAR",
        IMAGE,
        (2, 11, 4, 4),
        options("ResizeBilinear", halfPixelCenters=True),
        [integers(11, 4)],
    ),
    "bilinear legacy": (
        "RESIZE_BILINEAR",
        IMAGE,
        (2, 11, 4, 4),
        options("ResizeBilinear"),
        [integers(11, 4)],
    ),
    "bilinear aligned": (
        "RESIZE_BILINEAR",
        IMAGE,
        (2, 11, 4, 4),
        options("ResizeBilinear", alignCorners=True),
        [integers(11, 4)],
    ),
    "nearest": (
        "RESIZE_NEAREST_NEIGHBOR",
        IMAGE,
        (2, 11, 4, 4),
        options("ResizeNearestNeighbor"),
        [integers(11, 4)],
    ),
    "nearest centred": (
        "RESIZE_NEAREST_NEIGHBOR",
        IMAGE,
        (2, 11, 4, 4),
        options("ResizeNearestNeighbor", halfPixelCenters=True),
        [integers(11, 4)],
    ),
    "nearest aligned": (
        "RESIZE_NEAREST_NEIGHBOR",
        IMAGE,
        (2, 11, 4, 4),
        options("ResizeNearestNeighbor", alignCorners=True),
        [integers(11, 4)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_operator_agrees_with_litert(name):
    kind, before, after, made, constants = CASES[name]
    graph = tiny_graph.of_one(kind, before, after, made, constants)
    for code in graph.model.operatorCodes:
        code.version = VERSIONS.get(kind, 1)
    check(graph, drawn(before))


POSITIVE = ("LOG", "RSQRT", "SQRT")
WHOLE = ("LOGICAL_NOT",)
UNARY = (
    "ABS",
    "CEIL",
    "COS",
    "ELU",
    "EXP",
    "FLOOR",
    "HARD_SWISH",
    "LOGISTIC",
    "NEG",
    "RELU",
    "RELU6",
    "RELU_0_TO_1",
    "RELU_N1_TO_1",
    "ROUND",
    "SIN",
    "SQUARE",
    "TANH",
    *POSITIVE,
)


@pytest.mark.parametrize("kind", UNARY)
def test_function_of_one_value_agrees_with_litert(kind):
    x = drawn((2, 5, 3), low=0.1 if kind in POSITIVE else None)
    check(tiny_graph.of_one(kind, x.shape, x.shape), x)


BINARY = ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "FLOOR_DIV")
COMPARING = ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")


@pytest.mark.parametrize("kind", [*BINARY, *COMPARING])
def test_function_of_two_values_agrees_with_litert(kind):
    made = np.bool_ if kind in COMPARING else np.float32
    other = weights(5, 1)
    x = drawn((2, 5, 3))
    check(tiny_graph.of_one(kind, x.shape, x.shape, None, [other], (np.float32, made)), x)


def test_power_agrees_with_litert():
    x = drawn((2, 5, 3), low=0.1)
    check(tiny_graph.of_one("POW", x.shape, x.shape, None, [np.float32(1.5)]), x)


@pytest.mark.parametrize(
    ("kind", "dtypes"),
    [("CAST", (np.uint8, np.float32)), ("CAST", (np.float32, np.int32))],
    ids=["pixels", "fraction"],
)
def test_cast_agrees_with_litert(kind, dtypes):
    codes = [schema.TensorType.UINT8 if d is np.uint8 else None for d in dtypes]
    out = {np.float32: schema.TensorType.FLOAT32, np.int32: schema.TensorType.INT32}[dtypes[1]]
    made = options("Cast", inDataType=codes[0] or schema.TensorType.FLOAT32, outDataType=out)
    x = drawn((2, 5, 3), dtypes[0])
    check(tiny_graph.of_one(kind, x.shape, x.shape, made, [], dtypes), x)


def test_pixels_are_read_as_the_numbers_they_stand_for():
    x = drawn((2, 5, 3), np.uint8)
    graph = tiny_graph.of_one("DEQUANTIZE", x.shape, x.shape, None, [], (np.uint8, np.float32))
    graph.set_scales(graph.inputs[0], [0.5], [7])
    check(graph, x)


@pytest.mark.parametrize("padding", [SAME, VALID], ids=["same", "valid"])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)], ids=["1", "2 by 3"])
def test_transposed_convolution_agrees_with_litert(padding, stride):
    high, wide = (7 * stride[0], 6 * stride[1])
    if padding == VALID:
        high, wide = (6 * stride[0] + 3, 5 * stride[1] + max(2, stride[1]))
    graph = tiny_graph.of_one("RELU", IMAGE, (2, high, wide, 5))
    (x,), (y,) = graph.inputs, graph.outputs
    shape = graph.add_constant("shape", integers(2, high, wide, 5))
    kernel = graph.add_constant("kernel", SPREAD)
    bias = graph.add_constant("bias", weights(5))
    made = options("TransposeConv", padding=padding, strideH=stride[0], strideW=stride[1])
    graph.subgraph.operators = [
        graph.operator("TRANSPOSE_CONV", [shape, kernel, x, bias], y, made, version=3)
    ]
    check(graph, drawn(IMAGE))


@pytest.mark.parametrize("kind", static_graphs.STEPS)
def test_joined_operators_agree_with_litert(kind):
    graph = static_graphs.grown(kind, 1)
    x = drawn(static_graphs.SHAPE)
    (expected,) = static_graphs.outputs(graph.to_bytes(), [{"x": x}])
    with torch.no_grad():
        found = TorchForm(graph)({"x": torch.from_numpy(x)})
    assert list(found) == list(graph.signature_outputs())
    for name, value in found.items():
        scale = np.abs(expected[name]).max()
        assert np.abs(value.numpy() - expected[name]).max() <= SINGLE_PRECISION * scale


def network():
    """Grow a convolution, a depthwise one, a matrix and what lies between them."""
    growing = static_graphs.Growing(5)
    for name in ("CONV_2D", "MEAN", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"):
        growing.tensors.append(static_graphs.STEPS[name](growing, growing.tensors[-1]))
    growing.graph.subgraph.outputs = growing.tensors[-1:]
    growing.graph.ensure_signature()
    return growing.graph


X = drawn(static_graphs.SHAPE)


def test_every_weight_gets_a_gradient():
    form = TorchForm(network())
    (found,) = form({"x": torch.from_numpy(X)}).values()
    found.square().mean().backward()
    # Kernel and bias each; the transposed convolution has no bias.
    assert len(form.weights) == 2 * 4 - 1
    for weight in form.weights.values():
        assert weight.grad is not None
        assert weight.grad.isfinite().all()
        assert weight.grad.any()


def test_changed_weights_are_written_and_read_by_litert():
    graph = network()
    before = graph.to_bytes()
    form = TorchForm(graph)
    with torch.no_grad():
        for weight in form.weights.values():
            weight.mul_(0.9)
        (found,) = form({"x": torch.from_numpy(X)}).values()
    written = form.write_weights()
    assert graph.to_bytes() == before != written.to_bytes()
    expected = tiny_graph.run(written, X)
    assert np.abs(found.numpy() - expected).max() <= SINGLE_PRECISION * np.abs(expected).max()


def test_changes_stand_between_a_value_and_what_reads_it():
    form = TorchForm(network())
    (before,) = form({"x": torch.from_numpy(X)}).values()
    (read,) = form.graph.operators[-1].inputs[:1]
    form.changes[int(read)] = torch.zeros_like
    (after,) = form({"x": torch.from_numpy(X)}).values()
    bias = form.weights[str(form.graph.operators[-1].inputs[2])]
    assert before.std(2).max() > 0
    assert torch.equal(after, bias.expand(after.shape))


def test_operator_without_kernel_is_named():
    graph = tiny_graph.of_one("LOCAL_RESPONSE_NORMALIZATION", (1, 4, 3, 2), (1, 4, 3, 2))
    with pytest.raises(UnsupportedOp, match=r"LOCAL_RESPONSE_NORMALIZATION, which writes 'y', "):
        TorchForm(graph)


def test_every_static_kind_has_a_kernel():
    from decant.quantize.schemes import STATIC_KINDS

    assert set(STATIC_KINDS) <= KERNELS.keys()
