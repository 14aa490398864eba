"""What quantization-aware training has come to."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from decant.files import QAT_SCHEMA


class QatReport(BaseModel):
    """What quantization-aware training has come to.

    Attributes:
        folder: Where the files are.
        float_file: The float file with the learned weights, of which the recipe makes `file`.
        file: The integer file.
        recipe: The recipe file, with the learned ranges.
        steps: Of the optimiser.
        samples: That were learned from.
        held_out: That were measured on.
        snr_before_db: Of the integer file before, against the float file, on the samples held out:
            every part of every output counts in units of its own variance; of the weakest output.
        snr_after_db: Likewise, of `file`.
        kept: Whether the learned weights are better and were taken; the files hold the weights
            and ranges from before otherwise.
        largest_gap: Between what PyTorch simulates and LiteRT computes, in integer steps of the
            output.
        metric: Of the task; None where there is none.
        figures: The metric of the float file ("float") and of the integer file "before" and
            "after" the training, on validation data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = QAT_SCHEMA
    folder: Path = Field(exclude=True)
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
    metric: str | None = None
    figures: dict[str, float] = {}
