"""The page's decode rules, run in Node: of the same tensors they make what Python makes."""

import base64

import numpy as np
import pytest
from node import decode_case, in_node

from decant.contract.decode import (
    BoxesScoresRule,
    CtcRule,
    EndToEndRule,
    SegmentationRule,
    SlotsRule,
    SsdRule,
    YoloRule,
)
from decant.contract.decode.segmentation import label_mask
from decant.contract.images import place
from decant.contract.predictor import predictions
from decant.contract.rules import ImageRule

HEIGHT, WIDTH = 48, 80
RESIZES = ("letterbox", "crop", "stretch")
# NumPy's exponential in float32 is within 3 of the last of 24 bits; a sum or a mean adds one.
RELATIVE = 4e-7


def placed(rng, resize):
    """Put a photo of random size into the tensor."""
    rule = ImageRule(
        height=HEIGHT,
        width=WIDTH,
        colour="rgb",
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        resize=resize,
        padding=114,
        shrink="area",
    )
    return place(tuple(rng.integers(20, 300, 2).tolist()), rule)


def thresholds(rng):
    """Draw what all rules of boxes have in common."""
    return {
        "multi_label": bool(rng.integers(2)),
        "class_wise": bool(rng.integers(2)),
        "score_threshold": float(rng.uniform(0.02, 0.5)),
        "display_threshold": 0.6,
        "nms_iou": float(rng.choice([0.3, 0.6, 1])),
        "max_candidates": int(rng.integers(1, 90)),
        "max_detections": int(rng.integers(1, 60)),
    }


def corners(rng, count, unit):
    """Draw boxes that overlap; some reach beyond the tensor, and few are no numbers."""
    start, side = rng.integers(-10, 60, (count, 2)), rng.integers(0, 40, (count, 2))
    boxes = np.concatenate((start, start + side), 1).astype(np.float32)
    boxes[rng.random(count) < 0.03, int(rng.integers(4))] = np.nan
    return boxes / np.float32(WIDTH) if unit == "fraction" else boxes


