"""ONNX to TensorFlow to TFLite.

`op` registers the lowering of an op of your own in an operators file (`--operators FILE`), and
`rewrite` a rewrite of the graph. What a lowering
takes and returns are `AnyValue`s; `pointwise` applies a TensorFlow function to them element by
element, `value.plain()` is the tensor in ONNX axis order, `Value.laid_out(tensor)` makes a value of
one, and `Refused` says why a node cannot be emitted.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from decant.parity import Parity

from . import tensorflow_start  # noqa: F401 - before anything imports TensorFlow
from .conversion import as_onnx as as_onnx
from .conversion import to_tflite
from .report import ConvertReport, SignaturesReport
from .signatures import EntryPoint, to_signatures

if TYPE_CHECKING:
    # Ours to use, and nobody's to rely on.
    from .export.pt2 import load_pt2 as load_pt2
    from .export.pt2 import pt2_reference as pt2_reference
    from .export.to_onnx import pt2_to_onnx as pt2_to_onnx
    from .layout.pointwise import pointwise
    from .layout.refused import Refused
    from .layout.tensors import AnyValue, Constant, Value
    from .lowering.registry import OutputInfo, op
    from .rewrites.own import rewrite

__all__ = [
    "AnyValue",
    "Constant",
    "ConvertReport",
    "EntryPoint",
    "OutputInfo",
    "Parity",
    "Refused",
    "SignaturesReport",
    "Value",
    "op",
    "pointwise",
    "rewrite",
    "to_signatures",
    "to_tflite",
]

# What operators files import: with it come onnx and TensorFlow, which nobody else has to wait for.
_LAZY = {
    **dict.fromkeys(("OutputInfo", "op"), "lowering.registry"),
    **dict.fromkeys(("AnyValue", "Constant", "Value"), "layout.tensors"),
    "Refused": "layout.refused",
    "pointwise": "layout.pointwise",
    "rewrite": "rewrites.own",
    # What reads a finished .pt2; with it comes PyTorch.
    **dict.fromkeys(("load_pt2", "pt2_reference"), "export.pt2"),
    "pt2_to_onnx": "export.to_onnx",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)
