"""Kotlin makes of outputs what Python makes of them, rule by rule."""

import json
import random

import numpy as np
import pytest
from decoded_tensors import RULE, Decoded
from mutants import mutant

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
from decant.contract.sidecar import parse_sidecar

LABELS = ("disc", "square", "triangle")
COUNT = 90
# Both compute in float32; the exponential may differ in its last bit.
SCORE_TOLERANCE = 2e-6
CORNER_TOLERANCE_PX = 2e-3


def boxes(rng, unit=1.0):
    """Make [1, COUNT, 4] centres and sizes over a tensor of 80×48, some of them the same."""
    centres = rng.uniform((-4, -4), (84, 52), (COUNT, 2))
    sizes = rng.uniform(4, 40, (COUNT, 2))
    made = np.concatenate((centres, sizes), -1)[np.newaxis].astype(np.float32)
    made[:, COUNT // 2 :] = made[:, : COUNT - COUNT // 2] + rng.integers(0, 3)
    return (made * unit).astype(np.float32)


def logits(rng, count):
    """Make [1, COUNT, count] on a coarse grid, so that many are equal."""
    return (np.round(rng.normal(-1, 2, (1, COUNT, count)) * 4) / 4).astype(np.float32)


def shares(rng, count):
    return (rng.integers(0, 64, (1, COUNT, count)) / 64).astype(np.float32)


def scattered(rng, count):
    return rng.normal(-1, 2, (1, COUNT, count)).astype(np.float32)


def turned(array):
    return np.ascontiguousarray(array.transpose(0, 2, 1))


def yolo(seed=0, **keys):
    rng = np.random.default_rng(seed)
    rule = YoloRule(**keys)
    unit = np.float32([1 / 80, 1 / 48, 1 / 80, 1 / 48]) if rule.box_unit == "fraction" else 1.0
    count = len(LABELS) + rule.objectness
    scores = logits(rng, count) if rule.score_activation == "sigmoid" else shares(rng, count)
    values = np.concatenate((boxes(rng, unit), scores), -1)
    values = turned(values) if rule.order == "values_first" else values
    return Decoded(rule, {"found": values}, LABELS)


def apart(rule, seed=1, background=None):
    rng = np.random.default_rng(seed)
    classes = len(LABELS) + (background is not None)
    given = boxes(rng) if not isinstance(rule, SsdRule) else rng.normal(0, 2, (1, COUNT, 4))
    # Softmax of the same logits in another order differs in the last bit, by the order of its sum.
    makers = {"none": shares, "sigmoid": logits, "softmax": scattered}
    scores = makers[rule.score_activation](rng, classes)
    outputs = {"boxes": given.astype(np.float32), "scores": scores, "more": np.zeros((1, 2))}
    return Decoded(rule, outputs, LABELS)


def ssd(**keys):
    rng = np.random.default_rng(5)
    anchors = rng.uniform(0.05, 0.6, (COUNT, 4)).round(3).tolist()
    return SsdRule(anchors=anchors, box_unit="fraction", score_threshold=0.3, **keys)


def end_to_end(**keys):
    rng = np.random.default_rng(2)
    corners = rng.uniform(0, 60, (1, COUNT, 4)).astype(np.float32)
    score = rng.integers(0, 32, (1, COUNT, 1)) / np.float32(32)
    # -1 and 9 are padding, and a quantized class is no whole number.
    named = rng.choice([-1, 0, 1, 2, 3, 9, 1.02, 1.5, 2.5], (1, COUNT, 1))
    rows = np.concatenate((corners, score, named), -1).astype(np.float32)
    return Decoded(EndToEndRule(**keys), {"rows": rows}, LABELS)


def broken_numbers(case):
    """Put numbers that are none among boxes and scores."""
    values = case.outputs["found"].copy()
    values[0, 0, 3], values[0, 1, 5] = np.nan, np.inf
    values[0, 4:6, 7] = np.nan, 0.9
    values[0, 6, 11] = -np.inf
    return case.but(outputs={"found": values})


BOXES = {
    "yolo": yolo(),
    "yolo, fractions": yolo(box_unit="fraction", nms_iou=0.3),
    "yolo, objectness": yolo(
        order="boxes_first", objectness=True, score_activation="sigmoid", score_threshold=0.2
    ),
    "yolo, shares of objectness": yolo(objectness=True),
    "yolo, best label": yolo(3, multi_label=False, score_activation="sigmoid"),
    "yolo, labels held against each other": yolo(4, class_wise=False, nms_iou=0.4),
    "yolo, few candidates": yolo(5, max_candidates=40, max_detections=7),
    "yolo, nothing found": yolo(6, score_threshold=0.995, display_threshold=0.996),
    "yolo, channels last": yolo(7).but(layouts={"found": "nwc"}),
    "yolo, int8": yolo(8).but(steps={"found": 0.5}),
    "yolo, no numbers": broken_numbers(yolo(9)),
    "yolo, best of no numbers": broken_numbers(yolo(9, multi_label=False)),
    "yolo, crop": yolo(10).but(image=RULE.model_copy(update={"resize": "crop"})),
    "yolo, stretch": yolo(11).but(image=RULE.model_copy(update={"resize": "stretch"})),
    "yolo, a photo upright": yolo(12).but(photo=(33, 91)),
    "corners": apart(BoxesScoresRule()),
    "corners, y first": apart(BoxesScoresRule(box_format="yxyx", score_activation="sigmoid")),
    "corner and size": apart(BoxesScoresRule(box_format="xywh", nms_iou=0.45)),
    "centre and size": apart(BoxesScoresRule(box_format="cxcywh")),
    "background in the middle": apart(
        BoxesScoresRule(box_format="cxcywh", score_activation="softmax", background=1), background=1
    ),
    "ssd": apart(ssd(), background=0),
    "ssd as TensorFlow's": apart(
        ssd(offset_order="yxhw", variances=(0.1, 0.2, 0.3, 1.5), score_activation="sigmoid"),
        background=0,
    ),
    "ssd, no background": apart(ssd(background=None, nms_iou=0.9)),
    "end to end": end_to_end(),
    "end to end, classes from 1": end_to_end(first_class=1, nms_iou=0.5),
}


def maps(rule, count=3, seed=20, **changes):
    """Make maps [1, count, 12, 20] in patches, of coarse values, so that many are equal."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(-8, 8, (1, count, 4, 5)) / 4
    if rule.activation == "none":
        coarse = (coarse + 2) / 4
    maps = np.kron(coarse, np.ones((3, 4))).astype(np.float32)
    labels = LABELS[: max(2, count)]
    return Decoded(rule, {"maps": maps}, labels).but(**changes)


def resized(kind):
    return RULE.model_copy(update={"resize": kind})


MASKS = {
    "maps": maps(SegmentationRule()),
    "maps, channels last": maps(SegmentationRule(), layouts={"maps": "nhwc"}),
    "maps, int8": maps(SegmentationRule(activation="none"), steps={"maps": 0.1}),
    "maps, crop": maps(SegmentationRule(), image=resized("crop"), photo=(90, 131)),
    "maps, stretch": maps(SegmentationRule(), image=resized("stretch"), photo=(333, 50)),
    "maps, a small photo": maps(SegmentationRule(), photo=(7, 5)),
    "one map": maps(SegmentationRule(activation="sigmoid", threshold=0.3), count=1),
    "one map of shares": maps(SegmentationRule(activation="none", threshold=0.75), count=1),
    "maps, all of one label": maps(SegmentationRule(), seed=21).but(
        outputs={"maps": np.float32(np.arange(3) == 1)[None, :, None, None] * np.ones((1, 3, 5, 6))}
    ),
}

CHARACTERS = "abcdé"


def reading(rule, places=14, seed=30, **changes):
    rng = np.random.default_rng(seed)
    raw = rng.normal(0, 2, (1, places, rule.classes)).astype(np.float32)
    if rule.score_activation == "none":
        raw = np.exp(raw) / np.exp(raw).sum(-1, keepdims=True)
    raw = raw.transpose(1, 0, 2) if getattr(rule, "order", "") == "time_first" else raw
    return Decoded(rule, {"logits": raw, "spare": np.zeros((1, 3))}).but(**changes)


def spelled(classes, rule, sharpness=4.0):
    """Make logits whose best class at each place is given."""
    raw = np.zeros((1, len(classes), rule.classes), np.float32)
    raw[0, range(len(classes)), classes] = sharpness
    return Decoded(rule, {"logits": raw})


def ctc(**keys):
    return CtcRule(alphabet=CHARACTERS, output="logits", **keys)


TEXTS = {
    "ctc": reading(ctc()),
    "ctc, time first": reading(ctc(order="time_first", blank=-1)),
    "ctc, channels last": reading(ctc(), layouts={"logits": "nwc"}),
    "ctc, int8": reading(ctc(blank=3), steps={"logits": 0.25}),
    "ctc, shares": reading(ctc(score_activation="none")),
    "ctc, sigmoid": reading(ctc(score_activation="sigmoid")),
    "ctc, repeated": spelled([0, 1, 1, 0, 1, 2, 2, 2, 0, 0, 3, 5], ctc()),
    "ctc, nothing": spelled([0] * 6, ctc()),
    "ctc, equals": spelled([1, 2, 3], ctc(blank=-1), sharpness=0.0),
    "ctc, ligatures": reading(CtcRule(alphabet=["a", "ff", "한", "🙂"], output="logits")),
    "beam": reading(ctc(beam_width=4)),
    "beam, time first": reading(ctc(beam_width=8, order="time_first", blank=2), seed=31),
    "beam wider than there are texts": reading(ctc(beam_width=5000), places=3, seed=32),
    "beam, long": reading(ctc(beam_width=3), places=220, seed=33),
    "beam, repeated": spelled([1, 0, 1, 1, 0, 2], ctc(beam_width=3)),
    "beam, nothing": spelled([0] * 6, ctc(beam_width=3)),
    "beam, equals": spelled([1, 2, 3, 1], ctc(beam_width=3), sharpness=0.0),
    # The likeliest text is not the one of the likeliest path.
    "beam against the path": Decoded(
        ctc(beam_width=2, score_activation="none"),
        {"logits": np.float32([[[0.6, 0.4, 0, 0, 0, 0], [0.6, 0.4, 0, 0, 0, 0]]])},
    ),
    "slots": reading(SlotsRule(alphabet=CHARACTERS, output="logits")),
    "slots with a blank": spelled([1, 1, 0, 2, 5], SlotsRule(alphabet=CHARACTERS, blank=0)),
}
FEW = {"yolo, nothing found": 0, "yolo, few candidates": 7}


def kotlins(jvm, folder, cases):
    """Give Kotlin's answers."""
    with jvm.start("dev.decant.host.samples.DecodeTensorsKt") as lines:
        for number, case in enumerate(cases):
            mask = folder / f"{number}.mask"
            lines.ask({**case.write(folder / str(number)), "mask": str(mask)})
            answer = lines.answer()["predictions"]
            yield (answer, np.fromfile(mask, "<i2")) if mask.is_file() else answer
        lines.finish()


@pytest.fixture(scope="module")
def answers(jvm, tmp_path_factory):
    """Answer all cases at once: a JVM takes longer to start than to decode them."""
    found = kotlins(jvm, tmp_path_factory.mktemp("decoders"), CASES.values())
    return dict(zip(CASES, found, strict=True))


CASES = BOXES | MASKS | TEXTS

MUTANTS = 40


def spoiled(case, source):
    """Give sidecars whose decode rule was changed at one place, and what was done where."""
    document = case.sidecar(case.infos())
    for _ in range(MUTANTS):
        change = ("cut", "")
        while change[0] == "cut":
            text, change = mutant({"decode": document["decode"]}, source)
        yield json.dumps({**document, **json.loads(text)}), change


def pythons_refusal(text):
    try:
        parse_sidecar(json.loads(text))
    except ValueError as error:
        return str(error)
    return None


def test_both_refuse_the_same_rules(jvm, say):
    source = random.Random(7)
    mutants = [each for case in CASES.values() for each in spoiled(case, source)]
    unlike, refused = [], 0
    with jvm.start("dev.decant.host.samples.ReadSidecarsKt") as lines:
        for text, change in mutants:
            lines.ask(text)
            kotlin, python = lines.answer().get("message"), pythons_refusal(text)
            # Of a kind that is not known no more is read.
            unknown = change[1] == "decode.kind" and isinstance(json.loads(text)["decode"], dict)
            if (kotlin is None) != (python is None) and not (unknown and kotlin is None):
                unlike.append((change, kotlin, python))
            if kotlin is not None:
                refused += 1
                assert kotlin.startswith("model.json: decode"), (change, kotlin)
        lines.finish()
    say(f"decode rules: {len(mutants)} spoiled, {refused} refused by Kotlin and by Python")
    assert unlike == []
    assert refused > len(mutants) / 2


@pytest.mark.parametrize("name", BOXES)
def test_boxes_are_pythons(answers, name):
    found, expected = answers[name], BOXES[name].expected()
    assert [each["label"] for each in found] == [each.label for each in expected]
    assert len(found) == FEW.get(name, len(found))
    assert len(found) >= FEW.get(name, 12)
    scores = [each.score for each in expected]
    np.testing.assert_allclose([each["score"] for each in found], scores, atol=SCORE_TOLERANCE)
    quads = np.array([each.quad for each in expected]).reshape(-1, 4, 2)
    kotlin = np.array([each["quad"] for each in found]).reshape(-1, 4, 2)
    np.testing.assert_allclose(kotlin, quads, atol=CORNER_TOLERANCE_PX)


@pytest.mark.parametrize("name", MASKS)
def test_masks_are_pythons(answers, name):
    case = MASKS[name]
    found, mask = answers[name]
    (maps,) = (each for each in case.real().values())
    where = place(case.photo, case.image)
    np.testing.assert_array_equal(mask, label_mask(maps[0], case.rule, where).ravel())
    expected = case.expected()
    assert [each["label"] for each in found] == [each.label for each in expected]
    shares = [each.score for each in expected]
    np.testing.assert_allclose([each["score"] for each in found], shares, atol=1e-6)
    assert len(found) == (1 if "all of one" in name else len(case.labels))


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_pythons(answers, name):
    (found,), (expected,) = answers[name], TEXTS[name].expected()
    assert found["label"] == expected.label
    assert found["score"] == pytest.approx(expected.score, abs=1e-6)
    assert (found["label"] == "") == ("nothing" in name)


def test_a_beam_may_read_what_the_best_path_does_not(answers):
    case = TEXTS["beam against the path"]
    path = case.but(rule=case.rule.model_copy(update={"beam_width": 1})).expected()
    assert (path[0].label, answers["beam against the path"][0]["label"]) == ("", "a")
