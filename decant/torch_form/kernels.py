"""All kernels: importing the rooms that they are in fills the table."""

from . import moving, pointwise, reducing, resizing, windows
from .registry import KERNELS

__all__ = ["KERNELS", "moving", "pointwise", "reducing", "resizing", "windows"]
