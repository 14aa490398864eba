"""Intervals cover the truth as often as they say, and drops are told from noise."""

from __future__ import annotations

import time

import numpy as np
import pytest
from detection_cases import corners, data_set, no_image, shaken

from decant.bench.stats import compare
from decant.contract.decode import Detections, QuadGridRule
from decant.errors import DataError
from decant.samples import QuadTruth, Sample
from decant.tasks.classification import Classification
from decant.tasks.quad_detection import QuadDetection
from decant.tasks.regression import Regression

NAMES = Classification(("cat", "dog"))
QUADS = QuadDetection(("formula",), QuadGridRule(strides=(8,)))


def paired_drop(task, before, after, **settings):
    """Give the drop of each metric alone."""
    return compare(task, before, {"after": after}, **settings)["after"].drop


def judged(right, tags=None):
    """Make a classifier's evidence from whether it is right on each image."""
    tags = tags or [frozenset()] * len(right)
    samples = [Sample(str(i), 0, tag, no_image) for i, tag in enumerate(tags)]
    scores = [np.array([1, 0] if good else [0, 1], np.float32) for good in right]
    return NAMES.evidence(scores, samples)


def outcomes(rng, count):
    """Draw two models' rights: 90 % and 86 %, agreeing on most images; the true drop is 0.04."""
    before = rng.random(count) < 0.9
    after = np.where(before, rng.random(count) < 0.94, rng.random(count) < 0.14)
    return before, after


def test_intervals_cover_the_true_drop_and_accuracy_19_times_in_20():
    rng = np.random.default_rng(0)
    runs, covered = 250, np.zeros(2)
    for run in range(runs):
        before, after = outcomes(rng, 300)
        found = compare(NAMES, judged(before), {"int8": judged(after)}, resamples=300, seed=run)[
            "int8"
        ]
        drop, accuracy = found.drop["top1"], found.accuracy["top1"]
        covered += [drop.low <= 0.04 <= drop.high, accuracy.low <= 0.86 <= accuracy.high]
    # Three standard errors of a share of 0.95 over 250 runs are 0.041.
    assert all(0.909 < share < 0.99 for share in covered / runs)


def test_a_clear_drop_excludes_zero_and_an_equal_model_does_not():
    rng = np.random.default_rng(1)
    right = rng.random(800) < 0.9
    worse = right & (rng.random(800) < 0.95)
    flipped = right ^ (rng.random(800) < 0.02)
    found = compare(
        NAMES,
        judged(right),
        {"worse": judged(worse), "noise": judged(flipped), "same": judged(right)},
    )
    drops = {name: each.drop["top1"] for name, each in found.items()}
    assert drops["worse"].value == pytest.approx((right & ~worse).mean())
    assert 0 < drops["worse"].low < drops["worse"].value < drops["worse"].high
    assert drops["noise"].low < 0.02
    assert (drops["same"].value, drops["same"].low, drops["same"].high) == (0, 0, 0)


def test_a_gain_is_a_negative_drop():
    before, after = judged([True, False] * 50), judged([True] * 100)
    drop = paired_drop(NAMES, before, after)["top1"]
    assert drop.value == -0.5
    assert drop.high < 0


def test_pairing_narrows_the_interval():
    before, after = outcomes(np.random.default_rng(2), 1000)
    shuffled = np.random.default_rng(3).permutation(after)
    widths = [
        drop.high - drop.low
        for drop in (
            paired_drop(NAMES, judged(before), judged(a))["top1"] for a in (after, shuffled)
        )
    ]
    assert widths[0] < 0.8 * widths[1]


def test_slices_are_judged_by_themselves():
    rng = np.random.default_rng(4)
    small = rng.random(600) < 0.2
    tags = [frozenset({"small", "odd"} if each else {"large"}) for each in small]
    right = rng.random(600) < 0.9
    after = right & ~(small & (rng.random(600) < 0.3))
    found = compare(NAMES, judged(right, tags), {"int8": judged(after, tags)})["int8"]
    assert found.slices.keys() == {"small", "odd", "large"}
    assert found.slices["small"].count == small.sum()
    assert found.slices["small"].accuracy["top1"].value == pytest.approx(after[small].mean())
    assert found.slices["small"].drop["top1"].low > 0
    assert found.slices["large"].drop["top1"].high == 0
    widths = {tag: (e := s.accuracy["top1"]).high - e.low for tag, s in found.slices.items()}
    assert widths["small"] > 1.5 * widths["large"]


