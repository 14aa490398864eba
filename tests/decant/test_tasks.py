"""Outputs become predictions on the photo, and predictions become evidence."""

from __future__ import annotations

import numpy as np
import pytest
from detection_cases import coco_ap, coco_document, coco_results, corners, data_set, no_image

from decant.contract.decode import Detections, QuadGridRule
from decant.contract.images import Placement
from decant.errors import DataError
from decant.samples import QuadTruth, Sample
from decant.tasks import Evidence, make_task
from decant.tasks.classification import ClassificationSection
from decant.tasks.quad_detection import QuadDetectionSection

QUADS = make_task(
    QuadDetectionSection(
        kind="quad_detection", labels=("a", "b"), decode=QuadGridRule(strides=(8,))
    )
)
LABELS = tuple("abcdefg")
CLASSES = make_task(ClassificationSection(kind="classification", labels=LABELS))
PLACED = Placement(scale=(0.5, 0.25), offset=(-3.0, 0.0), size=(40, 80))


def classified(truths, tags=()):
    return [Sample(str(i), truth, frozenset(tags), no_image) for i, truth in enumerate(truths)]


def test_detections_come_back_in_pixels_of_the_photo():
    scores = np.full((1, 2, 2, 3), -9, np.float32)
    scores[0, 1, 1, 2] = 2
    corners = np.zeros((1, 8, 2, 3), np.float32)
    corners[0, :, 1, 2] = [-1, -0.5, 1, -0.5, 1, 0.5, -1, 0.5]
    (found,) = QUADS.predict({"scores_s8": scores, "corners_s8": corners}, [PLACED])
    # The cell's centre is (20, 12) in the tensor, the quad 16 by 8 there.
    expected = [[30, 32], [62, 32], [62, 64], [30, 64]]
    np.testing.assert_allclose(found.quads[0], expected, atol=1e-5)
    np.testing.assert_allclose(found.boxes[0], [30, 32, 62, 64], atol=1e-5)
    assert found.labels.tolist() == [1]


OUTPUTS = {"scores_s8": (1, 2, 4, 6), "corners_s8": (1, 8, 4, 6)}


def test_outputs_of_a_grid_are_taken():
    QUADS.check_outputs(OUTPUTS, (32, 48))
    QUADS.check_outputs({name: (None, *shape[1:]) for name, shape in OUTPUTS.items()}, (32, 48))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scores_s8": (1, 3, 4, 6)}, r"'scores_s8' \[1, 3, 4, 6\] does not fit 2 labels"),
        ({"scores_s8": (1, 2, 6, 4)}, r"input of \[32, 48\], which need \[N, 2, 4, 6\]"),
        ({"corners_s8": (1, 4, 4, 6)}, r"'corners_s8' .* which need \[N, 8, 4, 6\]"),
        ({"scores_s8": (1, 4, 6)}, r"'scores_s8' \[1, 4, 6\] does not fit"),
    ],
    ids=["labels", "transposed", "corners", "axes"],
)
def test_outputs_of_another_grid_are_refused(changed, message):
    with pytest.raises(DataError, match=message):
        QUADS.check_outputs(OUTPUTS | changed, (32, 48))


def test_missing_output_is_named():
    with pytest.raises(DataError, match="no output 'corners_s8' for stride 8 of the decode rule"):
        QUADS.check_outputs({"scores_s8": (1, 2, 4, 6)}, (32, 48))


def test_evidence_survives_its_file(tmp_path):
    samples, predictions = data_set(1, labels=2, crowd_share=0.2)
    evidence = QUADS.evidence(predictions, samples)
    evidence.save(tmp_path / "evidence.npz")
    loaded = Evidence.load(tmp_path / "evidence.npz")
    assert loaded.ids == evidence.ids
    assert loaded.tags.keys() == {"all"}
    assert QUADS.figures(loaded) == QUADS.figures(evidence)
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "evidence.npz").read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param(b"", "not an evidence file", id="empty"),
        pytest.param(b"PK\x03\x04 and no more", "not an evidence file", id="truncated"),
        pytest.param("array", "not an evidence file", id="plain array"),
        pytest.param("other", "not an evidence file", id="other npz"),
    ],
)
def test_what_is_no_evidence_is_refused(tmp_path, content, message):
    path = tmp_path / "evidence.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        with path.open("wb") as file:
            np.save(file, np.ones(3)) if content == "array" else np.savez(file, x=np.ones(3))
    with pytest.raises(DataError, match=rf"evidence\.npz: {message}.*run the bench again"):
        Evidence.load(path)


