"""The decode rules `boxes_scores` and `ssd`: boxes and class scores in two outputs."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from ...errors import DataError
from ...paths import unreadable
from ...tensors import fits
from .boxes import Activation, BoxFormat, BoxRule, Raw, activate, require, to_xyxy
from .rule import Reading, Shapes

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from .rule import Outputs

Four = Annotated[tuple[float, float, float, float], Field(strict=False)]


class TwoOutputRule(BoxRule):
    """Boxes [N, A, 4] in one output, class scores [N, A, K] in another.

    Attributes:
        boxes: Name of the output with the boxes.
        scores: Name of the output with the scores.
        score_activation: Makes scores of logits; "none" where the model gives scores 0…1.
        background: Index of the class that means that there is no object; it is no label. Left
            out where there is none.
    """

    boxes: str = "boxes"
    scores: str = "scores"
    score_activation: Activation = "none"
    background: int | None = Field(default=None, ge=0)

    def check_shapes(self, shapes: Shapes, labels: int) -> None:
        """Ask for four coordinates, and a score for every label and the background."""
        for key in ("boxes", "scores"):
            require(getattr(self, key), [*shapes], key)
        boxes, scores = shapes[self.boxes], shapes[self.scores]
        classes = labels + (self.background is not None)
        if self.background is not None and self.background >= classes:
            raise ValueError(
                f"decode.background: {self.background} is none of {classes} classes, which are "
                f"{labels} labels and the background"
            )
        if not fits(boxes, (None, None, 4)) or not fits(scores, (*boxes[:2], classes)):
            more = "" if self.background is None else " and the background"
            raise ValueError(
                f"decode.scores: {self.boxes} {list(boxes)} and {self.scores} {list(scores)} do "
                f"not hold [N, places, 4] and [N, places, {classes}], a score for each of {labels} "
                f"labels{more}"
            )

    @classmethod
    def pairs(cls, shapes: Shapes) -> list[tuple[dict[str, str], int | None]]:
        """Find boxes with their scores: the keys that name them, and how many classes there are."""
        if not shapes:
            return [({"boxes": "boxes", "scores": "scores"}, None)]
        return [
            ({"boxes": boxes, "scores": scores}, shapes[scores][2])
            for boxes, scores in permutations(shapes, 2)
            if fits(shapes[boxes], (None, None, 4)) and fits(shapes[scores], (None, None, None))
            if shapes[boxes][1] == shapes[scores][1]
        ]

    def labelled(self, outputs: Outputs) -> NDArray[np.float32]:
        """Give the scores [N, A, K] of the labels."""
        scores = activate(np.asarray(outputs[self.scores], np.float32), self.score_activation)
        return scores if self.background is None else np.delete(scores, self.background, -1)


class BoxesScoresRule(TwoOutputRule):
    """Boxes as they are, and scores beside them.

    Attributes:
        box_format: Corners ("xyxy", "yxyx"), or the top left corner ("xywh") or the centre
            ("cxcywh") with width and height.
    """

    kind: Literal["boxes_scores"] = "boxes_scores"
    box_format: BoxFormat = "xyxy"

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Ask for a pair; where the corners lie is not to be seen."""
        note = (
            'boxes and scores in two outputs; box_format may be "yxyx", "xywh" or "cxcywh", too; '
            "add background = 0 where that class stands for no object"
        )
        return tuple(
            Reading(
                {"kind": "boxes_scores", **keys, "box_format": "xyxy"}, ("box_format",), n, note
            )
            for keys, n in cls.pairs(shapes)
        )

    def raw(self, outputs: Outputs, labels: int) -> Raw:
        """Turn the boxes into corners."""
        boxes = to_xyxy(np.asarray(outputs[self.boxes], np.float32), self.box_format)
        return boxes, self.labelled(outputs)


