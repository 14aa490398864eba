"""Of a training, and of what a teacher is worth."""

from __future__ import annotations

from pathlib import Path

from .document import Document


class TrainedDocument(Document):
    """A network that was trained.

    Attributes:
        checkpoint: Its weights; its log lies beside it.
        figures: The last of the log, by name, as the recipe calls and measures them; null where
            one is no number.
        advice: Which key of the spec is to name the checkpoint.
        replaced: Whether the file held other weights before.
    """

    checkpoint: Path
    figures: dict[str, float | None]
    advice: str
    replaced: bool


class GainDocument(Document):
    """What distillation adds to a metric; null where a mean or an interval is not defined.

    Attributes:
        undistilled: Mean over the seeds.
        distilled: Mean over the seeds.
        gains: Of each seed, in their order.
        mean_gain: Of all seeds.
        low: Lower end of the 95 % interval of the mean gain.
        high: Upper end.
    """

    undistilled: float | None
    distilled: float | None
    gains: tuple[float | None, ...]
    mean_gain: float | None
    low: float | None
    high: float | None


class ComparedDocument(Document):
    """What a teacher adds.

    Attributes:
        file: `comparison.json`, which has every run.
        gains: By metric.
    """

    file: Path
    gains: dict[str, GainDocument]
