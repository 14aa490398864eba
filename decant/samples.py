"""One photo of a data set with what is true about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class QuadTruth:
    """The objects on one photo, in pixels of the photo.

    Attributes:
        boxes: [n, 4] float64, xyxy.
        quads: [n, 4, 2] float64, xy of top-left, top-right, bottom-right, bottom-left.
        labels: [n] int64, index into the task's labels.
        crowd: [n] bool; a region of uncounted objects (COCO's `iscrowd`): detections on it are
            neither right nor wrong.
    """

    boxes: NDArray[np.float64]
    quads: NDArray[np.float64]
    labels: NDArray[np.int64]
    crowd: NDArray[np.bool_]


Truth: TypeAlias = "QuadTruth | int"
"""What a task is judged by: the objects of a detection task, the label's index of a classifier."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A photo with its truth.

    Attributes:
        id: Names it within its data set; the file name where there is one.
        truth: What the model should say.
        tags: The slices it belongs to.
        load: Reads or makes the photo.
    """

    id: str
    truth: Truth
    tags: frozenset[str]
    load: Callable[[], NDArray[np.uint8]]

    @property
    def image(self) -> NDArray[np.uint8]:
        """The photo, [H, W, 3] uint8 RGB, read anew each time.

        Raises:
            DataError: If it is missing, damaged, or not of the size its labels say.
        """
        return self.load()