def test_each_image_is_graded_by_its_own_ap():
    samples, predictions = data_set(2, images=12, labels=2)
    grades = QUADS.per_sample(QUADS.evidence(predictions, samples))
    graded = 0
    for sample, found, grade in zip(samples, predictions, grades, strict=True):
        if not len(sample.truth.boxes):
            assert grade == pytest.approx(1 - found.scores.max(initial=0))
        elif len(found.boxes):
            document, order = coco_document([sample], 2)
            ap, _ = coco_ap("faster-coco-eval", document, coco_results([found], order))
            assert grade == pytest.approx(ap, abs=1e-6)
            graded += 1
    assert graded > 5


def test_detections_over_a_hundred_do_not_count():
    samples, _ = data_set(2, images=1, truths=1)
    truth = samples[0].truth
    many = np.repeat(np.array([[0, 0, 1, 1]], np.float32), 100, 0)
    for place, expected in [(99, True), (100, False)]:
        boxes = np.insert(many, place, truth.boxes[0], 0).astype(np.float32)
        scores = np.linspace(1, 0.1, 101, dtype=np.float32)
        labels = np.full(101, truth.labels[0])
        quads = np.insert(np.repeat(truth.quads[:1] * 0, 100, 0), place, truth.quads[0], 0)
        found = Detections(boxes, quads.astype(np.float32), scores, labels)
        ap = QUADS.figures(QUADS.evidence([found], samples))["ap50"][0]
        assert bool(ap > 0) is expected


class TestClassification:
    def test_shares_of_first_and_of_the_best_five(self):
        scores = np.array([[7, 6, 5, 4, 3, 2, 1]] * 4, np.float32)
        evidence = CLASSES.evidence(list(scores), classified([0, 1, 4, 5]))
        metrics = CLASSES.figures(evidence)
        assert {name: float(metrics[name][0]) for name in ("top1", "top5")} == {
            "top1": 0.25,
            "top5": 0.75,
        }
        np.testing.assert_allclose(CLASSES.per_sample(evidence), [1, 1 / 2, 1 / 5, 1 / 6])

    def test_equal_scores_go_to_the_lower_index_as_in_argmax(self):
        rng = np.random.default_rng(0)
        scores = rng.integers(0, 3, (200, 7)).astype(np.float32)
        truths = rng.integers(0, 7, 200)
        metrics = CLASSES.figures(CLASSES.evidence(list(scores), classified(truths)))
        assert metrics["top1"][0] == pytest.approx((scores.argmax(1) == truths).mean())

    def test_a_resample_counts_images_as_often_as_drawn(self):
        scores = np.eye(7, dtype=np.float32)[:3]
        evidence = CLASSES.evidence(list(scores), classified([0, 1, 5]))
        metrics = CLASSES.figures(evidence, np.array([[1, 0, 3], [0, 2, 0], [0, 0, 0]]))
        np.testing.assert_allclose(metrics["top1"], [0.25, 1, np.nan])

    def test_sizes_of_one_after_the_scores_are_taken_off(self):
        scores = np.arange(14, dtype=np.float32).reshape(2, 7, 1, 1)
        found = CLASSES.predict({"scores": scores}, [PLACED] * 2)
        np.testing.assert_array_equal(found, scores[:, :, 0, 0])

    @pytest.mark.parametrize(
        ("outputs", "message"),
        [
            pytest.param({"a": (1, 7), "b": (1, 7)}, r"this model has \['a', 'b'\]", id="two"),
            pytest.param({"a": (1, 9)}, r"'a' \[1, 9\] does not hold 7 scores", id="nine labels"),
            pytest.param({"a": (1, 7, 2)}, r"'a' \[1, 7, 2\] does not hold", id="a map"),
        ],
    )
    def test_other_outputs_are_refused(self, outputs, message):
        arrays = {name: np.zeros(shape, np.float32) for name, shape in outputs.items()}
        with pytest.raises(DataError, match=message):
            CLASSES.predict(arrays, [PLACED])

    def test_top5_needs_six_labels(self):
        section = ClassificationSection(kind="classification", labels=LABELS[:5])
        assert [each.name for each in make_task(section).metrics] == ["top1", "macro_f1"]


