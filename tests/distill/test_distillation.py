from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from training_cases import SETTINGS, QuadrantRecipe

from decant.distill import FeaturePair, Logits, Plan, distill, plan_of
from decant.distill.loop import Distilled
from decant.distill.losses import feature_loss, logit_loss, regression_loss, score_loss
from decant.errors import DataError, SpecError
from decant.training import save_weights, train


@pytest.fixture
def recipe():
    return QuadrantRecipe()


@pytest.fixture
def objective(recipe):
    torch.manual_seed(0)
    made = Distilled(recipe, recipe.model("student"), recipe.model("teacher"), plan_of(recipe))
    made.prepare(recipe.batch(SETTINGS, 0))
    return made


def test_gradient_reaches_student_and_adapters_but_not_the_teacher(objective, recipe):
    parts = objective.losses(recipe.batch(SETTINGS, 0))
    sum(parts[name] for name in ("feature_kd", "score_kd", "regression_kd")).backward()
    (teacher,) = objective._teacher
    assert all(parameter.grad is None for parameter in teacher.parameters())
    for part in (objective.model, objective.adapters):
        assert all(
            p.grad is not None and p.grad.abs().sum() > 0 for p in part.parameters() if p.ndim > 1
        )


def test_the_teacher_is_neither_saved_nor_moved(objective, recipe):
    (teacher,) = objective._teacher
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    objective.train()
    objective.losses(recipe.batch(SETTINGS, 0))
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())
    assert not any("teacher" in name for name in objective.state_dict())


def test_distilling_pulls_the_student_to_its_teacher(tmp_path, recipe):
    taught = train(recipe, tmp_path / "teacher", role="teacher")
    result = distill(recipe, taught.checkpoint, tmp_path / "distilled")
    first, last = result.history[0], result.history[-1]
    for name in ("feature_kd", "score_kd", "regression_kd"):
        assert last[name] < first[name]
    assert load_file(result.checkpoint).keys() == {
        name for name in recipe.model("student").state_dict() if "num_batches" not in name
    }


def test_interrupted_distillation_ends_with_the_same_bits(tmp_path, recipe):
    teacher = tmp_path / "teacher.safetensors"
    save_weights(recipe.model("teacher"), teacher, torch.float16)
    settings = replace(SETTINGS, steps=12, checkpoint_s=0.0)
    whole = distill(recipe, teacher, tmp_path / "whole", settings=settings)
    with pytest.raises(KeyboardInterrupt):
        distill(QuadrantRecipe(fail_at=8), teacher, tmp_path / "cut", settings=settings)
    resumed = distill(recipe, teacher, tmp_path / "cut", settings=settings)
    expected, got = load_file(whole.checkpoint), load_file(resumed.checkpoint)
    assert all(torch.equal(expected[name], got[name]) for name in expected)


def test_unknown_module_in_a_feature_pair_is_named(recipe):
    plan = Plan((FeaturePair("features", "neck"),), ())
    with pytest.raises(SpecError, match="teacher has no module 'neck'"):
        Distilled(recipe, recipe.model("student"), recipe.model("teacher"), plan)


def test_missing_teacher_is_named(tmp_path, recipe):
    with pytest.raises(DataError, match=r"gone\.safetensors: no such file"):
        distill(recipe, tmp_path / "gone.safetensors", tmp_path)


def test_feature_loss_ignores_scale_and_offset():
    x = torch.randn(2, 3, 5, 7, generator=torch.manual_seed(0))
    # 1e-6 keeps the standard deviation off zero; the result is exact up to that.
    assert feature_loss(3 * x + 1, x).item() == pytest.approx(0, abs=1e-5)
    assert feature_loss(-x, x).item() == pytest.approx(2, abs=1e-4)


def test_score_loss_is_least_at_the_teacher():
    teacher = torch.tensor([-3.0, 0.5, 2.0])
    at = score_loss(teacher, teacher)
    assert at.item() == pytest.approx(0, abs=1e-6)
    assert score_loss(teacher + 0.5, teacher) > at
    assert score_loss(teacher - 0.5, teacher) > at


def test_regression_counts_where_the_teacher_is_sure():
    teacher = torch.zeros(1, 2, 1, 2)
    sure = torch.tensor([6.0, -6.0]).reshape(1, 1, 1, 2)
    wrong_when_sure, wrong_when_not = teacher.clone(), teacher.clone()
    wrong_when_sure[..., 0] = 1
    wrong_when_not[..., 1] = 1
    heavy = regression_loss(wrong_when_sure, teacher, sure)
    light = regression_loss(wrong_when_not, teacher, sure)
    assert heavy > 1000 * light > 0


def test_logit_loss_is_nothing_at_the_teacher_and_blind_to_offsets():
    teacher = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    # Sums of 7 float32 logarithms.
    assert logit_loss(teacher + 3, teacher, 4.0).item() == pytest.approx(0, abs=1e-5)
    assert logit_loss(-teacher, teacher, 4.0).item() > 0.1


