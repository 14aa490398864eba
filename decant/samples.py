"""One sample of a data set with what is true about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


@dataclass(frozen=True, slots=True)
class Sample:
    """What a model is given, with its truth.

    Attributes:
        id: Names it within its data set; the file name where there is one.
        given: What the model should say, or a function that reads it where it is large.
        tags: The slices it belongs to.
        load: Reads or makes the value of each input, by name.
    """

    id: str
    given: Any
    tags: frozenset[str]
    load: Callable[[], Mapping[str, Any]]

    @property
    def truth(self) -> Any:
        """What the model should say, as the task reads it.

        Raises:
            DataError: If its file is missing, damaged, or not of the size its labels say.
        """
        return self.given() if callable(self.given) else self.given

    @property
    def image(self) -> NDArray[np.uint8]:
        """The photo, [H, W, C] uint8, read anew each time: the first input that is one.

        Raises:
            DataError: If there is none, or it is missing, damaged, or not of the size its labels
                say.
        """
        for value in self.load().values():
            if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3:
                return value
        raise DataError(f'sample "{self.id}" has no photo')
