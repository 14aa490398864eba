"""Every raw layout of boxes gives the boxes that were put into it, on the photo."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter

from decant.contract.decode import (
    BoxesScoresRule,
    Decode,
    EndToEndRule,
    SsdRule,
    YoloRule,
)
from decant.contract.decode.boxes import to_xyxy
from decant.contract.images import place
from decant.contract.rules import ImageRule
from decant.errors import DataError
from decant.tensors import TensorInfo

HEIGHT, WIDTH = 48, 80
LABELS = ("cup", "fork", "knife")
IMAGE = ImageRule(
    height=HEIGHT,
    width=WIDTH,
    colour="rgb",
    mean=(0.5,) * 3,
    std=(0.5,) * 3,
    resize="letterbox",
    padding=114,
    shrink="area",
)
# A photo of 200×60 becomes 80×24 at the top left.
PLACED = place((200, 60), IMAGE)
BOXES = np.array([[10, 4, 30, 20], [40, 2, 70, 12], [5, 6, 25, 22], [50, 10, 60, 20]], np.float32)
SCORES = np.array([[0.9, 0, 0], [0, 0.7, 0.2], [0, 0, 0.6], [0.01, 0, 0]], np.float32)
ANCHORS = tuple((8.0 + 20 * i, 12.0, 16.0 + i, 12.0) for i in range(4))


def centred(boxes):
    return np.concatenate(((boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]), 1)


def logits(scores):
    kept = np.clip(scores, 1e-6, 1 - 1e-6)
    return np.log(kept / (1 - kept))


def yolo(values_first, objectness, sigmoid):
    scores = SCORES
    parts = [centred(BOXES)]
    if objectness:
        there = np.array([[0.95], [0.8], [0.75], [0.5]], np.float32)
        parts.append(logits(there) if sigmoid else there)
        scores = SCORES / there
    parts.append(logits(scores) if sigmoid else scores)
    values = np.concatenate(parts, 1).astype(np.float32)
    rule = YoloRule(
        order="values_first" if values_first else "boxes_first",
        objectness=objectness,
        score_activation="sigmoid" if sigmoid else "none",
    )
    return rule, {"output0": (values.T if values_first else values)[np.newaxis]}


def two(box_format, unit, activation, background):
    boxes = BOXES / np.tile([WIDTH, HEIGHT], 2) if unit == "fraction" else BOXES
    size = boxes[:, 2:] - boxes[:, :2]
    written = {
        "xyxy": boxes,
        "yxyx": boxes[:, [1, 0, 3, 2]],
        "xywh": np.concatenate((boxes[:, :2], size), 1),
        "cxcywh": centred(boxes),
    }[box_format]
    rule = BoxesScoresRule(
        boxes="where",
        scores="what",
        box_format=box_format,
        box_unit=unit,
        score_activation=activation,
        background=background,
    )
    scores = with_background(background, activation)
    return rule, {"where": written[np.newaxis].astype(np.float32), "what": scores}


def with_background(background, activation):
    scores = SCORES
    if background is not None:
        scores = np.insert(SCORES, background, 1 - SCORES.sum(1), 1)
    if activation == "softmax":
        scores = np.log(np.maximum(scores, 1e-6))
    if activation == "sigmoid":
        scores = logits(scores)
    return scores[np.newaxis].astype(np.float32)


def ssd(unit, order):
    scale = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT]) if unit == "fraction" else np.ones(4)
    anchors, wanted = np.array(ANCHORS) / scale, centred(BOXES) / scale
    variances = (0.1, 0.15, 0.2, 0.25)
    offsets = np.concatenate(
        ((wanted[:, :2] - anchors[:, :2]) / anchors[:, 2:], np.log(wanted[:, 2:] / anchors[:, 2:])),
        1,
    ) / np.array(variances)
    offsets = offsets[:, [1, 0, 3, 2]] if order == "yxhw" else offsets
    rule = SsdRule(
        anchors=tuple(map(tuple, anchors.tolist())),
        variances=variances,
        offset_order=order,
        box_unit=unit,
    )
    boxes = offsets[np.newaxis].astype(np.float32)
    return rule, {"boxes": boxes, "scores": with_background(0, "softmax")}


def end_to_end(first_class):
    label = SCORES.argmax(1)[:, np.newaxis] + first_class
    rows = np.concatenate((BOXES, SCORES.max(1, keepdims=True), label), 1)
    # A row of padding, and one of a class that is no label.
    rows = np.concatenate((rows, np.zeros((1, 6)), [[0, 0, 9, 9, 0.9, 77]]))
    return EndToEndRule(first_class=first_class), {"found": rows[np.newaxis].astype(np.float32)}


LAYOUTS = {
    "yolo, values first": yolo(True, False, False),
    "yolo, values first, logits": yolo(True, False, True),
    "yolo, boxes first, objectness": yolo(False, True, False),
    "yolo, boxes first, objectness, logits": yolo(False, True, True),
    "boxes and scores, xyxy": two("xyxy", "pixels", "none", None),
    "boxes and scores, yxyx": two("yxyx", "fraction", "sigmoid", None),
    "boxes and scores, xywh": two("xywh", "pixels", "none", 2),
    "boxes and scores, cxcywh, background last": two("cxcywh", "fraction", "softmax", 3),
    "ssd, pixels": ssd("pixels", "xywh"),
    "ssd, fractions, TensorFlow's order": ssd("fraction", "yxhw"),
    "end to end": end_to_end(0),
    "end to end, classes from 1": end_to_end(1),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_boxes_come_back_in_pixels_of_the_photo(name):
    rule, outputs = LAYOUTS[name]
    both = {key: np.concatenate((array, array)) for key, array in outputs.items()}
    images = rule.decode(both, len(LABELS), [PLACED, None])
    # The second box has a second label but for end to end, which names one each.
    second = [] if name.startswith("end") else [(1, 2, 0.2)]
    expected = [(0, 0, 0.9), (1, 1, 0.7), (2, 2, 0.6), *second]
    for found, stretch in zip(images, (2.5, None), strict=True):
        assert found.labels.tolist() == [label for _, label, _ in expected]
        np.testing.assert_allclose(found.scores, [score for *_, score in expected], atol=1e-5)
        boxes = BOXES[[box for box, *_ in expected]]
        if stretch is None and rule.box_unit == "fraction":
            boxes = boxes / np.tile([WIDTH, HEIGHT], 2)
        # Single precision, through a logarithm for SSD.
        np.testing.assert_allclose(found.boxes, boxes * (stretch or 1), atol=1e-3)


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_sidecar_tells_the_rule_whole(name):
    """Read back from its JSON, it answers the same; a box is told by its four corners."""
    rule, outputs = LAYOUTS[name]
    again = TypeAdapter(Decode).validate_json(rule.model_dump_json())
    assert again == rule
    infos = [TensorInfo(name=k, shape=v.shape, dtype="float32") for k, v in outputs.items()]
    again.check_tensors(infos, LABELS)
    best, *_ = again.answer(outputs, LABELS, PLACED)
    assert best.label == "cup"
    corners = [(25, 10), (75, 10), (75, 50), (25, 50)]
    np.testing.assert_allclose(best.quad, corners, atol=1e-3)
    assert len(best.quad) == rule.corners


def decoded(boxes, scores, **keys):
    rule = BoxesScoresRule(**keys)
    outputs = {"boxes": np.float32([boxes]), "scores": np.float32([scores])}
    (found,) = rule.decode(outputs, np.shape(scores)[1], [None])
    return found


CLOSE = [[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]]


def test_a_box_that_overlaps_a_better_one_of_its_label_is_dropped():
    scores = [[0.9, 0], [0.8, 0], [0.7, 0]]
    assert decoded(CLOSE, scores).scores.tolist() == pytest.approx([0.9, 0.7])
    assert len(decoded(CLOSE, scores, nms_iou=0.95).scores) == 3
    assert len(decoded(CLOSE, scores, nms_iou=1.0).scores) == 3


def test_labels_are_rivals_unless_class_wise():
    scores = [[0.9, 0], [0, 0.8], [0.7, 0]]
    assert decoded(CLOSE, scores).labels.tolist() == [0, 1, 0]
    assert decoded(CLOSE, scores, class_wise=False).labels.tolist() == [0, 0]


def test_a_box_may_be_held_to_its_best_label():
    scores = [[0.6, 0.9], [0, 0], [0.3, 0.2]]
    assert decoded(CLOSE, scores).scores.tolist() == pytest.approx([0.9, 0.6, 0.3, 0.2])
    best = decoded(CLOSE, scores, multi_label=False)
    assert best.scores.tolist() == pytest.approx([0.9, 0.3])
    assert best.labels.tolist() == [1, 0]


def test_scores_counts_and_candidates_have_limits():
    scores = [[0.9], [0.05], [0.7]]
    assert len(decoded(CLOSE, scores, score_threshold=0.05).scores) == 2
    assert len(decoded(CLOSE, scores, max_detections=1).scores) == 1
    assert len(decoded(CLOSE, scores, max_candidates=1).scores) == 1


def test_boxes_are_cut_at_the_edges_of_the_photo():
    rule = BoxesScoresRule()
    outputs = {
        "boxes": np.float32([[[-5, -9, 200, 30]]]),
        "scores": np.float32([[[0.9, 0, 0]]]),
    }
    (found,) = rule.decode(outputs, 3, [PLACED])
    np.testing.assert_allclose(found.boxes, [[0, 0, 200, 60]])


def test_a_box_that_is_no_number_is_no_answer():
    found = decoded([[np.nan, 0, 1, 1], [0, 0, np.inf, 1], [0, 0, 1, 1]], [[0.9], [0.8], [0.7]])
    assert found.scores.tolist() == pytest.approx([0.7])


def test_a_wild_offset_stays_finite():
    """As in torchvision, a side grows to 62.5 times its anchor's at most."""
    rule = SsdRule(anchors=((10.0, 10.0, 2.0, 2.0),))
    outputs = {"boxes": np.float32([[[0, 0, 900, 900]]]), "scores": np.float32([[[0, 9]]])}
    (found,) = rule.decode(outputs, 1, [None])
    np.testing.assert_allclose(found.boxes, [[-52.5, -52.5, 72.5, 72.5]], rtol=1e-5)


