from __future__ import annotations

import time

import numpy as np
import pytest

from decant.contract.decode import QuadGridRule
from decant.contract.decode.quad_grid import decode, envelopes
from decant.contract.decode.suppression import suppress
from decant.errors import DataError

RULE = QuadGridRule(strides=(8, 16), score_threshold=0.1, nms_iou=0.5, max_detections=20)
HEIGHT, WIDTH = 64, 96


def blank(batch=1, labels=1):
    """Outputs in which no cell fires."""
    outputs = {}
    for stride in RULE.strides:
        grid = (HEIGHT // stride, WIDTH // stride)
        outputs[f"scores_s{stride}"] = np.full((batch, labels, *grid), -9.0, np.float32)
        outputs[f"corners_s{stride}"] = np.zeros((batch, 8, *grid), np.float32)
    return outputs


def encode(outputs, quad, *, stride, cell, logit, image=0, label=0):
    """Write one quad into a cell, as the model is trained to."""
    row, column = cell
    centre = (np.asarray([column, row]) + 0.5) * stride
    outputs[f"scores_s{stride}"][image, label, row, column] = logit
    offsets = (np.asarray(quad) - centre) / stride
    outputs[f"corners_s{stride}"][image, :, row, column] = offsets.reshape(8)


def brute_force(boxes, labels, iou, limit):
    """Greedy suppression by the definition, one pair at a time."""
    kept = []
    for i, (a, label) in enumerate(zip(boxes, labels, strict=True)):
        clear = True
        for j in kept:
            b = boxes[j]
            width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
            height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
            area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
            union = area - width * height
            if label == labels[j] and width * height > iou * union:
                clear = False
        if clear and len(kept) < limit:
            kept.append(i)
    return kept


def test_decoding_inverts_encoding():
    outputs = blank()
    tilted = [[10.0, 12.0], [40.0, 4.0], [43.0, 14.0], [13.0, 22.0]]
    level = [[50.0, 30.0], [90.0, 30.0], [90.0, 60.0], [50.0, 60.0]]
    encode(outputs, tilted, stride=8, cell=(1, 3), logit=2.0)
    encode(outputs, level, stride=16, cell=(2, 4), logit=1.0)
    (found,) = decode(outputs, RULE)
    # Pixels to float32 offsets and back.
    np.testing.assert_allclose(found.quads, [tilted, level], atol=1e-4)
    np.testing.assert_allclose(found.boxes, [[10, 4, 43, 22], [50, 30, 90, 60]], atol=1e-4)
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp([-2.0, -1.0])), rtol=1e-6)
    assert found.labels.tolist() == [0, 0]


def test_images_of_a_batch_are_kept_apart():
    outputs = blank(batch=3)
    quad = [[8.0, 8.0], [30.0, 8.0], [30.0, 20.0], [8.0, 20.0]]
    encode(outputs, quad, stride=8, cell=(1, 2), logit=3.0, image=2)
    assert [len(found.scores) for found in decode(outputs, RULE)] == [0, 0, 1]


def test_threshold_counts_the_sigmoid():
    outputs = blank()
    quad = [[8.0, 8.0], [30.0, 8.0], [30.0, 20.0], [8.0, 20.0]]
    limit = np.log(RULE.score_threshold / (1 - RULE.score_threshold))
    encode(outputs, quad, stride=8, cell=(1, 2), logit=limit - 0.01)
    assert len(decode(outputs, RULE)[0].scores) == 0
    encode(outputs, quad, stride=8, cell=(1, 2), logit=limit + 0.01)
    assert len(decode(outputs, RULE)[0].scores) == 1


def test_labels_do_not_suppress_each_other():
    outputs = blank(labels=2)
    quad = [[8.0, 8.0], [30.0, 8.0], [30.0, 20.0], [8.0, 20.0]]
    for label in (0, 1):
        encode(outputs, quad, stride=8, cell=(1, 2), logit=3.0 - label, label=label)
    (found,) = decode(outputs, RULE)
    assert found.labels.tolist() == [0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_suppression_matches_brute_force(seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 60, (80, 2))
    boxes = np.concatenate((corner, corner + rng.uniform(5, 40, (80, 2))), 1).astype(np.float32)
    labels = rng.integers(0, 2, 80)
    expected = brute_force(boxes.tolist(), labels.tolist(), 0.4, 30)
    assert len(expected) < 60
    assert suppress(boxes, labels, 0.4, 30).tolist() == expected


def test_at_most_the_allowed_count_is_kept():
    outputs = blank()
    for column in range(12):
        for row in range(8):
            low = np.asarray([column, row]) * 8.0
            quad = low + np.asarray([[0, 0], [8, 0], [8, 8], [0, 8]])
            encode(outputs, quad, stride=8, cell=(row, column), logit=column + row / 10)
    (found,) = decode(outputs, RULE)
    assert len(found.scores) == RULE.max_detections
    assert (np.diff(found.scores) <= 0).all()


def test_envelope_holds_every_corner():
    quads = np.random.default_rng(0).normal(size=(9, 4, 2)).astype(np.float32)
    boxes = envelopes(quads)
    assert (quads >= boxes[:, None, :2]).all()
    assert (quads <= boxes[:, None, 2:]).all()


def test_missing_output_is_named():
    outputs = blank()
    del outputs["corners_s16"]
    with pytest.raises(DataError, match=r"no output 'corners_s16' for stride 16"):
        decode(outputs, RULE)


def test_channels_last_is_refused():
    outputs = {name: value.transpose(0, 2, 3, 1) for name, value in blank().items()}
    with pytest.raises(DataError, match="channels first"):
        decode(outputs, RULE)


def test_a_page_takes_milliseconds():
    """About 2 ms on an idle core; the limit leaves room for a busy machine."""
    rng = np.random.default_rng(0)
    rule = QuadGridRule(strides=(8, 16, 32))
    outputs = {}
    for stride in rule.strides:
        grid = (320 // stride, 320 // stride)
        outputs[f"scores_s{stride}"] = rng.normal(-5, 1.5, (1, 1, *grid)).astype(np.float32)
        outputs[f"corners_s{stride}"] = rng.normal(0, 2, (1, 8, *grid)).astype(np.float32)
    decode(outputs, rule)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        decode(outputs, rule)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02
