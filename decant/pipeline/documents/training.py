"""Of a training, and of what a teacher is worth."""

from __future__ import annotations

from pathlib import Path

from .document import Document


class SwapDocument(Document):
    """What was swapped in a network, and what that cost.

    Attributes:
        modules: By path, what became of a module, such as "GELU → hard_swish".
        figures: By "original", "swapped" (before it is retrained) and "retrained", what the recipe
            measures, by name; null where one is no number.
    """

    modules: dict[str, str]
    figures: dict[str, dict[str, float | None]]


class TrainedDocument(Document):
    """A network that was trained.

    Attributes:
        checkpoint: Its weights; its log lies beside it.
        figures: The last of the log, by name, as the recipe calls and measures them; null where
            one is no number.
        advice: Which key of the spec is to name the checkpoint.
        replaced: Whether the file held other weights before.
        swap: What was swapped and what that cost; null where nothing was.
    """

    checkpoint: Path
    figures: dict[str, float | None]
    advice: str
    replaced: bool
    swap: SwapDocument | None = None


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
