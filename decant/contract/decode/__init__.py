"""The decode rules: how a model's raw outputs become predictions.

They lie outside the graph so that an int8 model keeps one scale per output, and so that Python, the
phone's Kotlin core and the page's JavaScript can be held to the same few lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from .argmax import ArgmaxRule
from .box_scores import BoxesScoresRule, SsdRule
from .boxes import BoxRule, FoundBoxes
from .end_to_end import EndToEndRule
from .quad_grid import Detections, QuadGridRule
from .rule import DecodeRule, Prediction
from .segmentation import SegmentationRule
from .text import CtcRule, ReadText, SlotsRule, TextRule
from .yolo import YoloRule

__all__ = [
    "BOX_RULES",
    "RULES",
    "TEXT_RULES",
    "ArgmaxRule",
    "BoxRule",
    "BoxesScoresRule",
    "CtcRule",
    "Decode",
    "DecodeRule",
    "Detections",
    "EndToEndRule",
    "FoundBoxes",
    "Prediction",
    "QuadGridRule",
    "ReadText",
    "SegmentationRule",
    "SlotsRule",
    "SsdRule",
    "TextRule",
    "YoloRule",
]

BOX_RULES: tuple[type[BoxRule], ...] = (YoloRule, SsdRule, EndToEndRule, BoxesScoresRule)
"""The layouts that detectors are exported with."""
TEXT_RULES: tuple[type[TextRule], ...] = (CtcRule, SlotsRule)
"""How a text is read."""

RULES: tuple[type[DecodeRule], ...] = (
    QuadGridRule,
    ArgmaxRule,
    SegmentationRule,
    *BOX_RULES,
    *TEXT_RULES,
)
"""Every rule that the sidecar may publish; a new one is added here."""

if TYPE_CHECKING:
    Decode = DecodeRule
else:
    Decode = Annotated[Union[RULES], Field(discriminator="kind")]  # noqa: UP007 - made at run time
