"""Quantization: from a float `.tflite` to int8 and float16 candidates."""

from .pipeline import quantize
from .recipes import (
    DYNAMIC_INT8,
    FLOAT16,
    RECIPES,
    STATIC_INT8,
    Recipe,
    load_recipes,
    spec_recipes,
)
from .report import Candidate, QuantizeReport

__all__ = [
    "DYNAMIC_INT8",
    "FLOAT16",
    "RECIPES",
    "STATIC_INT8",
    "Candidate",
    "QuantizeReport",
    "Recipe",
    "load_recipes",
    "quantize",
    "spec_recipes",
]
