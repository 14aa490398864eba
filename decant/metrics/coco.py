"""Average precision by a library, so that a figure never rests on our code alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]


def coco_average_precision(images: Sequence[Arrays], labels: int) -> dict[str, float]:
    """Let faster-coco-eval compute `ap`, `ap50`, `ap75` and `ar100` over boxes.

    Args:
        images: Of each, `found_boxes` [d, 4] xyxy, `found_scores` and `found_labels` [d], and of
            the truth `true_boxes` [g, 4], `true_labels` and `true_crowd` [g].
        labels: How many there are.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    known = COCO(_document(images, labels))
    run = COCOeval_faster(known, known.loadRes(_results(images)), "bbox")
    run.evaluate()
    run.accumulate()
    run.summarize()
    places = {"ap": 0, "ap50": 1, "ap75": 2, "ar100": 8}
    return {name: float(run.stats[place]) for name, place in places.items()}


def _document(images: Sequence[Arrays], labels: int) -> dict[str, list[dict[str, Any]]]:
    """Write the truth as COCO does; images and labels count from 1."""
    objects = [
        (image, label, box, crowd)
        for image, each in enumerate(images, 1)
        for label, box, crowd in zip(
            each["true_labels"].tolist(),
            _sized(each["true_boxes"]).tolist(),
            each["true_crowd"].tolist(),
            strict=True,
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
        "images": [{"id": image + 1, "width": 1, "height": 1} for image in range(len(images))],
        "annotations": annotations,
        "categories": [{"id": label + 1, "name": str(label)} for label in range(labels)],
    }


def _results(images: Sequence[Arrays]) -> NDArray[np.float64]:
    """Lay detections out as [d, 7]: image, x, y, width, height, score, label."""
    rows = [
        np.column_stack((
            np.full(len(each["found_scores"]), image),
            _sized(each["found_boxes"].astype(np.float64)),
            each["found_scores"],
            each["found_labels"] + 1,
        ))
        for image, each in enumerate(images, 1)
    ]  # fmt: skip
    return np.concatenate(rows) if rows else np.zeros((0, 7))


def _sized(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn corners [n, 4] into corner and size."""
    return np.concatenate((boxes[:, :2], boxes[:, 2:] - boxes[:, :2]), 1)
