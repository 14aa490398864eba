"""Reads a text: characters in a row, of any number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union, cast

import numpy as np
from pydantic import Field, field_validator

from ..contract.decode import TEXT_RULES, ReadText, TextRule
from ..errors import DataError
from ..metrics import edit_distance
from .evidence import weights_or_ones
from .marks import Mark
from .section import TaskSection, one_of
from .task import Metric, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode import DecodeRule
    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from ..samples import Sample
    from .evidence import Evidence
    from .task import Outcome, Outputs

CER = Metric(
    "cer", "edits that make the true texts of what was read, over their characters", better="lower"
)
EDIT_DISTANCE = Metric(
    "edit_distance", "edits that make the true text of what was read, on average", "edits", "lower"
)
EXACT_MATCH = Metric("exact_match", "share of texts that were read without a fault")
METRICS = (CER, EDIT_DISTANCE, EXACT_MATCH)

if TYPE_CHECKING:
    AnyTextRule = TextRule
else:
    AnyTextRule = Annotated[Union[TEXT_RULES], Field(discriminator="kind")]  # noqa: UP007


class SequenceSection(TaskSection):
    """Reads a text; metrics `cer`, `edit_distance`, `exact_match`."""

    usual_truth: ClassVar[tuple[str, ...]] = ("text",)
    decode_rules: ClassVar[tuple[type[DecodeRule], ...]] = TEXT_RULES
    kind: Literal["sequence"]
    metric: str = "cer"
    decode: AnyTextRule

    @field_validator("metric")
    @classmethod
    def _check_metric(cls, metric: str) -> str:
        return one_of(metric, *METRICS)

    def open(self, folder: Path) -> SequenceTask:
        """Make the task."""
        return SequenceTask(self.decode)


@dataclass(frozen=True, slots=True)
class SequenceTask(Task):
    """The task `sequence`.

    Its evidence holds, for each sample [n], the `edits` between what was read and the truth, and
    the `characters` of the truth.
    """

    rule: TextRule = field()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Errors by character and by text."""
        return METRICS

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """The text."""
        return ("text",)

    def read_truth(self, fields: Mapping[str, Any]) -> str:
        """Take a text whose characters the model can give."""
        text = fields["text"]
        if not isinstance(text, str):
            raise ValueError(f"has the text {text!r}, which is a {type(text).__name__}; give a str")
        known = frozenset("".join(self.rule.alphabet))
        for letter in text:
            if letter not in known:
                raise ValueError(
                    f'the text "{text}" has "{letter}", which is not in task.decode.alphabet; add '
                    "it or correct the text"
                )
        return text

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Hold the output against the decode rule."""
        try:
            self.rule.check_shapes(shapes)
        except ValueError as error:
            raise DataError(f"task.{error}; make task.decode and the model agree") from error

    def predict(self, outputs: Outputs, placements: Sequence[Placement | None]) -> list[ReadText]:
        """Read a text for each sample."""
        found = self.rule.decode(outputs)
        if len(found) != len(placements):
            raise DataError(
                f"the model reads {len(found)} texts in {len(placements)} samples; correct "
                "task.decode.order or the model's output"
            )
        return found

    def judge(self, prediction: ReadText, truth: str) -> Outcome:
        """Count the edits."""
        counts = {"edits": edit_distance(prediction.text, truth), "characters": len(truth)}
        return {name: np.asarray(count, np.int32) for name, count in counts.items()}

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Stack the counts.

        Raises:
            DataError: If no text has a character.
        """
        if not any(each["characters"] for each in outcomes):
            raise DataError(
                f"none of the {len(outcomes)} texts has a character, so that no rate of errors is "
                "defined; give samples with texts"
            )
        # A class with slots is made anew, which super() would not know.
        return Task.gather(self, outcomes, samples)

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Divide sums of counts."""
        weights = weights_or_ones(evidence, weights)
        edits, characters = _counts(evidence)
        drawn, wrong = weights.sum(1), weights @ edits
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = np.where(weights @ characters > 0, wrong / (weights @ characters), np.nan)
            found = (rate, wrong / drawn, weights @ (edits == 0).astype(np.int64) / drawn)
        return {each.name: value for each, value in zip(METRICS, found, strict=True)}

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by the share of the characters that are right; below 0 where too many were read."""
        edits, characters = _counts(evidence)
        return 1 - edits / np.maximum(characters, 1)

    def draw_truth(self, truth: str) -> tuple[Mark, ...]:
        """Write the text."""
        return (Mark(text=truth or NOTHING),)

    def draw_prediction(self, prediction: ReadText) -> tuple[Mark, ...]:
        """Write the text."""
        score = round(prediction.score, 3)
        return (Mark(text=prediction.text or NOTHING, score=score),)


NOTHING = "(nothing)"


def _counts(evidence: Evidence) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    edits, characters = (
        cast("NDArray[np.int32]", evidence.arrays[name]).astype(np.int64)
        for name in ("edits", "characters")
    )
    return edits, characters
