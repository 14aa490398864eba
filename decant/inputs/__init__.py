"""What goes into a model: the inputs of a spec by kind, and arrays that a user gives."""

from __future__ import annotations

from .array import ArraySection
from .audio import AudioSection
from .image import ImageSection, PhotoReader
from .registry import SECTIONS, AnyInput
from .runs import Run, Runs, cut_runs, is_truth, load_arrays, open_arrays, wanted_samples
from .section import InputSection, Reader

__all__ = [
    "SECTIONS",
    "AnyInput",
    "ArraySection",
    "AudioSection",
    "ImageSection",
    "InputSection",
    "PhotoReader",
    "Reader",
    "Run",
    "Runs",
    "cut_runs",
    "is_truth",
    "load_arrays",
    "open_arrays",
    "wanted_samples",
]
