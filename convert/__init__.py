"""ONNX to TensorFlow to TFLite.

`op` registers the lowering of an op of your own in an operators file (`--operators FILE`). What it
takes and returns are `AnyValue`s; `pointwise` applies a TensorFlow function to them element by
element, `value.plain()` is the tensor in ONNX axis order, `Value.laid_out(tensor)` makes a value of
one, and `Refused` says why a node cannot be emitted.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import tensorflow_log  # noqa: F401 - before anything imports TensorFlow
from .conversion import to_tflite
from .parity import Parity
from .report import ConvertReport

if TYPE_CHECKING:
    from .align import pointwise
    from .registry import OutputInfo, Refused, op
    from .tensors import AnyValue, Constant, Value

__all__ = [
    "AnyValue",
    "Constant",
    "ConvertReport",
    "OutputInfo",
    "Parity",
    "Refused",
    "Value",
    "op",
    "pointwise",
    "to_tflite",
]

# What operators files import: with it come onnx and TensorFlow, which nobody else has to wait for.
_LAZY = {
    **dict.fromkeys(("OutputInfo", "Refused", "op"), "registry"),
    **dict.fromkeys(("AnyValue", "Constant", "Value"), "tensors"),
    "pointwise": "align",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)
