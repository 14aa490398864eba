"""ONNX to TensorFlow to TFLite."""

from . import tensorflow_log  # noqa: F401 - before anything imports TensorFlow
from .conversion import to_tflite
from .parity import Parity
from .report import ConvertReport

__all__ = ["ConvertReport", "Parity", "to_tflite"]
