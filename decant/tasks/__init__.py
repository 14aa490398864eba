"""What a model is for: how its outputs become predictions, and how these are judged.

A task of your own derives from `Task`, has `Metric`s, and draws `Mark`s in the report's gallery.
"""

from __future__ import annotations

from .evidence import Evidence
from .marks import Mark
from .registry import SECTIONS, AnyTaskSection, make_task
from .section import TaskSection
from .task import FRACTION, LabelWording, Metric, Task, metric_of

__all__ = [
    "FRACTION",
    "SECTIONS",
    "AnyTaskSection",
    "Evidence",
    "LabelWording",
    "Mark",
    "Metric",
    "Task",
    "TaskSection",
    "make_task",
    "metric_of",
]