def levels(rng, shape, activation):
    """Draw scores or logits, many of them equal, as an int8 file's are."""
    if activation == "none":
        return (rng.integers(0, 20, shape) / 20).astype(np.float32)
    logits = np.round(rng.normal(-1.5, 2, shape) * 2) / 2
    if activation == "softmax":
        # What two rows have in another order is added up in another, and may differ by a bit: only
        # whole rows are equal.
        logits += rng.uniform(0, 0.1, shape)
        logits[..., 1::2, :] = logits[..., : shape[-2] // 2, :]
    return logits.astype(np.float32)


def centred(boxes):
    return np.concatenate(((boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]), 1)


def yolo(rng, count, labels):
    unit = str(rng.choice(["pixels", "fraction"]))
    activation = str(rng.choice(["none", "sigmoid"]))
    objectness = bool(rng.integers(2))
    order = str(rng.choice(["values_first", "boxes_first"]))
    scores = levels(rng, (count, labels + objectness), activation)
    values = np.concatenate((centred(corners(rng, count, unit)), scores), 1)[np.newaxis]
    rule = YoloRule(
        box_unit=unit,
        order=order,
        objectness=objectness,
        score_activation=activation,
        **thresholds(rng),
    )
    return rule, {"out": values.transpose(0, 2, 1) if order == "values_first" else values}


def end_to_end(rng, count, labels):
    first = int(rng.integers(0, 3))
    label = rng.integers(first - 1, first + labels + 1, (count, 1)) + rng.uniform(-0.4, 0.4)
    rows = np.concatenate(
        (corners(rng, count, "pixels"), levels(rng, (count, 1), "none"), label), 1
    )
    rule = EndToEndRule(first_class=first, **thresholds(rng))
    return rule, {"out": rows[np.newaxis].astype(np.float32)}


def two(rng, count, labels):
    """Draw the keys and the scores of rules of two outputs."""
    background = (None, 0, labels)[rng.integers(3)]
    activation = str(rng.choice(["none", "sigmoid", "softmax"]))
    scores = levels(rng, (1, count, labels + (background is not None)), activation)
    keys = {
        "box_unit": str(rng.choice(["pixels", "fraction"])),
        "background": background,
        "score_activation": activation,
        **thresholds(rng),
    }
    return keys, scores


def boxes_scores(rng, count, labels):
    keys, scores = two(rng, count, labels)
    box_format = str(rng.choice(["xyxy", "yxyx", "xywh", "cxcywh"]))
    boxes = corners(rng, count, keys["box_unit"])
    if box_format in ("xywh", "cxcywh"):
        boxes[:, 2:] -= boxes[:, :2]
    rule = BoxesScoresRule(box_format=box_format, **keys)
    return rule, {"boxes": boxes[np.newaxis], "scores": scores}


def ssd(rng, count, labels):
    keys, scores = two(rng, count, labels)
    anchors = centred(np.nan_to_num(corners(rng, count, keys["box_unit"]))).astype(np.float64)
    rule = SsdRule(
        anchors=tuple(map(tuple, anchors.tolist())),
        variances=tuple(rng.uniform(0.05, 0.3, 4).tolist()),
        offset_order=str(rng.choice(["xywh", "yxhw"])),
        **keys,
    )
    # Some stretch an anchor further than it may be.
    offsets = rng.normal(0, 1, (1, count, 4)) * rng.choice([1, 40], (1, count, 1), p=[0.9, 0.1])
    return rule, {"boxes": offsets.astype(np.float32), "scores": scores}


def ask_both(cases):
    """Decode in Python and in Node; gives the predictions of each, case by case."""
    python = [
        predictions(outputs, rule, tuple(labels), placement)
        for rule, outputs, labels, placement, _ in cases
    ]
    node = in_node(
        [
            decode_case(outputs, rule, labels, placement, layout)
            for rule, outputs, labels, placement, layout in cases
        ]
    )
    return python, node


@pytest.mark.parametrize(
    "draw", [yolo, end_to_end, boxes_scores, ssd], ids=lambda each: each.__name__
)
def test_boxes_are_those_of_python(draw):
    rng = np.random.default_rng(len(draw.__name__))
    cases = []
    for index in range(90):
        labels = [f"label {i}" for i in range(int(rng.integers(1, 5)))]
        # Of few places, nothing may be found.
        rule, outputs = draw(rng, int(rng.integers(1, 80 if index % 4 else 3)), len(labels))
        placement = placed(rng, RESIZES[index % 3])
        cases.append((rule, outputs, labels, placement, ("keep", "nwc")[index % 2]))
    python, node = ask_both(cases)
    assert sum(map(len, python)) > 400
    assert any(len(each) == 0 for each in python)
    for expected, answer in zip(python, node, strict=True):
        found = answer["predictions"]
        assert [each.label for each in expected] == [each["label"] for each in found]
        scores = [each.score for each in expected]
        np.testing.assert_allclose([each["score"] for each in found], scores, rtol=RELATIVE)
        quads = np.reshape([each.quad for each in expected], (-1, 8))
        # An exponential stretches anchors, to 2,500 pixels of the tensor; else no bit differs.
        apart = 2500 * 300 / HEIGHT * RELATIVE if draw is ssd else 0
        theirs = np.reshape([each["quad"] for each in found], (-1, 8))
        np.testing.assert_allclose(theirs, quads, rtol=0, atol=apart)


def test_masks_are_those_of_python():
    rng = np.random.default_rng(3)
    cases, masks = [], []
    for index in range(45):
        count = (1, 2, 3, 5)[index % 4]
        labels = [f"label {i}" for i in range(max(2, count))]
        activation = ("sigmoid", "none")[index % 8 // 4] if count == 1 else "softmax"
        rule = SegmentationRule(activation=activation, threshold=float(rng.uniform(0.2, 0.8)))
        cells = rng.integers(1, 40, 2)
        maps = np.round(rng.normal(0, 1, (1, count, *cells)) * 2).astype(np.float32) / 2
        placement = placed(rng, RESIZES[index % 3])
        cases.append((rule, {"maps": maps}, labels, placement, ("keep", "nhwc")[index % 2]))
        masks.append(label_mask(maps[0], rule, placement))
    python, node = ask_both(cases)
    assert any((mask == -1).any() for mask in masks)
    for expected, mask, answer in zip(python, masks, node, strict=True):
        pixels = np.frombuffer(base64.b64decode(answer["mask"]), np.int16)
        np.testing.assert_array_equal(pixels.reshape(mask.shape), mask)
        found = [(each["label"], each["score"], each["quad"]) for each in answer["predictions"]]
        assert found == [(each.label, each.score, []) for each in expected]


def texts(rng, activation, alphabet, blank, shape):
    """Draw scores of characters with one ahead at most places, some of them twice in a row."""
    places, classes = shape
    ahead = np.repeat(rng.integers(0, classes, places), rng.integers(1, 4, places))[:places]
    ahead[rng.random(places) < 0.3] = (blank or 0) % classes
    scores = rng.random((places, classes))
    if activation == "none":
        # Of equal ones the first counts; and few places are undecided.
        scores = np.round(scores * 4) / 4
    scores[np.arange(places), ahead] += 1.5
    return scores.astype(np.float32)


@pytest.mark.parametrize("kind", ["greedy", "beam", "slots"])
def test_texts_are_those_of_python(kind):
    rng = np.random.default_rng(len(kind))
    cases = []
    for index in range(60):
        alphabet = (tuple("abc"), ("가", "나", "da", " ", "𝄞"))[index % 2]
        order = ("batch_first", "time_first")[index // 2 % 2]
        blank = (0, -1, 2, len(alphabet))[index % 4]
        activation = ("none", "softmax", "sigmoid")[index % 3]
        keys = {"alphabet": alphabet, "score_activation": activation}
        if kind == "slots":
            blank = (None, blank)[index // 3 % 2]
            rule, order = SlotsRule(blank=blank, **keys), "batch_first"
        else:
            width = 1 if kind == "greedy" else int(rng.integers(2, 9))
            rule = CtcRule(blank=blank, order=order, beam_width=width, **keys)
        shape = (int(rng.integers(1, 30)), rule.classes)
        scores = texts(rng, activation, alphabet, blank, shape)[np.newaxis]
        outputs = {"y": scores if order == "batch_first" else scores.transpose(1, 0, 2)}
        layout = ("keep", "nwc")[index % 5 == 0]
        cases.append((rule, outputs, [], placed(rng, "stretch"), layout))
    python, node = ask_both(cases)
    assert len({each.label for (each,) in python}) > 40
    for (expected,), answer in zip(python, node, strict=True):
        (found,) = answer["predictions"]
        assert (found["label"], found["quad"]) == (expected.label, [])
        assert found["score"] == pytest.approx(expected.score, rel=RELATIVE)


def test_blanks_alone_are_no_text():
    scores = np.zeros((1, 6, 4), np.float32)
    scores[..., 0] = 5
    rule = CtcRule(alphabet="abc")
    placement = placed(np.random.default_rng(0), "stretch")
    ((expected,),), (answer,) = ask_both([(rule, {"y": scores}, [], placement, "keep")])
    assert expected.label == answer["predictions"][0]["label"] == ""


def test_the_beam_reads_what_no_best_path_does():
    """Graves 2006: the blank leads at both places, but "a" in three ways is likelier."""
    rows = np.float32([[[0.6, 0.4], [0.6, 0.4]]])
    placement = placed(np.random.default_rng(0), "stretch")
    cases = [
        (
            CtcRule(alphabet="a", score_activation="none", beam_width=width),
            {"y": rows},
            [],
            placement,
            "keep",
        )
        for width in (1, 5)
    ]
    _, node = ask_both(cases)
    assert [answer["predictions"][0]["label"] for answer in node] == ["", "a"]
