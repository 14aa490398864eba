"""Opens the data a spec names: samples with their truth, checked before anything is measured."""

from __future__ import annotations

from .dataset import Dataset, check_disjoint
from .registry import SOURCES, AnySource, open_dataset
from .source import DataSource, Opening

__all__ = [
    "SOURCES",
    "AnySource",
    "DataSource",
    "Dataset",
    "Opening",
    "check_disjoint",
    "open_dataset",
]
