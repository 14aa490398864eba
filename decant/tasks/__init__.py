"""What a model is for: how its outputs become predictions, and how these are judged."""

from __future__ import annotations

from .evidence import Evidence
from .task import Prediction, Task, make_task

__all__ = ["Evidence", "Prediction", "Task", "make_task"]