def of_label(label, samples, predictions):
    """Keep what is of one label, as a data set of one."""
    kept_samples, kept = [], []
    for sample, found in zip(samples, predictions, strict=True):
        truth, mine = sample.truth, found.labels == label
        theirs = truth.labels == label
        alone = QuadTruth(
            truth.boxes[theirs], truth.quads[theirs], truth.labels[theirs] * 0, truth.crowd[theirs]
        )
        kept_samples.append(Sample(sample.id, alone, sample.tags, no_image))
        kept.append(
            Detections(
                found.boxes[mine], found.quads[mine], found.scores[mine], found.labels[mine] * 0
            )
        )
    return kept_samples, kept


def test_each_label_of_a_detector_is_judged_as_if_alone():
    samples, predictions = data_set(3, labels=2, crowd_share=0.2)
    rule = QuadGridRule(strides=(8,))
    alone = make_task(QuadDetectionSection(kind="quad_detection", labels=("a",), decode=rule))
    evidence = QUADS.evidence(predictions, samples)
    found, counts = QUADS.per_label(evidence), QUADS.label_counts(evidence)
    for label in range(2):
        own_samples, own = of_label(label, samples, predictions)
        expected = alone.figures(alone.evidence(own, own_samples))
        assert {name: found[name][label] for name in expected} == {
            name: each[0] for name, each in expected.items()
        }
        assert counts[label] == sum((~sample.truth.crowd).sum() for sample in own_samples)
    assert found["ap"].mean() == pytest.approx(QUADS.figures(evidence)["ap"][0])


def test_recall_and_precision_are_of_what_an_app_shows():
    """From a score of 0.5, the threshold of QUADS, on; of "b" there is neither object nor box."""
    boxes = np.array([[10, 10, 30, 30], [50, 50, 80, 80], [70, 10, 90, 30]], np.float32)
    truth = QuadTruth(boxes, corners(boxes), np.zeros(3, int), np.zeros(3, bool))
    wild = np.array([[10, 60, 20, 70]], np.float32)
    answers = np.concatenate((boxes[:2], wild))
    scores = np.array([0.5, 0.49, 0.9], np.float32)
    found = Detections(answers, corners(answers), scores, np.zeros(3, int))
    evidence = QUADS.evidence([found], [Sample("0", truth, frozenset(), no_image)])
    judged = QUADS.per_label(evidence)
    assert QUADS.display_threshold == 0.5
    assert judged["recall"][0] == pytest.approx(1 / 3)
    assert judged["precision"][0] == pytest.approx(1 / 2)
    assert all(np.isnan(judged[name][1]) for name in ("ap", "ap50", "recall", "precision"))
    assert QUADS.label_counts(evidence).tolist() == [3, 0]
    assert QUADS.confusion(evidence) is None


def test_confusions_of_a_classifier_are_counted():
    truths, named = [0, 0, 0, 2, 2, 5], [0, 0, 2, 2, 0, 6]
    scores = list(np.eye(7, dtype=np.float32)[named])
    evidence = CLASSES.evidence(scores, classified(truths))
    found = CLASSES.confusion(evidence)
    expected = np.zeros((7, 7), int)
    expected[0, 0], expected[0, 2], expected[2, 2], expected[2, 0], expected[5, 6] = 2, 1, 1, 1, 1
    np.testing.assert_array_equal(found, expected)
    assert CLASSES.label_counts(evidence).tolist() == [3, 0, 2, 0, 0, 1, 0]
    judged = CLASSES.per_label(evidence)
    nan = np.nan
    np.testing.assert_allclose(judged["recall"], [2 / 3, nan, 1 / 2, nan, nan, 0, nan])
    np.testing.assert_allclose(judged["precision"], [2 / 3, nan, 1 / 2, nan, nan, nan, 0])
    assert CLASSES.display_threshold is None


def test_label_named_is_the_one_that_the_rank_is_about():
    """Of equal scores the lower index, in the rank and in the answer."""
    scores = [np.array([0, 1, 1, 0, 0, 0, 0], np.float32)]
    evidence = CLASSES.evidence(scores, classified([2]))
    assert evidence.arrays["ranks"].tolist() == [1]
    assert CLASSES.confusion(evidence)[2, 1] == 1
