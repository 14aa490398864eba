"""ONNX to TensorFlow to TFLite."""

from . import tensorflow_log  # noqa: F401 - before anything imports TensorFlow
