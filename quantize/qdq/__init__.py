"""The plan of a quantized file as ONNX with explicit QuantizeLinear and DequantizeLinear (QDQ)."""

from .model import to_qdq
from .parity import add_qdq, make_qdq, qdq_predictor
from .registry import LOWERINGS
from .step import NoForm

__all__ = ["LOWERINGS", "NoForm", "add_qdq", "make_qdq", "qdq_predictor", "to_qdq"]
