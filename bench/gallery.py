"""Picks test photos on which the shipped file got worse, and what each model says of them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import cv2
import numpy as np
from pydantic import ValidationError

from decant.artifacts import read_json
from decant.decode import Detections
from decant.errors import DataError
from decant.samples import QuadTruth

from .accuracy import worst_regressions
from .schema import Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.samples import Sample
    from decant.tasks import Prediction, Task

    from .accuracy import Accuracy, PreparedSet

PICTURES = 12
LONG_SIDE = 560
JPEG_QUALITY = 72


class Mark(Part):
    """Something said of a photo: a label, and for a detection its corners in the photo's pixels."""

    label: str
    score: float | None = None
    quad: tuple[tuple[float, float], ...] = ()


class Picture(Part):
    """One test photo.

    Attributes:
        id: Of the sample.
        tags: Its slices.
        width: Of the photo in pixels, which marks are measured in.
        height: The same.
        jpeg: The photo made smaller, base64.
        truth: What is there.
        answers: Model → what it says.
        grades: Model → how right it is on this photo alone, 1 is perfect.
    """

    id: str
    tags: tuple[str, ...]
    width: int
    height: int
    jpeg: str
    truth: tuple[Mark, ...]
    answers: dict[str, tuple[Mark, ...]]
    grades: dict[str, float]


class Gallery(Part):
    """Test photos, those that got worst first.

    Attributes:
        before: The model that is compared with.
        after: The model that is shown.
        worse: On how many test photos it is worse.
        shown_score: The display threshold: weaker detections matter to AP's tail, but an app does
            not show them. None where all are drawn.
        pictures: Worst regressions first, then evenly spread over the rest of the set.
    """

    before: str
    after: str
    worse: int
    shown_score: float | None
    pictures: tuple[Picture, ...]


def make_gallery(task: Task, prepared: PreparedSet, pair: Mapping[str, Accuracy]) -> Gallery:
    """Compare two models photo by photo.

    Args:
        task: That made the evidence.
        prepared: The test set.
        pair: The model compared with, then the one shown, by name.
    """
    before, after = pair
    worse = worst_regressions(task, pair[before].evidence, pair[after].evidence)
    position = {sample.id: index for index, sample in enumerate(prepared.samples)}
    picked = [position[each.id] for each in worse[:PICTURES]]
    spread = np.linspace(0, len(prepared) - 1, PICTURES).astype(int).tolist()
    picked += [index for index in dict.fromkeys(spread) if index not in picked]
    grades = {name: task.per_image(each.evidence) for name, each in pair.items()}
    pictures = []
    for index in picked[:PICTURES]:
        said = {name: each.predictions[index] for name, each in pair.items()}
        grade = {name: round(float(each[index]), 4) for name, each in grades.items()}
        pictures.append(_picture(task, prepared.samples[index], said, grade))
    return Gallery(
        before=before,
        after=after,
        worse=len(worse),
        shown_score=task.display_threshold,
        pictures=tuple(pictures),
    )


def load_gallery(path: Path) -> Gallery | None:
    """Read a gallery; None where there is none, as for a file without a spec.

    Raises:
        DataError: If the file is damaged.
    """
    if not path.exists():
        return None
    try:
        return Gallery.model_validate(read_json(path))
    except ValidationError as error:
        raise DataError(f"{path}: not a gallery; run the bench again") from error


def _picture(
    task: Task, sample: Sample, said: Mapping[str, Prediction], grades: Mapping[str, float]
) -> Picture:
    image = sample.image
    return Picture(
        id=sample.id,
        tags=tuple(sorted(sample.tags)),
        width=image.shape[1],
        height=image.shape[0],
        jpeg=_jpeg(image),
        truth=_truth(sample, task.labels),
        answers={name: _marks(each, task) for name, each in said.items()},
        grades=dict(grades),
    )


def _truth(sample: Sample, labels: Sequence[str]) -> tuple[Mark, ...]:
    truth = sample.truth
    if not isinstance(truth, QuadTruth):
        return (Mark(label=labels[truth]),)
    pairs = zip(truth.labels, truth.quads, strict=True)
    return tuple(Mark(label=labels[label], quad=_corners(quad)) for label, quad in pairs)


def _marks(prediction: Prediction, task: Task) -> tuple[Mark, ...]:
    """Say what an app shows: the detections from the display threshold on, or the first label."""
    labels, least = task.labels, task.display_threshold or 0.0
    if not isinstance(prediction, Detections):
        best = int(np.argmax(prediction))
        return (Mark(label=labels[best], score=round(float(prediction[best]), 3)),)
    found = zip(prediction.labels, prediction.scores, prediction.quads, strict=True)
    return tuple(
        Mark(label=labels[label], score=round(float(score), 3), quad=_corners(quad))
        for label, score, quad in found
        if score >= least
    )


def _corners(quad: NDArray[np.floating]) -> tuple[tuple[float, float], ...]:
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in quad)


def _jpeg(image: NDArray[np.uint8]) -> str:
    """Shrink a photo [H, W, 3] RGB and write it as base64 JPEG."""
    scale = min(1.0, LONG_SIDE / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return base64.b64encode(encoded.tobytes()).decode()
