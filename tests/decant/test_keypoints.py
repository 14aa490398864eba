"""Coordinates and heat maps become points on the photo, and these are judged."""

from __future__ import annotations

import contextlib
import io
import json

import cv2
import numpy as np
import pytest
from detection_cases import no_image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from pydantic import ValidationError

from decant.contract.images import Placement
from decant.datasets import open_dataset
from decant.datasets.coco import CocoSource
from decant.errors import DataError
from decant.samples import Sample
from decant.tasks import make_task
from decant.tasks.keypoints import KeypointsSection, Points

LABELS = ("nose", "left eye", "right eye")
SIGMAS = (0.026, 0.025, 0.035)
# The tensor is 40 wide and 20 high, the photo twice as large, moved by four pixels.
PLACED = Placement(scale=(0.5, 0.5), offset=(-2.0, 0.0), size=(88, 40), tensor=(40, 20))


def task(**keys):
    return make_task(
        KeypointsSection.model_validate({"kind": "keypoints", "labels": LABELS, **keys})
    )


TASK, SIMILAR = task(), task(sigmas=SIGMAS)


def data_set(seed=0, count=40):
    """Triangles of several sizes, answers that are off by up to a third of them."""
    random = np.random.default_rng(seed)
    samples, answers = [], []
    for index in range(count):
        size = random.uniform(20, 120)
        places = random.uniform(0, size, (3, 2)) + 10
        seen = random.random(3) < 0.8 if index % 5 else np.zeros(3, bool)
        off = random.normal(0, random.choice((0.01, 0.05, 0.2)), (3, 2)) * size
        truth = TASK.read_truth({"points": places, "visible": seen, "area": size**2 / 2})
        samples.append(Sample(str(index), truth, frozenset(), no_image))
        answers.append(Points(places + off, random.random(3)))
    return samples, answers


class TestReading:
    @pytest.mark.parametrize(
        ("keys", "given"),
        [({}, [18.0, 5.0]), ({"coordinates": "relative"}, [0.45, 0.25])],
        ids=["pixels", "relative"],
    )
    def test_coordinates_come_back_in_pixels_of_the_photo(self, keys, given):
        (found,) = task(**keys).predict({"points": np.full((1, 3, 2), given)}, [PLACED])
        np.testing.assert_allclose(found.places, [[40, 10]] * 3, rtol=1e-6)
        assert (found.scores == 1).all()

    def test_a_third_number_says_how_sure_the_model_is(self):
        values = np.dstack((np.zeros((1, 3, 2)), [[0.1, 0.2, 0.3]]))
        (found,) = TASK.predict({"points": values}, [PLACED])
        assert found.scores.tolist() == [0.1, 0.2, 0.3]

    @pytest.mark.parametrize(
        ("cells", "x", "y"),
        [("centre", (9 + 0.5 + 0.25) * 4, (2 + 0.5) * 4), ("corner", 9.25 * 4, 2 * 4)],
    )
    def test_a_peak_is_moved_towards_its_higher_neighbour(self, cells, x, y):
        maps = np.zeros((1, 3, 5, 12), np.float32)
        maps[0, :, 2, 9] = 1
        maps[0, :, 2, 10] = 0.5
        placement = Placement((1.0, 1.0), (0.0, 0.0), (48, 20), (48, 20))
        (found,) = task(cells=cells).predict({"maps": maps}, [placement])
        np.testing.assert_allclose(found.places, [[x, y]] * 3)
        assert (found.scores == 1).all()

    def test_a_peak_at_the_border_stays(self):
        maps = np.zeros((1, 3, 5, 12), np.float32)
        maps[0, :, 0, 11] = 1
        (found,) = TASK.predict({"maps": maps}, [None])
        np.testing.assert_allclose(found.places, [[11.5, 0.5]] * 3)

    @pytest.mark.parametrize(
        ("shapes", "message"),
        [
            ({"a": (1, 3, 2), "b": (1, 3)}, r"one output, this model has \['a', 'b'\]"),
            ({"a": (1, 4, 2)}, r"'a' \[1, 4, 2\] is neither coordinates, \[N, 3, 2 or 3\]"),
            ({"a": (1, 6)}, r"nor heat maps, \[N, 3, h, w\], of 3 labels"),
            ({"a": (1, 3, 4)}, "is neither coordinates"),
            ({"a": (1, 8, 8, 3)}, "is neither coordinates"),
        ],
        ids=["two", "labels", "flat", "four numbers", "channels last"],
    )
    def test_other_outputs_are_refused(self, shapes, message):
        with pytest.raises(DataError, match=message):
            TASK.check_outputs(shapes)


