"""What every decode rule is: keys that the sidecar publishes, and what they mean for tensors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

from numpy.typing import NDArray
from pydantic import Field

from ..rules import Rule

if TYPE_CHECKING:
    from ...tensors import TensorInfo
    from ..images import Placement

Outputs: TypeAlias = Mapping[str, NDArray[Any]]
"""Output name → array in ONNX axis order, real values."""

Shapes: TypeAlias = Mapping[str, tuple[int | None, ...]]
"""Output name → sizes in ONNX axis order; None is any size."""

Point = Annotated[tuple[float, float], Field(strict=False)]


class Prediction(Rule):
    """One thing that a decode rule finds, in pixels of the upright photo."""

    label: str
    score: float
    quad: tuple[Point, ...] = Field(default=(), strict=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a spec may say of outputs of some shapes.

    Attributes:
        keys: Value by key, of what has to be said.
        unknown: Those of the keys of which shapes tell nothing; their values are examples.
        names: How many labels or targets there then are; None where shapes do not tell.
        note: What is read, and what else may have to be said.
    """

    keys: Mapping[str, Any]
    unknown: tuple[str, ...] = ()
    names: int | None = None
    note: str = ""


def check_thresholds(score_threshold: float, display_threshold: float) -> None:
    """Refuse to show what is dropped before.

    Raises:
        ValueError: If that was asked for.
    """
    if display_threshold < score_threshold:
        raise ValueError(
            f"display_threshold = {display_threshold} is below score_threshold = "
            f"{score_threshold}, so some of what is to be shown would be dropped"
        )


class DecodeRule(Rule):
    """How raw outputs become predictions.

    Attributes:
        kind: Names the rule.
        corners: How many corners its predictions have.
        free_labels: Whether a prediction may have a label that is none of the model's, as a text.
    """

    corners: ClassVar[int] = 0
    free_labels: ClassVar[bool] = False
    kind: str

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Say in which ways the rule reads outputs of these shapes; without any, what it reads."""
        return ()

    @abstractmethod
    def check_tensors(self, outputs: Sequence[TensorInfo], labels: Sequence[str]) -> None:
        """Check that a model's outputs are those that the rule reads.

        Raises:
            ValueError: If they are not; the message begins with the path of the field.
        """

    def first(self, outputs: Outputs) -> Outputs:
        """Take the outputs of the first photo of a batch."""
        return {name: array[:1] for name, array in outputs.items()}

    @abstractmethod
    def answer(
        self, outputs: Outputs, labels: Sequence[str], placement: Placement
    ) -> tuple[Prediction, ...]:
        """Decode the outputs of one photo (a batch of one): best first.

        Raises:
            DataError: If the outputs are not what the rule decodes.
        """