@pytest.mark.parametrize("given", ["xyxy", "yxyx", "xywh", "cxcywh"])
def test_no_format_changes_what_it_was_given(given):
    boxes = np.float32([[1, 2, 3, 5]])
    kept = boxes.copy()
    to_xyxy(boxes, given)
    np.testing.assert_array_equal(boxes, kept)


PLAIN = SsdRule(anchors=ANCHORS)
REFUSED = {
    "yolo of another count": (
        YoloRule(),
        {"output0": (1, 9, 40)},
        r'"values_first" reads \[N, 7, places\], a box and 3 scores for .* is \[1, 9, 40\]',
    ),
    "yolo turned": (YoloRule(), {"o": (1, 40, 7)}, r'; is order = "boxes_first" meant\?'),
    "yolo with objectness": (
        YoloRule(order="boxes_first", objectness=True),
        {"o": (1, 40, 7)},
        r"reads \[N, places, 8\], a box, objectness and 3 scores",
    ),
    "several outputs": (
        YoloRule(),
        {"a": (1, 7, 40), "b": (1, 7, 20)},
        r"decode.output: missing, but the model has \['a', 'b'\]; name one",
    ),
    "another name": (YoloRule(output="c"), {"a": (1, 7, 4)}, 'no output is called "c", only'),
    "rows of seven": (EndToEndRule(), {"o": (1, 300, 7)}, r"end_to_end reads \[N, rows, 6\]"),
    "no boxes": (BoxesScoresRule(), {"scores": (1, 4, 3)}, 'no output is called "boxes"'),
    "another count of scores": (
        BoxesScoresRule(),
        {"boxes": (1, 4, 4), "scores": (1, 4, 5)},
        r"boxes \[1, 4, 4\] and scores \[1, 4, 5\] do not hold .* each of 3 labels",
    ),
    "other places": (
        BoxesScoresRule(),
        {"boxes": (1, 4, 4), "scores": (1, 5, 3)},
        r"decode.scores: .*scores \[1, 5, 3\] do not hold",
    ),
    "no background": (PLAIN, {"boxes": (1, 4, 4), "scores": (1, 4, 3)}, "3 labels and the backgr"),
    "background beyond the classes": (
        BoxesScoresRule(background=4),
        {"boxes": (1, 4, 4), "scores": (1, 4, 4)},
        "decode.background: 4 is none of 4 classes",
    ),
    "another count of anchors": (
        PLAIN,
        {"boxes": (1, 6, 4), "scores": (1, 6, 4)},
        r"decode.anchors: has 4, but boxes is \[1, 6, 4\]",
    ),
    "anchors in a file": (
        SsdRule(anchors="a.npy"),
        {"boxes": (1, 4, 4), "scores": (1, 4, 4)},
        'decode.anchors: "a.npy" names a file',
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_outputs_that_do_not_fit_are_refused(name):
    rule, shapes, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        rule.check_shapes(shapes, 3)
    arrays = {key: np.zeros(shape, np.float32) for key, shape in shapes.items()}
    with pytest.raises(DataError, match=message):
        rule.decode(arrays, 3, [None])


def test_free_sizes_fit():
    YoloRule().check_shapes({"o": (None, 7, None)}, 3)
    PLAIN.check_shapes({"boxes": (None, None, 4), "scores": (None, 4, 4)}, 3)


def test_thresholds_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match=r"display_threshold = 0.1 is below score_threshold = 0.2"):
        YoloRule(score_threshold=0.2, display_threshold=0.1)


def test_anchors_are_read_from_their_file(tmp_path):
    np.save(tmp_path / "anchors.npy", np.float32(ANCHORS))
    opened = SsdRule(anchors="anchors.npy").opened(tmp_path)
    assert opened == PLAIN
    assert PLAIN.opened(tmp_path) is PLAIN


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, r'task.decode.anchors = "a.npy": no such file', id="missing"),
        pytest.param(b"cx,cy,w,h", r"a.npy is no .npy file of numbers", id="text"),
        pytest.param(np.zeros((3, 5)), r"holds \[3, 5\], not \[anchors, 4\]", id="five columns"),
        pytest.param(np.zeros((0, 4)), r"holds \[0, 4\], not", id="none"),
        pytest.param(np.array([["1", "2", "3", "4"]]), r"holds \[1, 4\], not", id="texts"),
        pytest.param(np.full((2, 4), np.nan), "a number that is not finite", id="nan"),
    ],
)
def test_what_holds_no_anchors_is_refused(tmp_path, content, message):
    if isinstance(content, bytes):
        (tmp_path / "a.npy").write_bytes(content)
    elif content is not None:
        np.save(tmp_path / "a.npy", content)
    with pytest.raises(DataError, match=message):
        SsdRule(anchors="a.npy").opened(tmp_path)
