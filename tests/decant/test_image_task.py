"""Pictures that a network gives are held against their targets."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from detection_cases import no_image
from pydantic import ValidationError
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure

from decant.contract.images import place
from decant.contract.rules import ImageRule
from decant.errors import DataError
from decant.metrics.similarity import psnr, ssim
from decant.samples import Sample
from decant.tasks import make_task
from decant.tasks.image import Answer, PictureSection

RULE = ImageRule(
    height=20,
    width=30,
    colour="rgb",
    mean=(0.0,) * 3,
    std=(1.0,) * 3,
    resize="stretch",
    padding=114,
    shrink="area",
)


def task(family="super_resolution", **keys):
    base = {"kind": "image", "family": family, "metric": "absrel" if family == "depth" else "psnr"}
    extra = {"peak": 10.0} if family == "depth" else {}
    return make_task(PictureSection.model_validate(base | extra | keys))


TASK, DEPTH = task(), task("depth", unit="m")


def data_set(task=TASK, seed=0, count=6, channels=3):
    random = np.random.default_rng(seed)
    where = place((30, 20), RULE)
    samples, answers = [], []
    for index in range(count):
        target = random.random((20, 30, channels))
        truth = task.read_truth({"target": target * task.peak})
        samples.append(Sample(str(index), truth, frozenset(), no_image))
        said = target + random.normal(0, 0.02 * (index + 1), target.shape)
        answers.append(Answer((said * task.peak).transpose(2, 0, 1).astype(np.float32), where))
    return samples, answers


def stacked(samples, answers):
    truths = np.stack([sample.truth.transpose(2, 0, 1) for sample in samples])
    return torch.from_numpy(np.stack([each.values for each in answers])), torch.from_numpy(truths)


class TestMetrics:
    @pytest.mark.parametrize("channels", [1, 3], ids=["matte", "colours"])
    def test_figures_are_those_of_torchmetrics(self, channels):
        samples, answers = data_set(channels=channels)
        found = TASK.figures(TASK.evidence(answers, samples))
        said, truth = stacked(samples, answers)
        said = said.clamp(0, 1)
        theirs = PeakSignalNoiseRatio(data_range=1.0, reduction="elementwise_mean", dim=(1, 2, 3))
        # torchmetrics computes in float32.
        assert found["psnr"][0] == pytest.approx(float(theirs(said, truth)), rel=1e-4)
        # Its own mean takes the edge in, where it makes the picture up.
        theirs = StructuralSimilarityIndexMeasure(data_range=1.0, return_full_image=True)
        inside = theirs(said, truth)[1][:, :, 5:-5, 5:-5].mean()
        assert found["ssim"][0] == pytest.approx(float(inside), abs=1e-4)

    def test_depth_is_judged_where_it_is_known(self):
        truth = DEPTH.read_truth({"target": np.array([[2.0, 4.0, 0.0]])})
        said = Answer(np.array([[[1.0, 5.0, 9.0]]], np.float32), None)
        found = DEPTH.figures(DEPTH.evidence([said], [Sample("a", truth, frozenset(), no_image)]))
        assert found["absrel"][0] == pytest.approx((1 / 2 + 1 / 4) / 2)
        assert found["rmse"][0] == pytest.approx(1)

    def test_a_photo_of_which_nothing_is_known_does_not_count(self):
        samples, answers = data_set(DEPTH, channels=1)
        unknown = Sample(
            "x", DEPTH.read_truth({"target": np.zeros((20, 30))}), frozenset(), no_image
        )
        alone = DEPTH.figures(DEPTH.evidence(answers, samples))
        more = DEPTH.figures(DEPTH.evidence([*answers, answers[0]], [*samples, unknown]))
        assert alone == more

    @pytest.mark.parametrize("judging", [TASK, DEPTH], ids=["picture", "depth"])
    def test_a_resample_is_judged_as_the_samples_drawn(self, judging):
        samples, answers = data_set(judging, channels=1)
        evidence = judging.evidence(answers, samples)
        weights = np.random.default_rng(0).multinomial(6, np.full(6, 1 / 6), 20)
        found = judging.figures(evidence, weights)
        for row, drawn in enumerate(weights):
            picked = np.repeat(np.arange(6), drawn)
            again = judging.evidence([answers[i] for i in picked], [samples[i] for i in picked])
            for name, value in judging.figures(again).items():
                assert found[name][row] == pytest.approx(value[0], rel=1e-12)

    def test_equal_pictures_have_a_hundred_decibels(self):
        picture = np.random.default_rng(0).random((20, 30, 3))
        assert psnr(picture, picture, 1.0) == pytest.approx(100)
        assert ssim(picture, picture, 1.0) == pytest.approx(1)

    def test_a_picture_smaller_than_the_window_is_refused(self):
        with pytest.raises(DataError, match=r"a picture of 30×10 is too small for SSIM"):
            ssim(np.zeros((10, 30, 1)), np.zeros((10, 30, 1)), 1.0)

    def test_errors_are_better_where_lower(self):
        assert {each.name: (each.better, each.unit) for each in DEPTH.metrics} == {
            "absrel": ("lower", "fraction"),
            "rmse": ("lower", "m"),
        }


class TestPlaces:
    def test_a_target_of_twice_the_size_is_compared_pixel_by_pixel(self):
        random = np.random.default_rng(0)
        target = random.random((40, 60, 3)).astype(np.float32)
        answer = Answer(target.transpose(2, 0, 1).copy(), place((30, 20), RULE))
        truth = TASK.read_truth({"target": target})
        assert float(TASK.judge(answer, truth)["psnr"]) == pytest.approx(100)

    def test_the_border_of_a_letterbox_is_cut_away(self):
        where = place((60, 20), RULE.model_copy(update={"resize": "letterbox"}))
        values = np.zeros((1, 20, 30), np.float32)
        values[:, 10:] = 1
        truth = TASK.read_truth({"target": np.zeros((20, 60))})
        assert float(TASK.judge(Answer(values, where), truth)["psnr"]) == pytest.approx(100)

    def test_what_a_crop_cuts_away_is_not_judged(self):
        where = place((60, 20), RULE.model_copy(update={"resize": "crop"}))
        target = np.zeros((20, 60))
        target[:, :15] = target[:, 45:] = 1
        answer = Answer(np.zeros((1, 20, 30), np.float32), where)
        assert float(TASK.judge(answer, TASK.read_truth({"target": target}))["psnr"]) == 100

    def test_blue_may_come_first(self):
        target = np.zeros((20, 30, 3), np.float32)
        target[:, :, 0] = 1
        answer = Answer(target[:, :, ::-1].transpose(2, 0, 1).copy(), place((30, 20), RULE))
        truth = TASK.read_truth({"target": target})
        assert float(task(colour="bgr").judge(answer, truth)["psnr"]) == pytest.approx(100)

    @pytest.mark.parametrize(
        ("shape", "message"),
        [
            ((20, 30, 1), "a target has 1 channels, the model's picture 3; make targets and"),
            ((30, 30, 3), "a target is 30×30, its photo 30×20; give targets of the photo's size"),
        ],
        ids=["channels", "proportions"],
    )
    def test_a_target_of_another_shape_is_refused(self, shape, message):
        answer = Answer(np.zeros((3, 20, 30), np.float32), place((30, 20), RULE))
        with pytest.raises(DataError, match=message):
            TASK.judge(answer, TASK.read_truth({"target": np.zeros(shape)}))


class TestTruth:
    @pytest.mark.parametrize(
        ("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535), (np.bool_, True)]
    )
    def test_white_is_the_peak(self, dtype, white):
        truth = task(peak=2.0).read_truth({"target": np.full((3, 4), white, dtype)})
        assert (truth == 2).all()

    def test_a_level_of_depth_is_worth_what_the_spec_says(self):
        millimetres = task("depth", level=0.001).read_truth({"target": np.full((3, 4), 1500, "u2")})
        np.testing.assert_allclose(millimetres, 1.5)

    @pytest.mark.parametrize(
        ("judging", "target", "message"),
        [
            (TASK, np.zeros((3, 4, 2)), r"the target is \[3, 4, 2\]; give \[H, W\]"),
            (TASK, np.array([[np.nan]]), "holds NaN or infinity; give numbers"),
            (DEPTH, np.array([[np.inf]]), "NaN or infinity; give 0 where no depth is known"),
            (DEPTH, np.zeros((3, 4), "u2"), "holds uint16; say in task.level what one of them"),
            (TASK, np.full((3, 4), "a"), "the target holds <U1; give numbers"),
        ],
        ids=["channels", "nan", "infinite depth", "level", "text"],
    )
    def test_what_is_no_target_is_refused(self, judging, target, message):
        with pytest.raises(ValueError, match=message):
            judging.read_truth({"target": target})

    @pytest.mark.parametrize(
        ("keys", "message"),
        [
            ({"metric": "absrel"}, "metric: .*with family = 'super_resolution'"),
            ({"family": "depth", "metric": "rmse", "peak": None}, "peak"),
            ({"unit": "m"}, 'unit = "m" is of depth; of super_resolution leave it out'),
        ],
        ids=["metric", "peak", "unit"],
    )
    def test_keys_that_do_not_fit_are_refused(self, keys, message):
        base = {"kind": "image", "family": "super_resolution", "metric": "psnr"}
        keys = {k: value for k, value in (base | keys).items() if value is not None}
        with pytest.raises(ValidationError, match=message):
            PictureSection.model_validate(keys)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"a": (1, 3, 8, 8), "b": (1,)}, r"one output, this model has \['a', 'b'\]"),
        ({"a": (1, 2, 8, 8)}, r"'a' \[1, 2, 8, 8\] is no picture"),
        ({"a": (1, 10)}, r"'a' \[1, 10\] is no picture"),
    ],
    ids=["two", "channels", "numbers"],
)
def test_other_outputs_are_refused(shapes, message):
    with pytest.raises(DataError, match=message):
        TASK.check_outputs(shapes)


@pytest.mark.parametrize("judging", [TASK, DEPTH], ids=["picture", "depth"])
def test_answer_and_target_are_shown_as_pictures(judging):
    samples, answers = data_set(judging, channels=1)
    (truth,), (said,) = judging.draw_truth(samples[0].truth), judging.draw_prediction(answers[0])
    assert truth.picture
    assert said.picture
