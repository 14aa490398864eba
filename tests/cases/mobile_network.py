"""A small network of the MobileNetV3 family, scaled to data, as TensorFlow converts it."""

from __future__ import annotations

import functools
import tempfile

import numpy as np

from decant.isolation import run_isolated
from decant.tensors import TensorInfo

HEIGHT, WIDTH = 24, 40
# Output names in the model's order, which is not the alphabet's.
OUTPUTS = {"scores": (6, 10, 3), "corners": (6, 10, 8), "coarse": (3, 5, 4)}
OPERATORS = {
    "ADD": 2,
    "CONV_2D": 11,
    "DEPTHWISE_CONV_2D": 3,
    "HARD_SWISH": 5,
    "MEAN": 1,
    "MUL": 1,
    "RESIZE_NEAREST_NEIGHBOR": 1,
}
INPUTS_INFO = (
    TensorInfo(name="image", shape=(1, HEIGHT, WIDTH, 3), dtype="float32", layout="nhwc"),
)
OUTPUTS_INFO = tuple(
    TensorInfo(name=name, shape=(1, *shape), dtype="float32", layout="nhwc")
    for name, shape in OUTPUTS.items()
)


@functools.cache
def float_file() -> bytes:
    """Convert once per test run, in a process of its own."""
    return run_isolated(_convert)


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Draw [count, 3, HEIGHT, WIDTH] float32: smooth colour fields of different brightness."""
    generator = np.random.default_rng(seed)
    coarse = generator.normal(size=(count, 3, HEIGHT // 8, WIDTH // 8))
    smooth = coarse.repeat(8, 2).repeat(8, 3) + generator.normal(size=(count, 1, 1, 1))
    noise = 0.2 * generator.normal(size=smooth.shape)
    return (smooth + noise).astype(np.float32)


def _convert() -> bytes:
    import os

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    network = _Network(tf)
    network(tf.constant(np.moveaxis(pictures(8), 1, -1)))  # fixes the weights' scales
    network.settled = True
    spec = tf.TensorSpec((1, HEIGHT, WIDTH, 3), tf.float32, name="image")
    function = tf.function(network, input_signature=[spec]).get_concrete_function()
    module = tf.Module()
    module.function = function
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": function})
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    return _in_order(content)


def _in_order(content: bytes) -> bytes:
    """Put inputs and outputs into the model's order, as decant.convert does."""
    from decant.flatbuffer.graph import Graph

    graph = Graph.from_bytes(content)
    signature = graph.model.signatureDefs[0]
    by_name = {entry.name.decode(): entry for entry in signature.outputs}
    signature.outputs = [by_name[name] for name in OUTPUTS]
    graph.subgraph.outputs = [entry.tensorIndex for entry in signature.outputs]
    return graph.to_bytes()


class _Network:
    """Calls itself once on data to set the weights' scales, then computes with them."""

    def __init__(self, tf) -> None:
        self.tf = tf
        self.generator = np.random.default_rng(7)
        self.weights: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.settled = False

    def __call__(self, image):
        tf = self.tf
        x = self.hard_swish(self.conv("stem", image, 16, 3, 2))
        y = self.hard_swish(self.conv("expand", x, 48))
        y = self.hard_swish(self.depthwise("depth", y, 2))
        y = self.squeeze_excite(y)
        fine = self.conv("project", y, 24)
        fine = fine + self.conv("mix", tf.nn.relu(self.depthwise("again", fine, 1)), 24)
        deep = self.hard_swish(self.conv("down", fine, 32, 3, 2))
        above = tf.raw_ops.ResizeNearestNeighbor(
            images=self.conv("lateral", deep, 24), size=[HEIGHT // 4, WIDTH // 4]
        )
        merged = self.hard_swish(self.depthwise("merge", fine + above, 1))
        return {
            "scores": self.conv("scores", merged, 3),
            "corners": self.conv("corners", merged, 8),
            "coarse": self.conv("coarse", deep, 4),
        }

    def hard_swish(self, x):
        return x * self.tf.nn.relu6(x + 3) / 6

    def squeeze_excite(self, x):
        tf = self.tf
        mean = tf.reduce_mean(x, (1, 2), keepdims=True)
        gate = self.conv("excite", tf.nn.relu(self.conv("squeeze", mean, 12)), x.shape[-1])
        return x * tf.nn.relu6(gate + 3) / 6

    def conv(self, name, x, channels, size=1, stride=1):
        shape = (size, size, x.shape[-1], channels)
        return self.scaled(name, shape, lambda w: self.tf.nn.conv2d(x, w, stride, "SAME"))

    def depthwise(self, name, x, stride):
        shape = (3, 3, x.shape[-1], 1)
        steps = (1, stride, stride, 1)
        return self.scaled(name, shape, lambda w: self.tf.nn.depthwise_conv2d(x, w, steps, "SAME"))

    def scaled(self, name, shape, apply):
        """Make each output channel's mean 0.2 and standard deviation 1 on the first data seen."""
        if not self.settled:
            weights = self.generator.normal(size=shape).astype(np.float32)
            seen = apply(self.tf.constant(weights)).numpy()
            spread = seen.std((0, 1, 2)) + 1e-3
            per_channel = spread.reshape(1, 1, -1, 1) if shape[3] == 1 else spread
            bias = (0.2 - seen.mean((0, 1, 2)) / spread).astype(np.float32)
            self.weights[name] = (weights / per_channel).astype(np.float32), bias
        weights, bias = self.weights[name]
        return apply(self.tf.constant(weights)) + self.tf.constant(bias)
