"""Modules are swapped by name, begin with the original's weights, and are retrained under it."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from training_cases import SETTINGS, QuadrantRecipe

from decant.distill import FeaturePair, SwappedRecipe, distill, plan_of, rehearse
from decant.errors import SpecError
from decant.swaps import BatchNormOfLast, SwapCost, read_cost, settle, swap_modules
from decant.training import save_weights


class LayerNorm2d(nn.LayerNorm):
    """As ConvNeXt has it: over the channels of [N, C, H, W]."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, padding=1)
        self.norm = LayerNorm2d(6)
        self.act = act
        self.last = nn.LayerNorm(4)

    def forward(self, x):
        return self.last(self.act(self.norm(self.conv(x))))


class SmoothNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(nn.GELU()), nn.Conv2d(6, 1, 1), Block(nn.SiLU()))
        self.score = nn.Conv2d(6, 1, 1)
        self.value = nn.Conv2d(6, 2, 1)

    def forward(self, image):
        x = self.blocks(image)
        return {"score": self.score(x), "value": self.value(x)}


class SmoothRecipe(QuadrantRecipe):
    def model(self, role):
        return SmoothNet()

    def feature_pairs(self):
        return (("blocks", "backbone.of.another.teacher"),)


SWAPS = {"*.act": "hard_swish", "blocks.*.norm": "batch_norm"}


def test_modules_are_swapped_by_name_and_kind():
    network = SmoothNet().eval()
    assert swap_modules(network, {"blocks.0*": "batch_norm", "*": "hard_swish"}) == {
        "blocks.0.norm": "LayerNorm2d → batch_norm",
        "blocks.0.last": "LayerNorm → batch_norm",
        "blocks.0.act": "GELU → hard_swish",
        "blocks.2.act": "SiLU → hard_swish",
    }
    first, _, last = network.blocks
    kinds = [type(each) for each in (first.act, first.norm, first.last, last.norm)]
    assert kinds == [nn.Hardswish, nn.BatchNorm2d, BatchNormOfLast, LayerNorm2d]
    assert not any(each.training for each in network.modules())


@pytest.mark.parametrize(
    ("swaps", "message"),
    [
        (
            {"blocks.0.conv": "hard_swish"},
            'is called "blocks.0.conv"; the network has blocks.0.act',
        ),
        ({"*.act": "hard_swish", "blocks.0.*": "hard_swish"}, "two patterns fit blocks.0.act"),
    ],
    ids=["nothing", "twice"],
)
def test_patterns_that_do_not_fit_are_refused(swaps, message):
    with pytest.raises(SpecError, match=message):
        swap_modules(SmoothNet(), swaps)


def test_a_layer_norm_over_places_is_refused():
    with pytest.raises(SpecError, match=r"LayerNorm over \[4, 5\] has a scale for each place"):
        swap_modules(nn.Sequential(nn.LayerNorm([4, 5])), {"0": "batch_norm"})


def test_a_swapped_norm_keeps_scale_and_shift_and_settles_on_a_batch():
    torch.manual_seed(0)
    network = nn.Sequential(nn.LayerNorm(4))
    nn.init.uniform_(network[0].weight)
    nn.init.uniform_(network[0].bias)
    weight, bias = network[0].weight.detach(), network[0].bias.detach()
    swap_modules(network, {"0": "batch_norm"})
    x = 3 * torch.randn(5, 7, 4) + 1
    settle(network, x)
    # The running variance is the unbiased one, of 35 places.
    std = x.flatten(0, 1).std(0)
    expected = (x - x.mean((0, 1))) / (std**2 + 1e-5).sqrt() * weight + bias
    torch.testing.assert_close(network(x), expected)
    assert network[0].momentum == 0.1
    assert not network[0].training


@pytest.fixture
def recipe():
    return SwappedRecipe(SmoothRecipe(), SWAPS)


def test_the_teacher_is_the_recipe_s_own_student(recipe):
    assert plan_of(recipe).features == (FeaturePair("blocks", "blocks"),)
    assert isinstance(recipe.model("teacher").blocks[0].act, nn.GELU)
    assert isinstance(recipe.model("student").blocks[0].act, nn.Hardswish)
    assert recipe.settings("teacher") == recipe.settings("student")
    rehearse(recipe, settings=SETTINGS)


def test_a_swapped_network_is_retrained_and_its_checkpoint_says_what_it_cost(tmp_path, recipe):
    torch.manual_seed(0)
    teacher = recipe.model("teacher")
    save_weights(teacher, tmp_path / "teacher.safetensors")
    result = distill(recipe, tmp_path / "teacher.safetensors", tmp_path, settings=SETTINGS)
    cost = read_cost(result.checkpoint)
    assert cost.modules == {
        "blocks.0.act": "GELU → hard_swish",
        "blocks.2.act": "SiLU → hard_swish",
        "blocks.0.norm": "LayerNorm2d → batch_norm",
        "blocks.2.norm": "LayerNorm2d → batch_norm",
    }
    assert list(cost.figures) == ["original", "swapped", "retrained"]
    assert cost.figures["original"] == recipe.evaluate(teacher.eval())
    assert cost.figures["retrained"] == result.metrics
    assert result.metrics["accuracy"] > cost.figures["swapped"]["accuracy"]
    retrained = recipe.model("student")
    kept = {name for name in retrained.state_dict() if "num_batches" not in name}
    assert load_file(result.checkpoint).keys() == kept


def test_a_cost_is_said_in_lines():
    figures = {"original": {"top1": 0.9}, "swapped": {"top1": 0.5}, "retrained": {"top1": 0.89}}
    cost = SwapCost({"a": "GELU → hard_swish", "b": "GELU → hard_swish"}, figures)
    assert [*cost.lines()] == [
        "swapped GELU → hard_swish: a, b",
        "top1: 0.9000 of the original, 0.5000 swapped, 0.8900 retrained (-0.0100)",
    ]


def test_a_checkpoint_without_swaps_says_nothing(tmp_path):
    save_weights(SmoothNet(), tmp_path / "plain.safetensors")
    assert read_cost(tmp_path / "plain.safetensors") is None
    assert read_cost(tmp_path / "missing.safetensors") is None
