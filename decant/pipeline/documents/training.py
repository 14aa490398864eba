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


class TrainedInt8Document(Document):
    """An int8 file whose weights and ranges were learned.

    Attributes:
        folder: Where the files are.
        float_file: The float file with the learned weights.
        file: The int8 file.
        recipe: The quantization recipe with the learned ranges, which makes the one of the other.
        steps: Of the optimiser.
        samples: That were learned from.
        held_out: That the signal-to-noise ratios are of.
        snr_before_db: Of the int8 file before, against the float file, of the weakest output.
        snr_after_db: Likewise, of `file`.
        kept: Whether the learned weights are better and were taken.
        largest_gap: Between PyTorch's simulation and the int8 file in LiteRT, in integer steps.
        metric: Of the task.
        figures: By "float", "before" and "after", the metric of these files on validation data.
        advice: Which keys of the spec are to name the files.
    """

    folder: Path
    float_file: str
    file: str
    recipe: str
    steps: int
    samples: int
    held_out: int
    snr_before_db: float
    snr_after_db: float
    kept: bool
    largest_gap: float
    metric: str | None
    figures: dict[str, float | None]
    advice: tuple[str, ...]


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