class SsdRule(TwoOutputRule):
    """Boxes as offsets to anchors: Liu et al. 2016, SSD, section 2.2.

    With an anchor (cx, cy, w, h), variances v and offsets d, the box has its centre at
    cx + d₀ v₀ w, cy + d₁ v₁ h, and the size w exp(d₂ v₂), h exp(d₃ v₃).

    Attributes:
        anchors: [cx, cy, w, h] of each, in `box_unit`; or, in a spec, a `.npy` file of [A, 4].
        variances: Of x, y, w, h; torchvision's weights are their reciprocals.
        offset_order: "xywh" as PyTorch's SSDs give them, "yxhw" as TensorFlow's.
    """

    kind: Literal["ssd"] = "ssd"
    anchors: Annotated[tuple[Four, ...], Field(strict=False, min_length=1)] | str
    variances: Four = (0.1, 0.1, 0.2, 0.2)
    offset_order: Literal["xywh", "yxhw"] = "xywh"
    score_activation: Activation = "softmax"
    background: int | None = Field(default=0, ge=0)

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Ask for a pair with a class for the background."""
        note = (
            "offsets to anchors, a .npy file of [places, 4] with cx, cy, w and h of each; class 0 "
            "is the background"
        )
        return tuple(
            Reading({"kind": "ssd", **keys, "anchors": "anchors.npy"}, ("anchors",), names, note)
            for keys, classes in cls.pairs(shapes)
            if (names := None if classes is None else classes - 1) != 0
        )

    @property
    def files(self) -> dict[str, str]:
        """The anchors, where they lie in a file."""
        return {"anchors": self.anchors} if isinstance(self.anchors, str) else {}

    def opened(self, folder: Path) -> Self:
        """Read the anchors from their file.

        Raises:
            DataError: If it is missing, or holds something else.
        """
        if not isinstance(self.anchors, str):
            return self
        anchors = _read_anchors(folder / self.anchors, self.anchors)
        return self.model_copy(update={"anchors": tuple(map(tuple, anchors.tolist()))})

    def check_shapes(self, shapes: Shapes, labels: int) -> None:
        """Ask for an anchor for every box."""
        super().check_shapes(shapes, labels)
        if isinstance(self.anchors, str):
            raise ValueError(f'decode.anchors: "{self.anchors}" names a file; give the numbers')
        count = shapes[self.boxes][1]
        if count not in (None, len(self.anchors)):
            raise ValueError(
                f"decode.anchors: has {len(self.anchors)}, but {self.boxes} is "
                f"{list(shapes[self.boxes])}; give one for every box"
            )

    def raw(self, outputs: Outputs, labels: int) -> Raw:
        """Move and stretch the anchors."""
        offsets = np.asarray(outputs[self.boxes], np.float32)
        if self.offset_order == "yxhw":
            offsets = offsets[..., [1, 0, 3, 2]]
        offsets = offsets * np.asarray(self.variances, np.float32)
        anchors = np.asarray(self.anchors, np.float32)
        centre = anchors[:, :2] + offsets[..., :2] * anchors[:, 2:]
        # As torchvision does: what a wild logit stretches stays finite.
        size = anchors[:, 2:] * np.exp(np.minimum(offsets[..., 2:], LARGEST_STRETCH))
        return to_xyxy(np.concatenate((centre, size), -1), "cxcywh"), self.labelled(outputs)


LARGEST_STRETCH = np.float32(np.log(1000 / 16))
"""torchvision's `bbox_xform_clip`: a side grows to 62.5 times its anchor's at most."""


def _read_anchors(path: Path, name: str) -> NDArray[np.float64]:
    try:
        anchors = np.load(path, allow_pickle=False)
    except OSError as error:
        raise DataError(f'task.decode.anchors = "{name}": {unreadable(path, error)}') from error
    except (ValueError, EOFError) as error:
        raise DataError(
            f'task.decode.anchors = "{name}": {path} is no .npy file of numbers; write it with '
            "numpy.save"
        ) from error
    numbers = isinstance(anchors, np.ndarray) and anchors.dtype.kind in "fiu"
    if not numbers or anchors.ndim != 2 or anchors.shape[1] != 4 or not len(anchors):
        shape = list(getattr(anchors, "shape", ()))
        raise DataError(
            f'task.decode.anchors = "{name}": {path} holds {shape}, not [anchors, 4]; give cx, '
            "cy, w and h of each"
        )
    if not np.isfinite(anchors).all():
        raise DataError(f'task.decode.anchors = "{name}": {path} has a number that is not finite')
    return np.asarray(anchors, np.float64)
