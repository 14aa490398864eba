"""Quantization: from a float `.tflite` to int8 and float16 candidates."""

from decant.quantization import Group

from .pipeline import quantize
from .plan.request import PlanRequest
from .recipes import (
    DYNAMIC_INT8,
    FLOAT16,
    OFFERED,
    PURE_INT8,
    RECIPES,
    STATIC_INT8,
    Recipe,
    load_recipes,
    spec_recipes,
)
from .report import Candidate, QuantizeReport, SignaturesQuantizeReport
from .signatures import quantize_signatures

__all__ = [
    "DYNAMIC_INT8",
    "FLOAT16",
    "OFFERED",
    "PURE_INT8",
    "RECIPES",
    "STATIC_INT8",
    "Candidate",
    "Group",
    "PlanRequest",
    "QuantizeReport",
    "Recipe",
    "SignaturesQuantizeReport",
    "load_recipes",
    "quantize",
    "quantize_signatures",
    "spec_recipes",
]
