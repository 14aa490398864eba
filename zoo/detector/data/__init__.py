"""Photographed pages of school mathematics with their truth, made from seeds."""

from __future__ import annotations

from .coco import write_split
from .page import Page, pages

__all__ = ["Page", "pages", "write_split"]
