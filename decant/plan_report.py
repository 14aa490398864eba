"""What `quantize.json` says of a plan."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from .quantization import Objective

Stopped = Literal["finished", "time", "interrupted", "failed"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Point(_Part):
    """A plan whose file was made and judged, or a recipe beside it.

    Attributes:
        name: Of the recipe.
        foreseen: What it was expected to cost, in the objective's unit; null if that is not known.
        latency_ratio: Its time over the float file's, measured in turns; null if it was not timed.
        snr_db: Signal-to-noise ratio of the weakest part of its outputs.
        drop: Of the metric on calibration data, against the float file; null without one.
        size_bytes: Of the file.
        schemes: Scheme → how many operators compute in it.
        kept: Whether the file is among the candidates.
    """

    name: str
    foreseen: float | None = None
    latency_ratio: float | None = None
    snr_db: float
    drop: float | None = None
    size_bytes: int
    schemes: dict[str, int]
    kept: bool


class OperatorGroup(_Part):
    """What the operators of one module cost.

    Attributes:
        module: Path of the PyTorch module; of an operator whose module is not known, its kind.
        operators: Kind → how many.
        schemes: Scheme in the chosen plan → how many.
        float_ms: Time of all of them in float.
        int8_ms: Time in static int8, where they take it.
        snr_db: What the outputs keep where these operators alone are static int8.
        drop: Of the metric, likewise; null without one.
    """

    module: str
    operators: dict[str, int]
    schemes: dict[str, int]
    float_ms: float
    int8_ms: float
    snr_db: float
    drop: float | None = None


class PlanReport(_Part):
    """How a plan was found.

    Attributes:
        objective: What it wants little of.
        unit: Of the points' `foreseen`.
        budget_s: Time that was given.
        spent_s: Time that it took.
        stopped: Why the search ended: it was finished, its time was over, it was interrupted, or it
            failed.
        float_ms: Time of the float file; null if nothing was timed.
        prediction_error: Median error of the foreseen times of the points, relative to the
            measured ones; null where none was timed.
        unmeasured: How many values there was no time to measure the noise of.
        points: All files that were judged, the fastest first.
        groups: By module, what costs time and what costs accuracy; the noisiest first.
        chosen: Name of the candidate to ship, or "float".
    """

    objective: Objective
    unit: str
    budget_s: float
    spent_s: float
    stopped: Stopped
    float_ms: float | None = None
    prediction_error: float | None = None
    unmeasured: int = 0
    points: tuple[Point, ...] = ()
    groups: tuple[OperatorGroup, ...] = ()
    chosen: str
