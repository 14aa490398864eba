"""Holds predicted times against those of real files."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from .target import Host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.quantization import SchemeName

    from .costs import Costs
    from .target import Target


@dataclass(frozen=True, slots=True)
class Prediction:
    """A file's time as predicted and as measured.

    Attributes:
        name: Of the file.
        predicted_ms: By its operators' schemes.
        measured_ms: Of the processor, the least of many runs.
    """

    name: str
    predicted_ms: float
    measured_ms: float

    @property
    def error(self) -> float:
        """Share of the measured time by which the prediction is too long, or too short if < 0."""
        return self.predicted_ms / self.measured_ms - 1


def check(
    costs: Costs,
    files: Mapping[str, tuple[Sequence[SchemeName], bytes]],
    target: Target | None = None,
) -> tuple[Prediction, ...]:
    """Run files in turns, and hold the predictions against them.

    Args:
        costs: Of their network.
        files: Name → the schemes of the network's operators in it (`Costs.schemes`), and the file.
        target: What the costs were measured on; this machine with one thread if None.

    Raises:
        DataError: LiteRT refuses a file, or an operator does not take its scheme.
        InternalError: LiteRT crashes.
    """
    predicted = {name: costs.predict_ms(schemes) for name, (schemes, _) in files.items()}
    profiles = (target or Host()).profile({name: content for name, (_, content) in files.items()})
    return tuple(
        Prediction(name, predicted[name], profile.whole_ms) for name, profile in profiles.items()
    )


def median_error(predictions: Sequence[Prediction]) -> float:
    """Give the median of the errors' sizes, as shares."""
    return median(abs(prediction.error) for prediction in predictions)
