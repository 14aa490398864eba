"""A figure of the report is computed twice, by different code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_cases import corners, data_set

from decant.bench.cross_check import check_figures
from decant.contract.decode import Detections, QuadGridRule
from decant.errors import InternalError
from decant.tasks.classification import Classification
from decant.tasks.quad_detection import QuadDetection


def task(labels):
    return QuadDetection(tuple(map(str, range(labels))), QuadGridRule(strides=(8,)))


def measured(labels, samples, predictions):
    """Give the evidence of predictions, and what it was gathered from."""
    judge = task(labels)
    pairs = zip(predictions, samples, strict=True)
    outcomes = [judge.judge(said, sample.truth) for said, sample in pairs]
    return judge.gather(outcomes, samples), outcomes


@pytest.mark.parametrize(("labels", "crowd"), [(1, 0.0), (3, 0.0), (2, 0.2)])
@pytest.mark.parametrize("seed", range(3))
def test_the_two_agree(labels, crowd, seed):
    samples, predictions = data_set(seed, labels=labels, crowd_share=crowd)
    check_figures(task(labels), *measured(labels, samples, predictions))


def test_a_model_that_finds_nothing_is_no_disagreement():
    samples, _ = data_set(0)
    nothing = Detections(
        np.zeros((0, 4), np.float32),
        np.zeros((0, 4, 2), np.float32),
        np.zeros(0, np.float32),
        np.zeros(0, np.int64),
    )
    check_figures(task(1), *measured(1, samples, [nothing] * len(samples)))


def test_a_figure_that_is_wrong_is_an_error_of_ours():
    samples, predictions = data_set(0)
    evidence, outcomes = measured(1, samples, predictions)
    arrays = dict(evidence.arrays)
    right = np.flatnonzero(arrays["matched"][0])
    arrays["matched"] = arrays["matched"].copy()
    arrays["matched"][0, right[0]] = False
    wrong = replace(evidence, arrays=arrays)
    with pytest.raises(InternalError, match=r"ap(50)? is .* by decant and .* by another library"):
        check_figures(task(1), wrong, outcomes)


def test_the_library_sees_what_the_tasks_see():
    """One object found twice and one missed: precision 1 up to recall 0.5."""
    samples, _ = data_set(0, images=1)
    boxes = np.array([[0.0, 0, 20, 20], [40, 40, 60, 60]])
    quads = corners(boxes)
    truth = replace(samples[0].truth, boxes=boxes, quads=quads, labels=np.zeros(2, np.int64))
    truth = replace(truth, crowd=np.zeros(2, np.bool_))
    twice = boxes[[0, 0]].astype(np.float32)
    found = Detections(
        twice, np.zeros((2, 4, 2), np.float32), np.float32([0.9, 0.8]), np.zeros(2, np.int64)
    )
    outcome = task(1).judge(found, truth)
    assert task(1).library_figures([outcome])["ap50"] == pytest.approx(51 / 101)


def test_a_classifier_has_nothing_to_check():
    check_figures(Classification(("a", "b")), None, [])
