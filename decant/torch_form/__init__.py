"""A float `.tflite` graph as a PyTorch module: the same numbers, and gradients for its weights."""

from .form import TorchForm
from .kernels import KERNELS

__all__ = ["KERNELS", "TorchForm"]
