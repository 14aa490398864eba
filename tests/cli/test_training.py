"""`decant train` and `decant distill` carry out the spec's recipe, once."""

import pytest
from safetensors.torch import load_file

RECIPE = """
from training_cases import QuadrantRecipe


def recipe():
    return QuadrantRecipe()
"""


@pytest.fixture
def trainable(project):
    (project / "recipe.py").write_text(RECIPE)
    with (project / "model.toml").open("a") as spec:
        spec.write('\n[training]\nrecipe = "recipe.py:recipe"\n')
    return project


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_train_leaves_checkpoint_and_log(decant, trainable, role):
    ended = decant("train", "model.toml", "--role", role)
    assert ended.code == 0, ended.err
    assert f"{role}.safetensors" in ended.out
    folder = trainable / "build/bright/training"
    assert load_file(folder / f"{role}.safetensors")
    assert (folder / f"{role}.json").is_file()


def test_second_training_does_nothing(decant, trainable):
    decant("train", "model.toml")
    ended = decant("train", "model.toml")
    assert ended.code == 0
    assert "nothing has changed" in ended.err


def test_distill_trains_the_teacher_that_the_spec_does_not_ship(decant, trainable):
    ended = decant("distill", "model.toml")
    assert ended.code == 0, ended.err
    assert (trainable / "build/bright/training/student.safetensors").is_file()


def test_distill_takes_the_teacher_given(decant, trainable):
    ended = decant("distill", "model.toml", "--teacher", "net.py")
    assert ended.code == 5
    assert "net.py" in ended.err


def test_model_without_a_recipe(decant, project):
    ended = decant("train", "model.toml")
    assert ended.code == 2
    assert "the spec has no [training]" in ended.err
