"""The decode rule `end_to_end`: the model itself has chosen what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from ...tensors import fits
from .boxes import BoxRule, Raw, named, only_output
from .rule import Reading, Shapes

if TYPE_CHECKING:
    from .rule import Outputs


class EndToEndRule(BoxRule):
    """One output [N, R, 6]: a row for each object with corners xyxy, score 0…1 and class.

    A row whose class is no label, as padding may have it, is passed over.

    Attributes:
        output: Its name; the only one if left out.
        first_class: The class that the first label has.
        nms_iou: With 1, the default, nothing is dropped: the model has done so.
    """

    kind: Literal["end_to_end"] = "end_to_end"
    output: str | None = None
    first_class: int = 0
    nms_iou: float = Field(default=1.0, gt=0, le=1)

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Ask for six values a row; how many classes there are is not to be seen."""
        note = "[N, rows, 6], corners, score and class of what the model has chosen itself"
        return tuple(
            Reading({"kind": "end_to_end", **named(shapes, name)}, note=note)
            for name, shape in (shapes or {"": (None, None, 6)}).items()
            if fits(shape, (None, None, 6))
        )

    def check_shapes(self, shapes: Shapes, labels: int) -> None:
        """Ask for six values a row."""
        name = only_output([*shapes], self.output)
        if not fits(shapes[name], (None, None, 6)):
            raise ValueError(
                "decode.kind: end_to_end reads [N, rows, 6], corners, score and class, but "
                f"{name} is {list(shapes[name])}"
            )

    def raw(self, outputs: Outputs, labels: int) -> Raw:
        """Put each row's score where its class is; a quantized class is rounded."""
        rows = np.asarray(outputs[only_output([*outputs], self.output)], np.float32)
        named = np.rint(rows[..., 5:]) - self.first_class
        return rows[..., :4], np.where(named == np.arange(labels), rows[..., 4:5], 0)
