"""Maps of scores become a label for every pixel of the photo, and masks are judged."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from detection_cases import no_image
from pydantic import ValidationError
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from decant.contract.decode import SegmentationRule
from decant.contract.decode.maps import view
from decant.contract.decode.segmentation import UNSEEN, label_mask
from decant.contract.images import place
from decant.contract.rules import ImageRule
from decant.errors import DataError
from decant.samples import Sample
from decant.tasks import make_task
from decant.tasks.segmentation import SegmentationSection

LABELS = ("ground", "road", "tree", "sky")
RULE = ImageRule(
    height=32,
    width=48,
    colour="rgb",
    mean=(0.0,) * 3,
    std=(1.0,) * 3,
    resize="stretch",
    padding=114,
    shrink="area",
)
MULTI, BINARY = SegmentationRule(), SegmentationRule(activation="sigmoid", threshold=0.7)


def task(**keys):
    return make_task(
        SegmentationSection.model_validate({"kind": "segmentation", "labels": LABELS, **keys})
    )


TASK = task()


def placed(resize, size):
    return place(size, RULE.model_copy(update={"resize": resize}))


def data_set(seed=0, count=7, ignored=None, size=(20, 30)):
    """Masks with neighbouring pixels alike, and answers that are right two times of three."""
    random = np.random.default_rng(seed)
    truths, answers = [], []
    for _ in range(count):
        labels = random.choice(4, 3, replace=False)
        truth = np.repeat(labels[random.integers(0, 3, (size[0], size[1] // 5))], 5, 1)
        answer = np.where(random.random(size) < 0.67, truth, random.integers(0, 4, size))
        if ignored is not None:
            truth = np.where(random.random(size) < 0.2, ignored, truth)
        truths.append(truth.astype(np.int32))
        answers.append(answer.astype(np.int16))
    samples = [Sample(str(i), each, frozenset(), no_image) for i, each in enumerate(truths)]
    return samples, answers


class TestMaps:
    def test_a_stretched_map_is_resized_as_opencv_does(self):
        plane = np.random.default_rng(0).normal(size=(8, 12)).astype(np.float32)
        found = view((8, 12), placed("stretch", (133, 71))).sample(plane)
        wanted = cv2.resize(plane, (133, 71), interpolation=cv2.INTER_LINEAR)
        # OpenCV computes its weights in float32.
        np.testing.assert_allclose(found, wanted, atol=1e-5)

    def test_the_border_of_a_letterbox_is_cut_away(self):
        # 96×32 on 48×32 leaves the lower half of the tensor to the border.
        plane = np.random.default_rng(1).normal(size=(8, 12)).astype(np.float32)
        found = view((8, 12), placed("letterbox", (96, 32))).sample(plane)
        wanted = cv2.resize(plane[:4], (96, 32), interpolation=cv2.INTER_LINEAR)
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        plane[4:] = 1e6
        np.testing.assert_array_equal(
            view((8, 12), placed("letterbox", (96, 32))).sample(plane), found
        )

    def test_a_crop_sees_the_middle(self):
        through = view((8, 12), placed("crop", (96, 32)))
        assert through.seen == (slice(0, 32), slice(24, 72))
        plane = np.random.default_rng(2).normal(size=(8, 12)).astype(np.float32)
        wanted = cv2.resize(plane, (48, 32), interpolation=cv2.INTER_LINEAR)
        np.testing.assert_allclose(through.sample(plane)[through.seen], wanted, atol=1e-5)

    def test_a_map_without_a_photo_stays_as_it_is(self):
        plane = np.random.default_rng(3).normal(size=(5, 7)).astype(np.float32)
        np.testing.assert_array_equal(view((5, 7), None).sample(plane), plane)


class TestRule:
    def test_the_largest_value_wins_at_every_pixel_of_the_photo(self):
        maps = np.random.default_rng(0).normal(size=(4, 8, 12)).astype(np.float32)
        where = placed("stretch", (60, 40))
        found = label_mask(maps, MULTI, where)
        resized = [cv2.resize(each, (60, 40), interpolation=cv2.INTER_LINEAR) for each in maps]
        assert found.shape == (40, 60)
        # Where two values nearly agree the last bits decide.
        assert (found == np.argmax(resized, 0)).mean() > 0.999

    def test_of_equal_values_the_lower_index_wins(self):
        maps = np.zeros((4, 2, 3), np.float32)
        maps[2:] = 1
        assert (label_mask(maps, MULTI, None) == 2).all()

    @pytest.mark.parametrize(
        ("activation", "value"),
        [("sigmoid", float(np.log(0.7 / 0.3))), ("none", 0.7)],
        ids=["logits", "probabilities"],
    )
    def test_one_map_is_of_the_second_label_from_the_threshold(self, activation, value):
        rule = SegmentationRule(activation=activation, threshold=0.7)
        maps = np.array([[[value - 1e-4, value + 1e-4]]], np.float32)
        assert label_mask(maps, rule, None).tolist() == [[0, 1]]

    def test_what_a_crop_cuts_away_has_no_label(self):
        mask = label_mask(np.ones((1, 8, 12), np.float32), BINARY, placed("crop", (96, 32)))
        assert (mask[:, 24:72] == 1).all()
        assert (mask[:, :24] == UNSEEN).all()

    def test_an_answer_names_the_labels_by_their_share(self):
        maps = np.zeros((1, 4, 8, 12), np.float32)
        maps[0, 3, :2] = maps[0, 1, 2:] = 1
        found = MULTI.answer({"scores": maps}, LABELS, placed("stretch", (12, 8)))
        assert [each.label for each in found] == ["road", "sky"]
        assert [each.score for each in found] == pytest.approx([0.75, 0.25])

    @pytest.mark.parametrize(
        ("shapes", "labels", "rule", "message"),
        [
            ({"a": (1, 4, 8, 8), "b": (1,)}, 4, MULTI, r"one output, this model has \['a', 'b'\]"),
            ({"a": (1, 3, 8, 8)}, 4, MULTI, r"'a' \[1, 3, 8, 8\] holds no map for each of 4"),
            ({"a": (1, 8, 8, 4)}, 4, MULTI, "return scores, channels first"),
            ({"a": (1, 8, 8)}, 2, BINARY, r"nor \[N, 1, h, w\]"),
            ({"a": (1, 1, 8, 8)}, 2, MULTI, "one map, of which softmax makes 1 everywhere"),
            ({"a": (1, 2, 8, 8)}, 2, BINARY, 'leave task.decode.activation = "sigmoid" out'),
        ],
        ids=["two", "labels", "channels last", "argmax inside", "softmax", "sigmoid"],
    )
    def test_other_outputs_are_refused(self, shapes, labels, rule, message):
        with pytest.raises(DataError, match=message):
            task(labels=LABELS[:labels], decode=rule.model_dump()).check_outputs(shapes)

    def test_free_sizes_are_taken(self):
        TASK.check_outputs({"a": (None, 4, None, None)})


class TestTruth:
    @pytest.mark.parametrize(
        ("mask", "message"),
        [
            (np.zeros((3, 4, 3), np.uint8), r"the mask is \[3, 4, 3\]; give one label per pixel"),
            (np.zeros((0, 4), np.uint8), r"the mask is \[0, 4\]"),
            (np.full((3, 4), np.nan), "the mask holds NaN; give task.ignore_label"),
            (np.zeros((3, 4)), "the mask holds float64; give whole numbers"),
            (np.array([[0, 0], [0, 4]]), r"is 4 at x = 1, y = 1 \(1 such pixels\).*are 0 to 3"),
            (np.array([[-1, 0]]), "is -1 at x = 0, y = 0"),
        ],
        ids=["colours", "empty", "nan", "fractions", "above", "below"],
    )
    def test_what_is_no_mask_is_refused(self, mask, message):
        with pytest.raises(ValueError, match=message):
            TASK.read_truth({"mask": mask})

    def test_pixels_to_ignore_are_taken(self):
        mask = np.array([[0, 255], [3, 1]], np.uint8)
        assert task(ignore_label=255).read_truth({"mask": mask}).tolist() == mask.tolist()

    def test_a_mask_of_another_size_than_the_photo_is_refused(self):
        with pytest.raises(DataError, match=r"a mask is 4×3 pixels, its photo 6×5"):
            TASK.judge(np.zeros((5, 6), np.int16), np.zeros((3, 4), np.int32))

    def test_masks_with_nothing_to_judge_are_refused(self):
        ignoring = task(ignore_label=9)
        sample = Sample("a", np.full((3, 4), 9, np.int32), frozenset(), no_image)
        with pytest.raises(DataError, match="none of the 1 masks has a pixel to be judged"):
            ignoring.evidence([np.zeros((3, 4), np.int16)], [sample])

    def test_one_of_two_labels_is_not_ignored(self):
        with pytest.raises(ValidationError, match="ignore_label = 1 is one of two labels"):
            task(labels=LABELS[:2], ignore_label=1)


class TestMetrics:
    @pytest.mark.parametrize("ignored", [None, 255, 2], ids=["all", "void", "a label"])
    def test_figures_are_those_of_torchmetrics(self, ignored):
        samples, answers = data_set(ignored=ignored)
        judging = task(ignore_label=ignored)
        found = judging.figures(judging.evidence(answers, samples))
        truth = torch.from_numpy(np.stack([sample.truth for sample in samples])).long()
        named = torch.from_numpy(np.stack(answers)).long()
        iou = MulticlassJaccardIndex(4, ignore_index=ignored)(named, truth)
        share = MulticlassAccuracy(4, average="micro", ignore_index=ignored)(named, truth)
        # torchmetrics divides in float32.
        assert found["miou"][0] == pytest.approx(float(iou), abs=1e-6)
        assert found["pixel_accuracy"][0] == pytest.approx(float(share), abs=1e-6)

    def test_a_resample_is_judged_as_the_samples_drawn(self):
        samples, answers = data_set(1)
        evidence = TASK.evidence(answers, samples)
        weights = np.random.default_rng(0).multinomial(7, np.full(7, 1 / 7), 20)
        found = TASK.figures(evidence, weights)
        for row, drawn in enumerate(weights):
            picked = np.repeat(np.arange(7), drawn)
            again = TASK.evidence([answers[i] for i in picked], [samples[i] for i in picked])
            for name, value in TASK.figures(again).items():
                assert found[name][row] == value[0]

    def test_a_resample_of_nothing_is_not_defined(self):
        samples, answers = data_set(1, 2)
        found = TASK.figures(TASK.evidence(answers, samples), np.zeros((1, 2), np.int64))
        assert all(np.isnan(value[0]) for value in found.values())

    def test_a_label_that_nobody_sees_does_not_count(self):
        sample = Sample("a", np.array([[0, 1]], np.int32), frozenset(), no_image)
        evidence = TASK.evidence([np.array([[0, 1]], np.int16)], [sample])
        assert TASK.figures(evidence)["miou"][0] == 1
        np.testing.assert_array_equal(TASK.per_label(evidence)["iou"], [1, 1, np.nan, np.nan])

    def test_each_sample_is_graded_by_its_own_mean(self):
        samples, answers = data_set(2, 3)
        grades = TASK.per_sample(TASK.evidence(answers, samples))
        for grade, sample, answer in zip(grades, samples, answers, strict=True):
            alone = TASK.figures(TASK.evidence([answer], [sample]))["miou"][0]
            assert grade == alone

    def test_labels_have_iou_recall_and_precision_in_pixels(self):
        truth, answer = np.array([[0, 0, 1, 1, 1, 2]]), np.array([[0, 1, 1, 1, 2, 2]])
        sample = Sample("a", truth.astype(np.int32), frozenset(), no_image)
        evidence = TASK.evidence([answer.astype(np.int16)], [sample])
        found = TASK.per_label(evidence)
        np.testing.assert_allclose(found["iou"][:3], [1 / 2, 2 / 4, 1 / 2])
        np.testing.assert_allclose(found["recall"][:3], [1 / 2, 2 / 3, 1])
        np.testing.assert_allclose(found["precision"][:3], [1, 2 / 3, 1 / 2])
        assert TASK.label_counts(evidence).tolist() == [2, 3, 1, 0]
        assert TASK.confusion(evidence)[1].tolist() == [0, 2, 1, 0]

    def test_what_a_crop_cuts_away_is_not_judged(self):
        truth = np.zeros((32, 96), np.int32)
        truth[:, :24] = 3
        mask = label_mask(np.zeros((4, 8, 12), np.float32), MULTI, placed("crop", (96, 32)))
        sample = Sample("a", truth, frozenset(), no_image)
        assert TASK.figures(TASK.evidence([mask], [sample]))["miou"][0] == 1


def test_two_masks_that_differ_in_a_pixel_have_different_bytes():
    one, other = np.zeros((3, 4), np.int32), np.zeros((3, 4), np.int32)
    other[2, 3] = 1
    assert TASK.truth_bytes(one) != TASK.truth_bytes(other)


def test_every_label_but_the_first_is_drawn_in_its_colour():
    marks = TASK.draw_truth(np.array([[0, 1], [3, 3]], np.int32))
    assert [mark.label for mark in marks] == ["road", "sky"]
    assert len({mark.colour for mark in marks}) == 2
    assert all(mark.drawn and mark.mask for mark in marks)
