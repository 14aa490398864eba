"""A float `.tflite` graph as a PyTorch module: the same numbers, and gradients for its weights."""

from .activation import fused
from .form import TorchForm, overwrite
from .kernels import KERNELS

__all__ = ["KERNELS", "TorchForm", "fused", "overwrite"]
