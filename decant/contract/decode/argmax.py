"""The decode rule `argmax`: of scores, the largest wins."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...errors import DataError
from .rule import DecodeRule, Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ...tensors import TensorInfo
    from ..images import Placement
    from .rule import Outputs


class ArgmaxRule(DecodeRule):
    """The only output, [N, K], scores the K labels: the largest wins."""

    kind: Literal["argmax"] = "argmax"

    def check_tensors(self, outputs: Sequence[TensorInfo], labels: Sequence[str]) -> None:
        """Ask for one output with a score for every label."""
        shape = outputs[0].onnx_shape[1:] if len(outputs) == 1 else (0,)
        if math.prod(size or 0 for size in shape) != len(labels) or not labels:
            raise ValueError("decode.kind: argmax needs one output with a score for every label")

    def answer(
        self, outputs: Outputs, labels: Sequence[str], placement: Placement
    ) -> tuple[Prediction, ...]:
        """Name the label with the largest score."""
        scores = label_scores(outputs, len(labels))[0]
        best = int(np.argmax(scores))
        return (Prediction(label=labels[best], score=float(scores[best])),)


def label_scores(outputs: Outputs, labels: int) -> NDArray[np.float32]:
    """Take the only output, [N, labels] or with sizes 1 after that, as scores [N, labels].

    Raises:
        DataError: If there is another, or it holds other than a score per label.
    """
    shapes = {name: array.shape for name, array in outputs.items()}
    check_scores(shapes, labels)
    (scores,) = outputs.values()
    return np.asarray(scores).reshape(len(scores), -1)


def check_scores(shapes: dict[str, tuple[int | None, ...]], labels: int) -> None:
    """Refuse outputs that are not one score per label.

    Raises:
        DataError: If they are not.
    """
    if len(shapes) != 1:
        raise DataError(
            f"a classifier has one output, this model has {sorted(shapes)}; "
            "return only the scores from the model's forward"
        )
    ((name, shape),) = shapes.items()
    if math.prod(size or 1 for size in shape[1:]) != labels:
        raise DataError(
            f"output {name!r} {list(shape)} does not hold {labels} scores for each "
            "image, one per label; make task.labels and the model agree"
        )
