"""Random pages with true objects and detections, and COCO's own verdict on them."""

from __future__ import annotations

import contextlib
import io

import numpy as np
from faster_coco_eval import COCO as FasterCoco
from faster_coco_eval import COCOeval_faster
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from decant.contract.decode import Detections
from decant.contract.decode.quad_grid import envelopes
from decant.samples import QuadTruth, Sample

SIZE = 100


def page(rng, labels, truths, crowd_share, tag="all"):
    """Make one sample and detections near its objects, some of them false, many scores equal."""
    corner = rng.integers(0, 60, (truths, 2)).astype(np.float64)
    boxes = np.concatenate((corner, corner + rng.integers(8, 40, (truths, 2))), 1)
    kinds = rng.integers(0, labels, truths)
    crowd = rng.random(truths) < crowd_share
    copies = rng.integers(0, 4, truths)
    near = np.repeat(boxes, copies, 0)
    near += rng.integers(-4, 5, near.shape)
    wild = rng.integers(0, 60, (rng.integers(0, 4), 2))
    found = np.concatenate((near, np.concatenate((wild, wild + 20), 1))).astype(np.float32)
    found_kinds = np.concatenate((np.repeat(kinds, copies), rng.integers(0, labels, len(wild))))
    scores = (rng.integers(1, 20, len(found)) / 20).astype(np.float32)
    truth = QuadTruth(boxes, corners(boxes), kinds, crowd)
    return truth, Detections(found, corners(found), scores, found_kinds), frozenset({tag})


def data_set(seed, images=40, labels=1, truths=6, crowd_share=0.0):
    """Make samples and the detections on each."""
    rng = np.random.default_rng(seed)
    pages = [
        page(rng, labels, int(rng.integers(0, truths + 1)), crowd_share) for _ in range(images)
    ]
    samples = [Sample(f"{i:04}.png", p[0], p[2], no_image) for i, p in enumerate(pages)]
    return samples, [p[1] for p in pages]


def no_image():
    raise AssertionError("a metric has no business with pixels")


def corners(boxes):
    """Give the quads of upright boxes."""
    left, top, right, bottom = boxes.T
    xy = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.stack([np.stack(pair, -1) for pair in xy], 1)


def shaken(quads, rng, amount):
    """Move every corner, and give the envelopes too."""
    moved = (quads + rng.normal(0, amount, quads.shape)).astype(np.float32)
    return moved, envelopes(moved)


def coco_document(samples, labels, copies=None):
    """Write the truth as COCO does, image i `copies[i]` times; also each copy's sample index."""
    copies = np.ones(len(samples), int) if copies is None else copies
    order = np.repeat(np.arange(len(samples)), copies)
    annotations = [
        {
            "id": 0,
            "image_id": image + 1,
            "category_id": int(truth.labels[k]) + 1,
            "bbox": [*box[:2].tolist(), *(box[2:] - box[:2]).tolist()],
            "area": float((box[2:] - box[:2]).prod()),
            "iscrowd": int(truth.crowd[k]),
        }
        for image, truth in enumerate(samples[i].truth for i in order)
        for k, box in enumerate(truth.boxes)
    ]
    for number, annotation in enumerate(annotations, 1):
        annotation["id"] = number
    images = [{"id": i + 1, "width": SIZE, "height": SIZE} for i in range(len(order))]
    categories = [{"id": k + 1, "name": f"label {k}"} for k in range(labels)]
    return {"images": images, "annotations": annotations, "categories": categories}, order


def coco_results(predictions, order):
    """Write detections as COCO result entries."""
    return [
        {
            "image_id": image + 1,
            "category_id": int(found.labels[k]) + 1,
            "bbox": [*box[:2].tolist(), *(box[2:] - box[:2]).tolist()],
            "score": float(found.scores[k]),
        }
        for image, found in enumerate(predictions[i] for i in order)
        for k, box in enumerate(found.boxes)
    ]


def coco_ap(tool, document, results):
    """Let a COCO tool ("pycocotools" or "faster-coco-eval") compute AP and AP50."""
    found = coco_family(tool, document, results)
    return found["ap"], found["ap50"]


def coco_family(tool, document, results):
    """Let a COCO tool compute AP, AP50, AP75 and AR100."""
    with contextlib.redirect_stdout(io.StringIO()):
        if tool == "pycocotools":
            truth = COCO()
            truth.dataset = document
            truth.createIndex()
            run = COCOeval(truth, truth.loadRes(results), "bbox")
        else:
            truth = FasterCoco(document)
            run = COCOeval_faster(truth, truth.loadRes(results), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    places = {"ap": 0, "ap50": 1, "ap75": 2, "ar100": 8}
    return {name: float(run.stats[place]) for name, place in places.items()}
