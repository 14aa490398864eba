"""The decode rule `yolo`: one output with box and class scores of every place side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...tensors import fits
from .boxes import BoxRule, Raw, activate, named, only_output, to_xyxy
from .rule import Reading, Shapes

if TYPE_CHECKING:
    from .rule import Outputs

LEAST_VALUES = 5
"""Of a box and one score."""
WORDING = {"values_first": "[N, {}, places]", "boxes_first": "[N, places, {}]"}


class YoloRule(BoxRule):
    """One output with, for each place, centre x and y, width and height, then the class scores.

    Attributes:
        output: Its name; the only one if left out.
        order: "values_first" is [N, 4 + K, A], as YOLOv8 and YOLO11 are exported; "boxes_first"
            [N, A, 4 + K], as YOLOv5, YOLOv7 and YOLOX are.
        objectness: Whether the score that there is an object at all stands before those of the
            classes, to be multiplied with each (YOLOv5, YOLOv7, YOLOX).
        score_activation: Makes a score of a logit; "none" where the model gives scores 0…1.
    """

    kind: Literal["yolo"] = "yolo"
    output: str | None = None
    order: Literal["values_first", "boxes_first"] = "values_first"
    objectness: bool = False
    score_activation: Literal["none", "sigmoid"] = "none"

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Take the longer axis for that of the places."""
        if not shapes:
            note = (
                "one output with boxes and scores side by side, [N, 4 + labels, places]; of "
                '[N, places, 5 + labels] order = "boxes_first", objectness = true'
            )
            return (Reading({"kind": "yolo", "order": "values_first"}, ("order",), note=note),)
        found = []
        for name, shape in shapes.items():
            if any(fits(other, (*shape[:2], 4)) for other in shapes.values()):
                continue  # Scores alone, beside the output with their boxes.
            several: dict[str, Any] = {**named(shapes, name)}
            if fits(shape, (None, None, None)) and _is_longer(shape[2], shape[1]):
                keys = {"kind": "yolo", "order": "values_first", **several}
                note = "add objectness = true where its score stands before those of the classes"
                found.append(Reading(keys, names=(shape[1] or 0) - 4, note=note))
            if fits(shape, (None, None, None)) and _is_longer(shape[1], shape[2]):
                scored = shape[2] != 4 + 1  # A box and one score: that of the only class.
                keys = {"kind": "yolo", "order": "boxes_first", "objectness": scored, **several}
                note = "objectness = false where no such score stands before those of the classes"
                names = max(1, (shape[2] or 0) - 4 - scored)
                found.append(Reading(keys, ("objectness",), names, note))
        return tuple(found)

    def check_shapes(self, shapes: Shapes, labels: int) -> None:
        """Ask for as many values as a box and its scores have."""
        name = only_output([*shapes], self.output)
        values = 4 + self.objectness + labels
        wanted = (None, values, None) if self.order == "values_first" else (None, None, values)
        if fits(shapes[name], wanted):
            return
        parts = f"a box{', objectness' if self.objectness else ''} and {labels} scores"
        other = "boxes_first" if self.order == "values_first" else "values_first"
        turned = fits(shapes[name], (wanted[0], wanted[2], wanted[1]))
        hint = f'; is order = "{other}" meant?' if turned else ""
        raise ValueError(
            f'decode.order: "{self.order}" reads {WORDING[self.order].format(values)}, {parts} '
            f"for each place, but {name} is {list(shapes[name])}{hint}"
        )

    def raw(self, outputs: Outputs, labels: int) -> Raw:
        """Split boxes from scores."""
        values = np.asarray(outputs[only_output([*outputs], self.output)], np.float32)
        if self.order == "values_first":
            values = values.transpose(0, 2, 1)
        scores = activate(values[..., 4:], self.score_activation)
        if self.objectness:
            scores = scores[..., :1] * scores[..., 1:]
        return to_xyxy(values[..., :4], "cxcywh"), scores


def _is_longer(places: int | None, values: int | None) -> bool:
    """Whether an axis of places goes with one of values, which a model has fewer of."""
    return values is not None and values >= LEAST_VALUES and (places is None or places > values)
