"""Random graphs of views give ONNX Runtime's numbers, in TensorFlow and in LiteRT."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from emitted import check, emit, parsed
from view_graphs import random_model

from decant.convert.rewrites import REWRITES
from decant.graph.load import prepare
from decant.graph.rewrite import apply
from decant.onnx_runtime import OnnxRuntime

TOGETHER = 40  # graphs in one file: converting has a fixed cost
TOLERANCE = 1e-4
"""Relative to the largest element, or to one: a few chained products of up to a hundred terms."""


def emitted(model: onnx.ModelProto, *, rewritten: bool):
    loaded = prepare(ir.from_proto(model))
    if rewritten:
        loaded, _ = apply(loaded, REWRITES.chosen())
    return emit(loaded, input_layout="keep", output_layout="keep")


def in_one_file(emissions) -> bytes:
    """A TFLite file that computes all of them from "x<number>" to "y<number>_<output>"."""

    def every(**inputs):
        results = {}
        for number, emission in enumerate(emissions):
            for name, tensor in emission.function(x=inputs[f"x{number}"]).items():
                results[f"y{number}_{name}"] = tensor
        return results

    specs = {
        f"x{number}": tf.TensorSpec(emission.inputs[0].shape, tf.float32)
        for number, emission in enumerate(emissions)
    }
    function = tf.function(every).get_concrete_function(**specs)
    return tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module()).convert()


@pytest.mark.parametrize("rewritten", [False, True], ids=["plain", "rewritten"])
@pytest.mark.parametrize("start", range(0, 2 * TOGETHER, TOGETHER))
def test_random_graphs_of_views_compute_what_onnx_runtime_does(start, rewritten):
    seeds = range(start, start + TOGETHER)
    models = [random_model(seed) for seed in seeds]
    emissions = [emitted(model, rewritten=rewritten) for model in models]
    inputs = {
        f"x{number}": np.random.default_rng(seed).standard_normal(e.inputs[0].shape, np.float32)
        for number, (seed, e) in enumerate(zip(seeds, emissions, strict=True))
    }
    results = Interpreter(model_content=in_one_file(emissions)).get_signature_runner()(**inputs)
    for number, (seed, model) in enumerate(zip(seeds, models, strict=True)):
        expected = OnnxRuntime(model.SerializeToString()).run({"x": inputs[f"x{number}"]})
        for name, array in expected.items():
            result = results[f"y{number}_{name}"]
            where = f"{name} of random_model({seed})"
            assert result.shape == array.shape, where
            error = np.abs(result - array).max() / max(1, np.abs(array).max())
            assert error <= TOLERANCE, where


FOUND = {
    "column-by-row-twice": """(float[5,8,4,1] x) => (float[5,8,4,3] y, float[5,8,4,2] z) {
        z = MatMul(x, row)
        y = MatMul(z, matrix)
    }""",
    "stretched-then-linear": """(float[5,8,4,1] x) => (float[5,8,4,3] y, float[5,8,4,2] z) {
        z = Mul(x, vector)
        y = MatMul(z, matrix)
    }""",
    "stretched-then-convolved": """(float[1,1,6,5] x) => (float[1,4,4,3] y, float[1,3,6,5] z) {
        z = Mul(x, channels)
        y = Conv(z, kernel)
    }""",
    "transposed-matrix-squared": """(float[2,6,1,2] x) => (float[6,1,2,2] y) {
        t = Transpose<perm=[1,2,0,3]>(x)
        y = MatMul(t, t)
    }""",
    "unit-axes-padded": """(float[1,1,2,1] x) => (float[2,2,2,4] y)
        <int64[8] pads = {0,0,1,1,1,1,0,1}> {
        t = Transpose<perm=[3,1,0,2]>(x)
        p = Pad(t, pads)
        y = Add(x, p)
    }""",
}
WEIGHTS = {
    "row": (1, 2),
    "vector": (2,),
    "matrix": (2, 3),
    "channels": (1, 3, 1, 1),
    "kernel": (4, 3, 3, 3),
}


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_faults_of_tensorflow_and_xnnpack_that_such_graphs_found(text, tmp_path):
    weights = {name: shape for name, shape in WEIGHTS.items() if f", {name})" in text}
    check(parsed(text, weights), tmp_path)
