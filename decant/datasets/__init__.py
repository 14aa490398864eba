"""Opens the data a spec names: labelled photos, checked before anything is measured on them."""

from __future__ import annotations

from .dataset import Dataset, check_disjoint
from .opening import open_dataset

__all__ = ["Dataset", "check_disjoint", "open_dataset"]
