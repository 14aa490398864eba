"""Holds our average precision against a library's, so that a figure never rests on our code alone.

Our own is what resamples a thousand times; faster-coco-eval computes the point value once per
model, in less than a second for 1,000 photos.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from decant.errors import InternalError
from decant.tasks.quad_detection import QuadDetection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from decant.decode import Detections
    from decant.samples import QuadTruth, Sample
    from decant.tasks import Task

    from .accuracy import Accuracy

TOLERANCE = 1e-6


def check_average_precision(task: Task, accuracy: Accuracy, samples: Sequence[Sample]) -> None:
    """Compute `ap` and `ap50` of a detector again with faster-coco-eval.

    Args:
        task: Others than detection have nothing to check.
        accuracy: Of one model.
        samples: That it was measured on, in order.

    Raises:
        InternalError: If the two differ.
    """
    if not isinstance(task, QuadDetection):
        return
    ours = task.metrics(accuracy.evidence)
    found = [cast("Detections", each) for each in accuracy.predictions]
    truth = [cast("QuadTruth", sample.truth) for sample in samples]
    theirs = coco_average_precision(found, truth, len(task.labels))
    for name, value in theirs.items():
        if not abs(ours[name][0] - value) <= TOLERANCE:
            raise InternalError(
                f"{name} is {ours[name][0]:.8f} by decant and {value:.8f} by faster-coco-eval "
                f"on the same {len(samples)} photos; one of them is wrong"
            )


def coco_average_precision(
    found: Sequence[Detections], truth: Sequence[QuadTruth], labels: int
) -> dict[str, float]:
    """Let faster-coco-eval compute `ap` and `ap50` over boxes.

    Args:
        found: Detections of each photo.
        truth: Objects of each photo.
        labels: How many there are.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    known = COCO(_document(truth, labels))
    run = COCOeval_faster(known, known.loadRes(_results(found)), "bbox")
    run.evaluate()
    run.accumulate()
    run.summarize()
    return {"ap": float(run.stats[0]), "ap50": float(run.stats[1])}


def _document(truth: Sequence[QuadTruth], labels: int) -> dict[str, list[dict[str, Any]]]:
    """Write the truth as COCO does; images and labels count from 1."""
    objects = [
        (image, label, box, crowd)
        for image, each in enumerate(truth, 1)
        for label, box, crowd in zip(
            each.labels.tolist(), _sized(each.boxes).tolist(), each.crowd.tolist(), strict=True
        )
    ]
    annotations = [
        {
            "id": number,
            "image_id": image,
            "category_id": label + 1,
            "bbox": box,
            "area": box[2] * box[3],
            "iscrowd": int(crowd),
        }
        for number, (image, label, box, crowd) in enumerate(objects, 1)
    ]
    return {
        # The size of a photo says nothing about boxes, but the format wants one.
        "images": [{"id": image + 1, "width": 1, "height": 1} for image in range(len(truth))],
        "annotations": annotations,
        "categories": [{"id": label + 1, "name": str(label)} for label in range(labels)],
    }


def _results(found: Sequence[Detections]) -> NDArray[np.float64]:
    """Lay detections out as [d, 7]: image, x, y, width, height, score, label."""
    rows = [
        np.column_stack((
            np.full(len(each.scores), image),
            _sized(each.boxes.astype(np.float64)),
            each.scores,
            each.labels + 1,
        ))
        for image, each in enumerate(found, 1)
    ]  # fmt: skip
    return np.concatenate(rows) if rows else np.zeros((0, 7))


def _sized(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn corners [n, 4] into corner and size."""
    return np.concatenate((boxes[:, :2], boxes[:, 2:] - boxes[:, :2]), 1)
