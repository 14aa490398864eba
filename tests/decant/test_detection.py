"""The task `detection`: COCO's figures, on the data and on any resample of it, and its truth."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from detection_cases import coco_document, coco_family, coco_results, data_set

from decant.contract.decode import BoxesScoresRule, FoundBoxes, SsdRule, YoloRule
from decant.datasets import open_dataset
from decant.datasets.coco import CocoSource
from decant.datasets.generated import GeneratedSource
from decant.errors import DataError, SpecError
from decant.provenance.origins import collect
from decant.samples import Sample
from decant.spec import load_spec
from decant.tasks import make_task
from decant.tasks.detection import BoxTruth, Detection, DetectionSection

TOLERANCE = 1e-6
"""COCO adds 2e-16 to a denominator; nothing else differs."""
CUPS = Detection(("cup", "fork"), BoxesScoresRule())


def task(labels):
    return Detection(tuple(f"label {k}" for k in range(labels)), BoxesScoresRule())


@pytest.mark.parametrize("tool", ["faster-coco-eval", "pycocotools"])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"labels": 1}, id="one label, tied scores"),
        pytest.param({"labels": 5}, id="five labels"),
        pytest.param({"labels": 2, "crowd_share": 0.3}, id="crowds"),
        pytest.param({"labels": 1, "images": 3, "truths": 90}, id="over 100 detections"),
        pytest.param({"labels": 4, "images": 15, "truths": 1}, id="labels without objects"),
    ],
)
def test_the_family_is_cocos(tool, options):
    for seed in range(3):
        samples, predictions = data_set(seed, **options)
        judge = task(options["labels"])
        figures = judge.figures(judge.evidence(predictions, samples))
        document, order = coco_document(samples, options["labels"])
        expected = coco_family(tool, document, coco_results(predictions, order))
        assert [each.name for each in judge.metrics] == [*figures] == [*expected]
        assert 0 < expected["ap75"] < expected["ap50"] < 1
        for name, value in expected.items():
            assert figures[name][0] == pytest.approx(value, abs=TOLERANCE), name


def test_a_resample_is_as_good_as_the_images_copied():
    rng = np.random.default_rng(3)
    samples, predictions = data_set(8, images=30, labels=3, crowd_share=0.2)
    # Equal scores on different images only: COCO interleaves the copies of equal ones on one.
    for found in predictions:
        found.scores[:] = (rng.permutation(200)[: len(found.scores)] + 1) / 200
    weights = rng.multinomial(30, np.full(30, 1 / 30), size=4)
    judge = task(3)
    figures = judge.figures(judge.evidence(predictions, samples), weights)
    for b, copies in enumerate(weights):
        document, order = coco_document(samples, 3, copies)
        expected = coco_family("faster-coco-eval", document, coco_results(predictions, order))
        for name, value in expected.items():
            assert figures[name][b] == pytest.approx(value, abs=TOLERANCE), name


def test_the_library_is_asked_about_every_metric():
    samples, predictions = data_set(4, labels=2)
    judge = task(2)
    outcomes = [judge.judge(f, s.truth) for f, s in zip(predictions, samples, strict=True)]
    theirs = judge.library_figures(outcomes)
    ours = judge.figures(judge.gather(outcomes, samples))
    assert {*theirs} == {each.name for each in judge.metrics}
    assert {name: float(v[0]) for name, v in ours.items()} == pytest.approx(theirs, abs=TOLERANCE)


def test_each_label_has_its_recall():
    samples, predictions = data_set(3, labels=2)
    judge = task(2)
    evidence = judge.evidence(predictions, samples)
    each = judge.per_label(evidence)["ar100"]
    assert each.mean() == pytest.approx(judge.figures(evidence)["ar100"][0])
    assert each[0] != each[1]


def test_images_without_objects_are_graded_by_their_false_alarms():
    box = np.float64([[0, 0, 10, 10]])
    none = np.zeros((0, 4))
    truths = [
        BoxTruth(each, np.zeros(len(each), int), np.zeros(len(each), bool)) for each in (box, none)
    ]
    samples = [Sample(str(i), each, frozenset(), lambda: None) for i, each in enumerate(truths)]
    found = FoundBoxes(np.float32(box), np.float32([0.75]), np.zeros(1, int))
    grades = CUPS.per_sample(CUPS.evidence([found, found], samples))
    assert grades.tolist() == [pytest.approx(1), 0.25]


def read(**fields):
    return CUPS.read_truth(fields)


def test_boxes_with_the_names_of_their_labels_are_truth():
    truth = read(boxes=[[1, 2, 3, 5], [0, 0, 9, 9]], labels=["fork", "cup"])
    assert truth.boxes.tolist() == [[1, 2, 3, 5], [0, 0, 9, 9]]
    assert truth.labels.tolist() == [1, 0]
    assert not truth.crowd.any()
    assert truth.quads[0].tolist() == [[1, 2], [3, 2], [3, 5], [1, 5]]


def test_a_photo_may_have_no_object():
    assert read(boxes=[], labels=[]).boxes.shape == (0, 4)
    assert Detection(("cup",), YoloRule()).read_truth({"boxes": []}).labels.shape == (0,)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"labels": ["cup"]}, "labels without boxes", id="no boxes"),
        pytest.param({"boxes": [[0, 0, 1, 1]]}, "boxes without labels.*several", id="no labels"),
        pytest.param(
            {"boxes": [[0, 0, 1, 1]], "labels": ["cup"] * 2}, "1 objects and 2 labels", id="counts"
        ),
        pytest.param(
            {"boxes": [[0, 0, 1, 1]], "labels": ["mug"]}, 'label "mug" is not in', id="stranger"
        ),
        pytest.param({"boxes": [[0, 0, 1]], "labels": ["cup"]}, r"shape \[1, 3\]", id="three"),
        pytest.param({"boxes": "left", "labels": ["cup"]}, r"not \[objects, 4\]", id="text"),
        pytest.param({"boxes": [[0, 0, np.nan, 1]], "labels": ["cup"]}, "nan.* no area", id="nan"),
        pytest.param({"boxes": [[5, 0, 5, 1]], "labels": ["cup"]}, "has no area", id="no width"),
        pytest.param({"boxes": [[0, 9, 5, 1]], "labels": ["cup"]}, "has no area", id="upside down"),
    ],
)
def test_what_is_no_truth_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        read(**fields)


def test_coco_annotations_are_truth(tmp_path):
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "a.png"), np.zeros((40, 60, 3), np.uint8))
    annotation = {"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4], "iscrowd": 1}
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 60, "height": 40}],
        "annotations": [annotation],
        "categories": [{"id": 7, "name": "fork"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(document))
    source = CocoSource(kind="coco", annotations="a.json", images="photos")
    truth = open_dataset(source, CUPS, tmp_path)[0].truth
    assert truth.boxes.tolist() == [[1, 2, 4, 6]]
    assert truth.labels.tolist() == [1]
    assert truth.crowd.tolist() == [True]


def test_truths_have_bytes_of_their_own():
    one, other = (read(boxes=[[0, 0, 9, bottom]], labels=["cup"]) for bottom in (9, 10))
    assert CUPS.truth_bytes(one) != CUPS.truth_bytes(other)


def test_outputs_are_checked_before_anything_runs():
    CUPS.check_outputs({"boxes": (1, 9, 4), "scores": (1, 9, 2)}, (32, 48))
    with pytest.raises(DataError, match=r"task.decode.scores: .* make task.labels, task.decode"):
        CUPS.check_outputs({"boxes": (1, 9, 4), "scores": (1, 9, 3)}, (32, 48))


def test_what_an_app_shows_is_drawn():
    found = FoundBoxes(
        np.float32([[1, 2, 3, 5], [0, 0, 9, 9]]), np.float32([0.5, 0.49]), np.array([1, 0])
    )
    (mark,) = CUPS.draw_prediction(found)
    assert (mark.label, mark.score) == ("fork", 0.5)
    assert mark.polygon == ((1, 2), (3, 2), (3, 5), (1, 5))
    (true,) = CUPS.draw_truth(read(boxes=[[1, 2, 3, 5]], labels=["cup"]))
    assert true.polygon == mark.polygon


SPEC = """
[model]
name = "cups"
factory = "net.py:build"
[input]
shape = [1, 3, 48, 80]
mean = [0, 0, 0]
std = [1, 1, 1]
[task]
kind = "detection"
labels = ["cup", "fork"]
{keys}
[data]
calibration = {{ kind = "generated", factory = "net.py:photos", split = "a", count = 2 }}
validation = {{ kind = "generated", factory = "net.py:photos", split = "b", count = 2 }}
test = {{ kind = "generated", factory = "net.py:photos", split = "c", count = 2 }}
"""


def spec(folder, keys):
    (folder / "model.toml").write_text(SPEC.format(keys=keys))
    return load_spec(folder / "model.toml")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        pytest.param(
            'decode = { kind = "yolov8" }',
            r'decode.kind = "yolov8": must be one of .yolo',
            id="kind",
        ),
        pytest.param("", "task.decode: missing", id="no rule"),
        pytest.param(
            'decode = { kind = "yolo", oder = "values_first" }',
            'task.decode.oder: unknown key; did you mean "order"',
            id="slip",
        ),
        pytest.param(
            'decode = { kind = "yolo" }\nmetric = "map"',
            'must be "ap", "ap50", "ap75", "ar100"',
            id="metric",
        ),
        pytest.param('decode = { kind = "ssd" }', "task.decode.anchors: missing", id="anchors"),
        pytest.param(
            'decode = { kind = "yolo", nms_iou = 45 }', "task.decode.nms_iou = 45", id="percent"
        ),
    ],
)
def test_a_spec_that_cannot_be_used_says_why(tmp_path, keys, message):
    with pytest.raises(SpecError, match=message):
        spec(tmp_path, keys)


def test_anchors_of_a_file_count_as_what_the_model_is_made_from(tmp_path):
    (tmp_path / "net.py").write_text("def build():\n    pass\n\n\ndef photos():\n    pass\n")
    found = spec(tmp_path, 'decode = { kind = "ssd", anchors = "anchors.npy" }')
    digests = []
    for scale in (1, 2):
        np.save(tmp_path / "anchors.npy", scale * np.ones((3, 4)))
        digests.append(collect(found).provenance().files["task.decode.anchors"])
    assert digests[0] != digests[1]
    rule = make_task(found.task, tmp_path).rule
    assert isinstance(rule, SsdRule)
    assert rule.anchors == ((2.0,) * 4,) * 3


def test_a_section_opens_its_task():
    section = DetectionSection(kind="detection", labels=("cup",), decode=YoloRule())
    assert make_task(section) == Detection(("cup",), YoloRule())
    assert section.known_metric().name == "ap"


def test_generated_boxes_are_truth(tmp_path):
    (tmp_path / "made.py").write_text(
        "from types import SimpleNamespace\nimport numpy as np\n\n\n"
        "def photos(split, start, count):\n"
        "    for index in range(start, start + count):\n"
        "        image = np.zeros((48, 80, 3), np.uint8)\n"
        "        yield SimpleNamespace(image=image, boxes=[[index, 2, 20, 9]], labels=['fork'])\n"
    )
    source = GeneratedSource(kind="generated", factory="made.py:photos", split="a", count=3)
    samples = list(open_dataset(source, CUPS, tmp_path))
    assert [each.truth.boxes[0, 0] for each in samples] == [0, 1, 2]
    assert samples[0].truth.labels.tolist() == [1]
