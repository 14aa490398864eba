"""Quantization-aware training: the float weights and the ranges of an integer file, learned."""

from .form import IntegerForm
from .report import QatReport
from .training import SETTINGS, train

__all__ = ["SETTINGS", "IntegerForm", "QatReport", "train"]
