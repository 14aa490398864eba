"""The decode rule `segmentation`: of the scores at every pixel of the photo, the largest wins."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from ...errors import DataError
from .maps import view
from .rule import DecodeRule, Prediction, Reading, Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ...tensors import TensorInfo
    from ..images import Placement
    from .rule import Outputs

UNSEEN = -1


class SegmentationRule(DecodeRule):
    """How a map of scores becomes a label for every pixel of the photo.

    The only output is [N, K, h, w], a map for each of K labels, of which the largest value wins
    and the lower index among equals; or with two labels [N, 1, h, w], how much each place is of
    the second. The values are interpolated at the photo's pixels (`maps`), then compared.

    Attributes:
        activation: What makes a probability of a value: "sigmoid" of logits [N, 1, h, w];
            "softmax" of logits [N, K, h, w], which leaves the order as it is; "none" where the
            network ends in one itself.
        threshold: Of [N, 1, h, w], the probability from which a pixel is of the second label.
    """

    kind: Literal["segmentation"] = "segmentation"
    activation: Literal["softmax", "sigmoid", "none"] = "softmax"
    threshold: float = Field(default=0.5, gt=0, lt=1)

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Ask for one output, with a map for every label or one of the second of two."""
        single = 'one map of the second label; "none" where the network ends in a sigmoid'
        if not shapes:
            note = f'nothing to say of a map for every label; activation = "sigmoid" of {single}'
            return (Reading({}, note=note),)
        ((name, shape),) = [*shapes.items()][:1]
        if len(shapes) != 1 or len(shape) != 4:
            return ()
        if shape[1] == 1:
            return (Reading({"activation": "sigmoid"}, ("activation",), 2, single),)
        return (Reading({}, names=shape[1], note=f"{name} has a map for every label"),)

    def check_tensors(self, outputs: Sequence[TensorInfo], labels: Sequence[str]) -> None:
        """Ask for one output with a map for every label, or one map of the second of two."""
        shapes = {info.name: info.onnx_shape for info in outputs}
        try:
            check_maps(shapes, len(labels), self)
        except DataError as error:
            raise ValueError(f"decode.kind: {error}") from error

    def answer(
        self, outputs: Outputs, labels: Sequence[str], placement: Placement
    ) -> tuple[Prediction, ...]:
        """Name each label there is, that of most pixels first; its score is its share of them."""
        (maps,) = outputs.values()
        mask = label_mask(np.asarray(maps)[0], self, placement)
        counts = np.bincount(mask[mask != UNSEEN], minlength=len(labels))
        order = np.argsort(-counts, kind="stable")
        shares = counts / max(1, counts.sum())
        return tuple(
            Prediction(label=labels[k], score=float(shares[k])) for k in order if counts[k]
        )


def check_maps(
    shapes: Mapping[str, tuple[int | None, ...]], labels: int, rule: SegmentationRule
) -> None:
    """Refuse outputs that the rule does not decode.

    Raises:
        DataError: If there is not one, [N, labels, h, w] or, of two labels, [N, 1, h, w].
    """
    if len(shapes) != 1:
        raise DataError(
            f"segmentation takes one output, this model has {sorted(shapes)}; return only the "
            "scores from the model's forward"
        )
    ((name, shape),) = shapes.items()
    several = len(shape) == 4 and shape[1] in (None, labels) and labels > 1
    single = len(shape) == 4 and shape[1] == 1 and labels == 2
    if not several and not single:
        raise DataError(
            f"output {name!r} {list(shape)} holds no map for each of {labels} labels, "
            f"[N, {labels}, h, w]{', nor [N, 1, h, w]' if labels == 2 else ''}; return scores, "
            "channels first, and make task.labels and the model agree"
        )
    if single and rule.activation == "softmax":
        raise DataError(
            f"output {name!r} {list(shape)} is one map, of which softmax makes 1 everywhere; "
            'write task.decode = { activation = "sigmoid" }, or "none" if the network has it'
        )
    if not single and rule.activation == "sigmoid":
        raise DataError(
            f"output {name!r} {list(shape)} has a map for each label, of which the largest wins; "
            'leave task.decode.activation = "sigmoid" out, or let the network give one map'
        )


def label_mask(
    maps: NDArray[np.floating], rule: SegmentationRule, placement: Placement | None
) -> NDArray[np.int16]:
    """Label every pixel of a photo.

    Args:
        maps: [K, h, w] or [1, h, w].
        rule: How they are compared.
        placement: Where the photo lies; without one each cell is labelled.

    Returns:
        [H, W] index of the label, or -1 (UNSEEN) where a crop cut the photo away.
    """
    seen_through = view(maps.shape[1:], placement)
    best = seen_through.sample(maps[0])
    if len(maps) == 1:
        winner = (best >= np.float32(_limit(rule))).astype(np.int16)
    else:
        winner = np.zeros(best.shape, np.int16)
        # Label by label: all maps of a photo from a phone at once would take gigabytes.
        for label in range(1, len(maps)):
            values = seen_through.sample(maps[label])
            better = values > best
            winner[better] = label
            best[better] = values[better]
    rows, columns = seen_through.seen
    mask = np.full(winner.shape, UNSEEN, np.int16)
    mask[rows, columns] = winner[rows, columns]
    return mask


def _limit(rule: SegmentationRule) -> float:
    """Give the threshold in terms of the output."""
    if rule.activation == "none":
        return rule.threshold
    return math.log(rule.threshold / (1 - rule.threshold))
