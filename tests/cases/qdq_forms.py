"""Files beside their ONNX forms: what LiteRT computes, and what ONNX Runtime does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import static_graphs
from ai_edge_litert import schema_py_generated as schema
from static_graphs import INPUT, SHAPE

from decant.flatbuffer import empty_graph
from decant.flatbuffer.graph import Graph
from decant.quantize import STATIC_INT8
from decant.quantize.calibrate import measure
from decant.quantize.qdq import qdq_predictor, to_qdq
from decant.quantize.ranges import choose
from decant.quantize.transform import transform
from decant.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Outputs = list[dict[str, NDArray[Any]]]
    Pair = tuple[Outputs, Outputs]

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID


def infos(graph: Graph) -> tuple[TensorInfo, ...]:
    """Describe the outputs of a file as they are."""
    return tuple(
        TensorInfo(name=name, shape=graph.shape(tensor), dtype=str(graph.dtype(tensor)))
        for name, tensor in graph.signature_outputs().items()
    )


def both(
    content: bytes, samples: Sequence[dict[str, NDArray[Any]]], given: TensorInfo = INPUT
) -> Pair:
    """Run a file in LiteRT and its ONNX form in ONNX Runtime; for a child process."""
    graph = Graph.from_bytes(content)
    outputs = infos(graph)
    predict = qdq_predictor(to_qdq(graph, (given,), outputs), (given,), outputs)
    return static_graphs.outputs(content, samples), [predict(sample) for sample in samples]


def static_pairs(seeds: int) -> dict[tuple[str, int], tuple[Pair, dict[str, float]]]:
    """Run random graphs of every kind both ways, as often each; for a child process."""
    return {
        (kind, seed): _static_pair(kind, seed)
        for kind in static_graphs.STEPS
        for seed in range(seeds)
    }


def _static_pair(kind: str, seed: int) -> tuple[Pair, dict[str, float]]:
    """Run the static int8 form of a random graph both ways; gives the outputs' steps too."""
    from decant.quantize.judge import output_steps

    graph = static_graphs.grown(kind, seed)
    random = np.random.default_rng(seed)
    samples = [{"x": random.normal(size=SHAPE).astype(np.float32)} for _ in range(3)]
    content = graph.to_bytes()
    statistics = measure(content, [INPUT], samples)
    ranges = choose(Graph.from_bytes(content), statistics, "minmax")
    made = transform(content, STATIC_INT8.model_copy(update={"ranges": ranges}))
    return both(made, samples), output_steps(Graph.from_bytes(made))


class One:
    """A float graph of one operator whose first input is "x" of `SHAPE`."""

    def __init__(self, kind: str, shape: Sequence[int], *others: Any, **options: Any) -> None:
        self.kind, self.shape, self.others, self.options = kind, shape, others, options

    def content(self) -> bytes:
        graph = empty_graph()
        x = graph.add_tensor("x", SHAPE)
        graph.subgraph.inputs = [x]
        inputs = [
            x if each is X else graph.add_constant(f"constant{at}", np.asarray(each))
            for at, each in enumerate(self.others)
        ]
        holder = getattr(schema, self.options.pop("holder", ""), None)
        made = None if holder is None else holder()
        dtypes = self.options.pop("dtypes", (self.options.pop("dtype", np.float32),))
        version = self.options.pop("version", 1)
        for name, value in self.options.items():
            setattr(made, name, value)
        outputs = [graph.add_tensor("y", self.shape, np.dtype(dtype)) for dtype in dtypes]
        operator = graph.operator(self.kind, inputs or [x], outputs[0], made, version)
        operator.outputs = outputs
        graph.subgraph.operators = [operator]
        graph.subgraph.outputs = outputs
        graph.ensure_signature()
        return graph.to_bytes()


X = object()


def i32(*values: Any) -> NDArray[np.int32]:
    return np.asarray(values, np.int32)


def f32(*shape: int) -> NDArray[np.float32]:
    values = np.random.default_rng(len(shape)).normal(size=shape)
    return values.astype(np.float32)


WINDOW = {"strideW": 1, "strideH": 2, "dilationWFactor": 1, "dilationHFactor": 1}
POOL = {"filterWidth": 3, "filterHeight": 2, "strideW": 1, "strideH": 2}
UNARY = ("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "HARD_SWISH", "LOGISTIC", "NEG", "RELU",
         "LOG", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "ROUND", "RSQRT", "SIGN", "SIN", "SQRT",
         "SQUARE", "TANH")  # fmt: skip