def test_logit_loss_is_hinton_s_formula():
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(5, 7, generator=generator).double() for _ in range(2))
    p, q = (torch.softmax(x / 3, 1) for x in (teacher, student))
    expected = 9 * (p * (p / q).log()).sum(1).mean()
    # Computed in float32.
    assert logit_loss(student, teacher, 3.0).item() == pytest.approx(expected.item(), rel=1e-5)


def test_square_keeps_the_gradient_s_size_at_high_temperatures():
    """Hinton et al. 2015, section 2.1: for T large the gradient is (z - v) / N, whatever T."""
    generator = torch.Generator().manual_seed(0)
    teacher = torch.randn(1, 5, generator=generator)
    student = torch.randn(1, 5, generator=generator)
    teacher, student = (x - x.mean() for x in (teacher, student))
    student.requires_grad_()
    logit_loss(student, teacher, 1000.0).backward()
    # The formula leaves out terms of second order in 1 / T.
    torch.testing.assert_close(student.grad, (student - teacher).detach() / 5, rtol=0.01, atol=1e-3)


class PlainRecipe:
    """A classifier's, with nothing but the methods of every recipe."""

    def settings(self, role):
        return SETTINGS

    def model(self, role):
        width = 4 if role == "student" else 12
        return torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(24, width),
            torch.nn.ReLU(),
            torch.nn.Linear(width, 3),
        )

    def batch(self, settings, step):
        random = torch.Generator().manual_seed(settings.seed * 1000 + step)
        return torch.randn(8, 1, 6, 4, generator=random)

    def inputs(self, batch):
        return batch

    def loss(self, outputs, batch):
        return {
            "entropy": torch.nn.functional.cross_entropy(outputs, batch.flatten(1)[:, :3].argmax(1))
        }

    def evaluate(self, model):
        return {}


def first_losses(recipe, plan):
    torch.manual_seed(0)
    objective = Distilled(recipe, recipe.model("student"), recipe.model("teacher"), plan)
    objective.prepare(recipe.batch(SETTINGS, 0))
    with torch.no_grad():
        return {
            name: float(part) for name, part in objective.losses(recipe.batch(SETTINGS, 0)).items()
        }


def test_alpha_shares_the_loss_between_labels_and_teacher():
    own, all_taught, half = (
        first_losses(PlainRecipe(), Plan(logits=Logits(alpha=alpha))) for alpha in (0.0, 1.0, 0.5)
    )
    assert own["logit_kd"] == all_taught["entropy"] == 0
    assert half["entropy"] == pytest.approx(own["entropy"] / 2)
    assert half["logit_kd"] == pytest.approx(all_taught["logit_kd"] / 2)


class OwnRecipe(PlainRecipe):
    def distillation(self, outputs, taught, batch):
        return {"apart": (outputs - taught).square().mean()}

    def feature_pairs(self):
        return ()


def test_a_recipe_may_compare_by_itself():
    plan = plan_of(OwnRecipe())
    assert plan.logits is None
    assert first_losses(OwnRecipe(), plan).keys() == {"entropy", "apart"}


@pytest.mark.parametrize(
    ("outputs", "taught"),
    [((8, 3), (8, 4)), ((8, 3, 2), (8, 3, 2)), ((8,), (8,)), ((8, 1), (8, 1))],
    ids=["other labels", "dense", "no classes", "one number, of which softmax leaves nothing"],
)
def test_what_is_no_classifier_s_logits_is_refused(outputs, taught):
    class Constant(torch.nn.Module):
        def __init__(self, shape):
            super().__init__()
            self.shape = shape

        def forward(self, image):
            return torch.zeros(self.shape)

    recipe = PlainRecipe()
    recipe.loss = lambda outputs, batch: {"none": outputs.mean()}
    objective = Distilled(recipe, Constant(outputs), Constant(taught), plan_of(recipe))
    with pytest.raises(SpecError, match=r"gives? \[8"):
        objective.losses(recipe.batch(SETTINGS, 0))


@pytest.mark.parametrize(
    ("wrapped", "told"),
    [
        (lambda logits: SimpleNamespace(logits=logits), "gives SimpleNamespace;"),
        (lambda logits: (logits, logits), r"gives \[8, 3\], \[8, 3\];"),
        (lambda logits: {"logits": [logits]}, "gives list;"),
        (lambda logits: (), "gives nothing;"),
    ],
    ids=["object", "two", "nested", "nothing"],
)
def test_what_holds_no_single_tensor_is_refused(wrapped, told):
    recipe = PlainRecipe()
    recipe.loss = lambda outputs, batch: {"none": torch.zeros(())}
    model = torch.nn.Identity()
    model.forward = lambda image: wrapped(torch.zeros(8, 3))
    objective = Distilled(recipe, model, recipe.model("teacher"), plan_of(recipe))
    with pytest.raises(SpecError, match=told):
        objective.losses(recipe.batch(SETTINGS, 0))