class TestTruth:
    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"visible": [1, 1, 1]}, "has no points; give the place of each label"),
            ({"points": np.zeros((2, 2))}, r"the points are \[2, 2\]; give x and y of each of 3"),
            ({"points": np.zeros((3, 2)), "visible": [1, 1]}, r"visible is \[2\]; give a number"),
            ({"points": [[0, 0], [1, np.nan], [2, 2]]}, '"left eye" lies at NaN or infinity'),
            ({"points": np.eye(3, 2), "area": -1}, "area = -1.0; give the square pixels"),
            ({"objects": []}, '0 annotations have keypoints; kind = "keypoints" takes photos of'),
            ({"objects": [{"points": np.ones((3, 3))}] * 2}, "2 annotations have keypoints"),
        ],
        ids=["none", "count", "visible", "nan", "area", "no object", "two objects"],
    )
    def test_what_are_no_points_is_refused(self, fields, message):
        with pytest.raises(ValueError, match=message):
            TASK.read_truth(fields)

    def test_of_several_objects_the_one_with_known_points_is_taken(self):
        known = {"points": np.array([[1, 2, 2], [3, 4, 1], [0, 0, 0]]), "area": 7.0}
        unknown = {"points": np.zeros((3, 3)), "area": 9.0}
        truth = TASK.read_truth({"objects": [unknown, {"points": None}, known]})
        assert truth.area == 7
        assert truth.scores.tolist() == [1, 1, 0]
        assert not TASK.read_truth({"objects": [unknown]}).scores.any()

    def test_a_point_that_nobody_sees_may_lie_anywhere(self):
        truth = TASK.read_truth({"points": [[1, 2, 2], [np.nan, 0, 0], [3, 5, 1]]})
        assert truth.scores.tolist() == [1, 0, 1]
        assert truth.area == 6

    @pytest.mark.parametrize(
        ("keys", "message"),
        [
            ({"sigmas": [0.1]}, "sigmas has 1 numbers for 3 labels"),
            ({"metric": "oks_ap"}, 'metric = "oks_ap" needs sigmas, one for each label'),
            ({"pck_reference": ["nose", "ear"]}, "must be two of labels, whose distance"),
            ({"metric": "ap"}, 'must be "pck" or, of your own'),
        ],
        ids=["sigmas", "oks", "reference", "metric"],
    )
    def test_keys_that_do_not_fit_are_refused(self, keys, message):
        with pytest.raises(ValidationError, match=message):
            task(**keys)


class TestMetrics:
    def test_points_within_a_share_of_the_box_are_right(self):
        truth = TASK.read_truth({"points": [[0, 0], [100, 0], [50, 40]]})
        answer = Points(np.array([[0, 10.0], [100, 10.1], [55, 40]]), np.ones(3))
        evidence = TASK.evidence([answer], [Sample("a", truth, frozenset(), no_image)])
        assert TASK.figures(evidence)["pck"][0] == pytest.approx(2 / 3)
        assert TASK.per_label(evidence)["pck"].tolist() == [1, 0, 1]
        assert TASK.per_sample(evidence)[0] == pytest.approx(1 - (0.1 + 0.101 + 0.05) / 3)

    def test_the_reference_may_be_the_distance_of_two_points(self):
        judging = task(pck_reference=["left eye", "right eye"], pck_threshold=0.5)
        truth = judging.read_truth({"points": [[0, 0], [100, 0], [100, 20]]})
        answer = Points(truth.places + np.array([[9.9, 0], [10.1, 0], [0, 0]]), np.ones(3))
        evidence = judging.evidence([answer], [Sample("a", truth, frozenset(), no_image)])
        assert judging.per_label(evidence)["pck"].tolist() == [1, 0, 1]

    def test_a_photo_without_its_reference_does_not_count(self):
        judging = task(pck_reference=["left eye", "right eye"])
        whole = judging.read_truth({"points": [[0, 0], [100, 0], [100, 20]]})
        half = judging.read_truth({"points": [[0, 0], [9, 0], [1, 2]], "visible": [1, 1, 0]})
        samples = [
            Sample(name, each, frozenset(), no_image)
            for name, each in zip("ab", (whole, half), strict=True)
        ]
        evidence = judging.evidence([Points(whole.places, np.ones(3))] * 2, samples)
        assert judging.label_counts(evidence).tolist() == [1, 1, 1]

    def test_photos_without_points_are_refused(self):
        truth = TASK.read_truth({"points": np.zeros((3, 2)), "visible": [0, 0, 0]})
        sample = Sample("a", truth, frozenset(), no_image)
        with pytest.raises(DataError, match="none of the 1 photos has a point and a size"):
            TASK.evidence([Points(np.zeros((3, 2)), np.ones(3))], [sample])

    def test_similarity_ap_is_that_of_pycocotools(self):
        samples, answers = data_set()
        found = SIMILAR.figures(SIMILAR.evidence(answers, samples))["oks_ap"][0]
        assert found == pytest.approx(coco_ap(samples, answers), abs=1e-9)

    def test_a_resample_is_judged_as_the_samples_drawn(self):
        samples, answers = data_set(1, 12)
        evidence = SIMILAR.evidence(answers, samples)
        weights = np.random.default_rng(0).multinomial(12, np.full(12, 1 / 12), 20)
        found = SIMILAR.figures(evidence, weights)
        for row, drawn in enumerate(weights):
            picked = np.repeat(np.arange(12), drawn)
            again = SIMILAR.evidence([answers[i] for i in picked], [samples[i] for i in picked])
            for name, value in SIMILAR.figures(again).items():
                assert found[name][row] == pytest.approx(value[0], abs=1e-12)