BINARY = ("DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "FLOOR_DIV", "ADD", "SUB", "MUL")
COMPARED = ("EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")
N, H, W, C = SHAPE
EVEN, SMALL = np.arange(C) % 2 == 0, np.arange(C) < 3


def cases() -> dict[str, One]:
    """Give an operator of every kind that stays float in a static int8 file, and some more."""
    found = {kind: One(kind, SHAPE) for kind in UNARY}
    found |= {kind: One(kind, SHAPE, X, f32(W, C)) for kind in BINARY}
    found |= {kind: One(kind, SHAPE, X, f32(C), dtype=bool) for kind in COMPARED}
    found |= {f"{kind} first": One(kind, SHAPE, f32(1, 1, W, C), X) for kind in ("SUB", "DIV")}
    found |= {
        "ARG_MAX": One("ARG_MAX", (N, W, C), X, i32(1), dtype=np.int32,
                       holder="ArgMaxOptionsT", outputType=schema.TensorType.INT32),
        "ARG_MIN": One("ARG_MIN", (N, H, W), X, np.int32(-1), dtype=np.int32,
                       holder="ArgMinOptionsT", outputType=schema.TensorType.INT32),
        "AVERAGE_POOL_2D": One("AVERAGE_POOL_2D", (N, 3, W, C), X, padding=SAME,
                               holder="Pool2DOptionsT", **POOL),
        "BATCH_MATMUL": One("BATCH_MATMUL", (N, H, W, 5), X, f32(N, H, 5, C),
                            holder="BatchMatMulOptionsT", adjY=True),
        "BATCH_MATMUL swapped": One("BATCH_MATMUL", (N, H, C, 5), X, f32(N, H, W, 5),
                                    holder="BatchMatMulOptionsT", adjX=True),
        "BROADCAST_TO": One("BROADCAST_TO", (2, *SHAPE[1:]), X, i32(2, *SHAPE[1:]),
                            version=2),
        "CAST": One("CAST", SHAPE, dtype=np.int32),
        "CONV_2D grouped": One("CONV_2D", (N, 3, W, 6), X, f32(6, 3, 2, C // 2), f32(6),
                               holder="Conv2DOptionsT", padding=SAME, **WINDOW),
        "CONV_2D valid": One("CONV_2D", (N, 2, 3, 5), X, f32(5, 3, 2, C), f32(5),
                             holder="Conv2DOptionsT", padding=VALID, fusedActivationFunction=3,
                             **WINDOW),
        "CUMSUM": One("CUMSUM", SHAPE, X, np.int32(2), holder="CumsumOptionsT", exclusive=True),
        "DEPTH_TO_SPACE": One("DEPTH_TO_SPACE", (N, 2 * H, 2 * W, C // 4),
                              holder="DepthToSpaceOptionsT", blockSize=2),
        "DEPTHWISE_CONV_2D": One("DEPTHWISE_CONV_2D", (N, 3, W, 2 * C), X, f32(1, 3, 3, 2 * C),
                                 f32(2 * C), holder="DepthwiseConv2DOptionsT", padding=SAME,
                                 depthMultiplier=2, fusedActivationFunction=1, **WINDOW),
        "EMBEDDING_LOOKUP": One("EMBEDDING_LOOKUP", (3, C), i32(4, 0, 4), f32(5, C)),
        "EXPAND_DIMS": One("EXPAND_DIMS", (N, H, 1, W, C), X, i32(2)),
        "FULLY_CONNECTED": One("FULLY_CONNECTED", (N * H * W, 5), X, f32(5, C), f32(5),
                               holder="FullyConnectedOptionsT"),
        "FULLY_CONNECTED flat": One("FULLY_CONNECTED", (N, 5), X, f32(5, H * W * C), f32(5),
                                    holder="FullyConnectedOptionsT"),
        "GATHER": One("GATHER", (N, 2, 3, W, C), X, i32([3, 1, 0], [5, 5, 2]),
                      holder="GatherOptionsT", axis=1),
        "GATHER_ND": One("GATHER_ND", (2, W, C), X, i32([0, 3], [0, 1])),
        "GELU": One("GELU", SHAPE, holder="GeluOptionsT"),
        "GELU tanh": One("GELU", SHAPE, holder="GeluOptionsT", approximate=True),
        "L2_NORMALIZATION": One("L2_NORMALIZATION", SHAPE, holder="L2NormOptionsT"),
        "LEAKY_RELU": One("LEAKY_RELU", SHAPE, holder="LeakyReluOptionsT", alpha=0.2),
        "LOG_SOFTMAX": One("LOG_SOFTMAX", SHAPE),
        "LOGICAL_AND": One("LOGICAL_AND", (C,), EVEN, SMALL, dtype=bool),
        "LOGICAL_NOT": One("LOGICAL_NOT", (C,), EVEN, dtype=bool),
        "LOGICAL_OR": One("LOGICAL_OR", (C,), EVEN, SMALL, dtype=bool),
        "MEAN": One("MEAN", (N, W, C), X, i32(1), holder="ReducerOptionsT"),
        "MIRROR_PAD": One("MIRROR_PAD", (N, H + 3, W, C), X, i32([0, 0], [1, 2], [0, 0], [0, 0]),
                          holder="MirrorPadOptionsT"),
        "MIRROR_PAD edge": One("MIRROR_PAD", (N, H + 1, W, C), X,
                               i32([0, 0], [1, 0], [0, 0], [0, 0]),
                               holder="MirrorPadOptionsT", mode=schema.MirrorPadMode.SYMMETRIC),
        "POW": One("POW", SHAPE, X, np.float32(2)),
        "PRELU": One("PRELU", SHAPE, X, f32(1, 1, C)),
        "REDUCE_MAX": One("REDUCE_MAX", (N, 1, W, C), X, i32(1), holder="ReducerOptionsT",
                          keepDims=True),
        "REDUCE_MIN": One("REDUCE_MIN", (N, H, W), X, i32(-1), holder="ReducerOptionsT"),
        "REDUCE_PROD": One("REDUCE_PROD", (N, H, W), X, i32(3), holder="ReducerOptionsT"),
        "RESIZE_BILINEAR corners": One("RESIZE_BILINEAR", (N, 11, 7, C), X, i32(11, 7),
                                       holder="ResizeBilinearOptionsT", alignCorners=True),
        "RESIZE_BILINEAR half": One("RESIZE_BILINEAR", (N, 11, 7, C), X, i32(11, 7),
                                    holder="ResizeBilinearOptionsT", halfPixelCenters=True),
        "RESIZE_NEAREST corners": One("RESIZE_NEAREST_NEIGHBOR", (N, 11, 7, C), X, i32(11, 7),
                                      holder="ResizeNearestNeighborOptionsT", alignCorners=True),
        "RESIZE_NEAREST half": One("RESIZE_NEAREST_NEIGHBOR", (N, 11, 7, C), X, i32(11, 7),
                                   holder="ResizeNearestNeighborOptionsT", halfPixelCenters=True),
        "REVERSE_V2": One("REVERSE_V2", SHAPE, X, i32(1)),
        "SELECT_V2": One("SELECT_V2", SHAPE, EVEN, X, f32(W, C)),
        "SHAPE": One("SHAPE", (4,), dtype=np.int32, holder="ShapeOptionsT",
                     outType=schema.TensorType.INT32),
        "SLICE to the end": One("SLICE", (N, 4, W, 3), X, i32(0, 2, 0, 1), i32(-1, -1, -1, 3)),
        "SOFTMAX": One("SOFTMAX", SHAPE, holder="SoftmaxOptionsT", beta=2.0),
        "SPLIT_V": One("SPLIT_V", (N, H // 2, W, C), X, i32(3, -1), np.int32(1),
                       dtypes=(np.float32, np.float32),
                       holder="SplitVOptionsT", numSplits=2),
        "SQUEEZE": One("SQUEEZE", (H, W, C), holder="SqueezeOptionsT", squeezeDims=[0]),
        "STRIDED_SLICE shrunk": One("STRIDED_SLICE", (N, W, 4), X, i32(0, 3, 0, 6),
                                    i32(1, 4, 0, 0), i32(1, 1, 1, -2), endMask=0b1100,
                                    holder="StridedSliceOptionsT", shrinkAxisMask=0b0010),
        "TILE": One("TILE", (N, 2 * H, W, 3 * C), X, i32(1, 2, 1, 3)),
        "TOPK_V2": One("TOPK_V2", (N, H, W, 3), X, np.int32(3), holder="TopKV2OptionsT",
                       dtypes=(np.float32, np.int32)),
        "TRANSPOSE_CONV": One("TRANSPOSE_CONV", (N, 2 * H, 2 * W, 5), i32(N, 2 * H, 2 * W, 5),
                              f32(5, 3, 3, C), X, holder="TransposeConvOptionsT", padding=SAME,
                              strideH=2, strideW=2),
    }  # fmt: skip
    return found


def single_pairs() -> dict[str, Pair | str]:
    """Run all of them both ways; for a child process."""
    sample = {"x": np.random.default_rng(5).normal(size=SHAPE).astype(np.float32)}
    found: dict[str, Pair | str] = {}
    for name, one in cases().items():
        found[name] = both(one.content(), [sample])
    return found
