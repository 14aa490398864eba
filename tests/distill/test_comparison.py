from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy import stats
from torch import nn
from training_cases import SETTINGS, QuadrantRecipe

from decant.distill import ComparedRun, SwappedRecipe, paired_gains, short, train_variant
from decant.errors import UsageError
from decant.training import save_weights

PLAIN, HELPED = (0.61, 0.64, 0.59), (0.70, 0.78, 0.71)


def runs(plain=PLAIN, helped=HELPED):
    return [
        ComparedRun(variant, seed, {"ap50": value})
        for variant, values in (("distilled", helped), ("undistilled", plain))
        for seed, value in enumerate(values)
    ]


def test_interval_is_student_s_over_the_paired_gains():
    gain = paired_gains(runs())["ap50"]
    expected = stats.ttest_rel(HELPED, PLAIN).confidence_interval(0.95)
    assert (gain.low, gain.high) == pytest.approx((expected.low, expected.high))
    assert gain.gains == pytest.approx(np.subtract(HELPED, PLAIN))
    assert gain.mean_gain == pytest.approx(gain.distilled - gain.undistilled)


def test_pairs_go_by_seed_not_by_order():
    assert paired_gains(runs()[::-1]) == paired_gains(runs())


def test_a_run_without_its_pair_does_not_count():
    assert len(paired_gains(runs()[:-1])["ap50"].gains) == 2


def test_one_pair_has_no_interval():
    with pytest.raises(UsageError, match="1 pairs have no interval; compare at least 2"):
        paired_gains(runs(PLAIN[:1], HELPED[:1]))


def test_short_settings_keep_the_schedule():
    made = short(SETTINGS, 10, 3)
    assert (made.steps, made.warmup_steps, made.seed, made.validate_every) == (10, 2, 3, 10)
    assert made.learning_rate == SETTINGS.learning_rate


RECIPES = {
    "plain": QuadrantRecipe,
    "swapped": lambda: SwappedRecipe(SmoothRecipe(), {"features.2": "hard_swish"}),
}


class SmoothRecipe(QuadrantRecipe):
    def model(self, role):
        network = super().model("student")
        network.features.append(nn.SiLU())
        return network


@pytest.mark.parametrize("kind", RECIPES)
def test_both_variants_of_a_seed_start_from_the_same_weights(kind, tmp_path):
    """With a rate of nothing the first weights are the last."""
    from dataclasses import replace

    recipe, settings = RECIPES[kind](), replace(SETTINGS, steps=1, learning_rate=0.0)
    save_weights(recipe.model("teacher"), tmp_path / "teacher.safetensors")
    weights = [
        load_file(
            train_variant(
                variant, recipe, tmp_path / "teacher.safetensors", tmp_path / variant, settings
            ).checkpoint
        )
        for variant in ("undistilled", "distilled")
    ]
    for name in ("features.0.weight", "score.weight", "value.weight"):
        assert torch.equal(weights[0][name], weights[1][name])
