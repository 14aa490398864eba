"""Average precision equals COCO's, on the data and on any resample of it."""

from __future__ import annotations

import numpy as np
import pytest
from detection_cases import coco_ap, coco_document, coco_results, data_set

from decant.contract.decode import QuadGridRule
from decant.errors import DataError
from decant.tasks.quad_detection import QuadDetection

TOLERANCE = 1e-6
"""COCO adds 2e-16 to a denominator; nothing else differs."""


def task(labels):
    return QuadDetection(tuple(f"label {k}" for k in range(labels)), QuadGridRule(strides=(8,)))


@pytest.mark.parametrize("tool", ["faster-coco-eval", "pycocotools"])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"labels": 1}, id="one label, tied scores"),
        pytest.param({"labels": 3}, id="three labels"),
        pytest.param({"labels": 2, "crowd_share": 0.3}, id="crowds"),
        pytest.param({"labels": 1, "images": 3, "truths": 90}, id="over 100 detections"),
        pytest.param({"labels": 4, "images": 6, "truths": 1}, id="labels without objects"),
    ],
)
def test_ap_is_cocos(tool, options):
    for seed in range(3):
        samples, predictions = data_set(seed, **options)
        judge = task(options["labels"])
        metrics = judge.figures(judge.evidence(predictions, samples))
        document, order = coco_document(samples, options["labels"])
        ap, ap50 = coco_ap(tool, document, coco_results(predictions, order))
        assert 0 < ap < ap50 < 1
        assert metrics["ap"][0] == pytest.approx(ap, abs=TOLERANCE)
        assert metrics["ap50"][0] == pytest.approx(ap50, abs=TOLERANCE)


@pytest.mark.parametrize("crowd_share", [0.0, 0.3])
def test_a_resample_is_as_good_as_the_images_copied(crowd_share):
    rng = np.random.default_rng(3)
    samples, predictions = data_set(8, images=30, labels=2, crowd_share=crowd_share)
    # Equal scores on different images only: COCO interleaves the copies of equal ones on one.
    for found in predictions:
        found.scores[:] = (rng.permutation(200)[: len(found.scores)] + 1) / 200
    weights = rng.multinomial(30, np.full(30, 1 / 30), size=4)
    judge = task(2)
    metrics = judge.figures(judge.evidence(predictions, samples), weights)
    for b, copies in enumerate(weights):
        document, order = coco_document(samples, 2, copies)
        ap, ap50 = coco_ap("faster-coco-eval", document, coco_results(predictions, order))
        assert metrics["ap"][b] == pytest.approx(ap, abs=TOLERANCE)
        assert metrics["ap50"][b] == pytest.approx(ap50, abs=TOLERANCE)


def test_upright_quads_score_as_their_boxes():
    samples, predictions = data_set(5, labels=2, crowd_share=0.2)
    judge = task(2)
    metrics = judge.figures(judge.evidence(predictions, samples))
    assert metrics["quad_ap50"][0] == pytest.approx(metrics["ap50"][0], abs=1e-12)


def test_no_true_object_among_the_images_drawn_leaves_ap_undefined():
    samples, predictions = data_set(5, truths=1)
    judge = task(1)
    blank = np.array([len(sample.truth.boxes) == 0 for sample in samples])
    assert blank.any()
    metrics = judge.figures(judge.evidence(predictions, samples), blank[np.newaxis].astype(int))
    assert all(np.isnan(values).all() for values in metrics.values())


def test_no_true_object_at_all_is_refused():
    samples, predictions = data_set(5, truths=0)
    with pytest.raises(DataError, match="none of the 40 images has a true object"):
        task(1).evidence(predictions, samples)


def test_nothing_found_scores_zero():
    samples, predictions = data_set(5)
    empty = [type(p)(p.boxes[:0], p.quads[:0], p.scores[:0], p.labels[:0]) for p in predictions]
    judge = task(1)
    metrics = judge.figures(judge.evidence(empty, samples))
    assert {name: float(v[0]) for name, v in metrics.items()} == dict.fromkeys(metrics, 0.0)
