"""Quantization: from a float `.tflite` to int8 and float16 candidates."""

from .calibrate import load as load_calibration
from .pipeline import quantize
from .recipes import DYNAMIC_INT8, FLOAT16, RECIPES, STATIC_INT8, Recipe
from .report import Candidate, QuantizeReport

__all__ = [
    "DYNAMIC_INT8",
    "FLOAT16",
    "RECIPES",
    "STATIC_INT8",
    "Candidate",
    "QuantizeReport",
    "Recipe",
    "load_calibration",
    "quantize",
]