def coco_ap(samples, answers):
    """Let COCO's own code match one answer per photo with its one thing."""
    images = [{"id": i} for i in range(1, len(samples) + 1)]
    truths, results = [], []
    for i, (sample, answer) in enumerate(zip(samples, answers, strict=True), 1):
        seen = sample.truth.scores
        points = np.column_stack((sample.truth.places, 2 * seen)).ravel().tolist()
        truths.append(
            {
                "id": i,
                "image_id": i,
                "category_id": 1,
                "keypoints": points,
                "num_keypoints": int(seen.sum()),
                "area": sample.truth.area,
                "bbox": [1e6, 1e6, 1, 1],
                "iscrowd": 0,
            }
        )
        if not seen.any():
            continue  # COCO calls an answer to nothing wrong where it is far from the box.
        said = np.column_stack((answer.places, np.ones(3))).ravel().tolist()
        results.append(
            {
                "image_id": i,
                "category_id": 1,
                "keypoints": said,
                "score": float(answer.scores.mean()),
            }
        )
    coco = COCO()
    coco.dataset = {"images": images, "annotations": truths, "categories": [{"id": 1}]}
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.array(SIGMAS)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats[0]


@pytest.fixture
def annotated(tmp_path):
    """Write a COCO file of one picture with one person; returns a function that opens it."""
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((30, 40, 3), np.uint8))

    def opened(keypoints=(1, 2, 2, 3, 4, 1, 0, 0, 0), names=LABELS):
        person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9], "area": 50}
        document = {
            "images": [{"id": 1, "file_name": "1.png", "width": 40, "height": 30}],
            "annotations": [{**person, "keypoints": list(keypoints)}],
            "categories": [{"id": 1, "name": "person", "keypoints": list(names)}],
        }
        (tmp_path / "people.json").write_text(json.dumps(document))
        return open_dataset(
            CocoSource(kind="coco", annotations="people.json", images="."), TASK, tmp_path
        )

    return opened


class TestCoco:
    def test_an_annotation_tells_points_and_area(self, annotated):
        truth = annotated()[0].truth
        assert truth.places.tolist() == [[1, 2], [3, 4], [0, 0]]
        assert truth.scores.tolist() == [1, 1, 0]
        assert truth.area == 50

    @pytest.mark.parametrize(
        ("keys", "message"),
        [
            ({"keypoints": (1, 2, 2, 3)}, "keypoints has 4 numbers, not x, y and visibility"),
            ({"keypoints": (1, 2, 2)}, r"the points are \[1, 3\]; give x and y of each of 3"),
            ({"names": ("nose", "ear")}, r"person\" are \['nose', 'ear'\], but task.labels ="),
        ],
        ids=["odd", "count", "names"],
    )
    def test_other_points_than_the_labels_are_refused(self, annotated, keys, message):
        with pytest.raises(DataError, match=message):
            annotated(**keys)


def test_points_that_are_known_are_drawn():
    truth = TASK.read_truth({"points": [[1, 2], [3, 4], [5, 6]], "visible": [1, 0, 1]})
    (mark,) = TASK.draw_truth(truth)
    assert mark.points == ((1, 2), (5, 6))