def test_the_same_seed_gives_the_same_interval():
    before, after = (judged(each) for each in outcomes(np.random.default_rng(5), 997))
    once, again, other = (
        paired_drop(NAMES, before, after, resamples=60, seed=seed) for seed in (7, 7, 8)
    )
    assert once == again != other


def test_an_undefined_metric_is_left_out_of_its_slice():
    samples, predictions = data_set(5, truths=2)
    tagged = [
        Sample(s.id, s.truth, frozenset({"blank"} if not len(s.truth.boxes) else {"full"}), s.load)
        for s in samples
    ]
    evidence = QUADS.evidence(predictions, tagged)
    found = compare(QUADS, evidence, {"same": evidence}, resamples=50)["same"]
    assert found.slices["blank"].count > 0
    assert found.slices["blank"].accuracy == found.slices["blank"].drop == {}
    assert found.slices["full"].accuracy.keys() == {"ap", "ap50", "quad_ap50"}


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        pytest.param(["0", "1"], r'3 and 2, "2" is in one only', id="fewer"),
        pytest.param(["0", "1", "x"], r'3 and 3, "2" is in one only', id="another"),
        pytest.param(["1", "0", "2"], "in another order", id="order"),
    ],
)
def test_other_images_are_refused(ids, message):
    samples = [Sample(name, 0, frozenset(), no_image) for name in ids]
    other = NAMES.evidence([np.array([1, 0], np.float32)] * len(ids), samples)
    with pytest.raises(DataError, match=message):
        compare(NAMES, judged([True] * 3), {"other": other})


def crowded_pages(images):
    """Make pages with about 30 detections each, from a good and a slightly worse model."""
    rng = np.random.default_rng(6)
    samples, models = [], ([], [])
    for index in range(images):
        corner = rng.uniform(0, 500, (rng.integers(2, 8), 2))
        boxes = np.concatenate((corner, corner + rng.uniform(20, 120, corner.shape)), 1)
        count, quads = len(boxes), corners(boxes)
        truth = QuadTruth(boxes, quads, np.zeros(count, int), np.zeros(count, bool))
        samples.append(Sample(f"{index:04}", truth, frozenset(), no_image))
        wild = corners(np.tile([0.0, 0, 30, 20], (25, 1))) + rng.uniform(0, 500, (25, 1, 2))
        for found, amount in zip(models, (3, 4), strict=True):
            moved, envelope = shaken(np.concatenate((quads, wild)), rng, amount)
            scores = np.concatenate((rng.beta(5, 2, count), rng.beta(1, 6, 25)))
            labels = np.zeros(len(moved), int)
            found.append(Detections(envelope, moved, scores.astype(np.float32), labels))
    return samples, models


def test_a_thousand_resamples_of_a_detector_take_seconds():
    samples, models = crowded_pages(800)
    before, after = (QUADS.evidence(found, samples) for found in models)
    start = time.process_time()
    drop = paired_drop(QUADS, before, after)
    # About 1 s on a 2.5 GHz core; two full evaluations per resample would take an hour.
    assert time.process_time() - start < 10
    assert len(before.arrays["scores"]) > 20_000
    assert all(drop[name].low > 0 for name in ("ap", "quad_ap50"))


def test_a_metric_that_overflows_in_one_model_has_neither_figure_nor_drop():
    task, truths = Regression(), np.arange(5.0)[:, np.newaxis]
    samples = [Sample(str(i), truth, frozenset(), no_image) for i, truth in enumerate(truths)]
    before = task.evidence(list(truths), samples)
    after = task.evidence([*truths[:4], np.array([np.inf])], samples)
    found = compare(task, before, {"float16": after})["float16"]
    assert found.accuracy == found.drop == {}
