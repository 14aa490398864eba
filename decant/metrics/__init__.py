"""Accuracy of detections: overlaps, matching and average precision, by COCO's definitions."""

from __future__ import annotations

from .average_precision import Ranking, average_precision
from .coco import coco_average_precision
from .edit_distance import edit_distance
from .matching import MAX_DETECTIONS, THRESHOLDS, match
from .overlap import box_overlaps, convex, quad_overlaps

__all__ = [
    "MAX_DETECTIONS",
    "THRESHOLDS",
    "Ranking",
    "average_precision",
    "box_overlaps",
    "coco_average_precision",
    "convex",
    "edit_distance",
    "match",
    "quad_overlaps",
]
