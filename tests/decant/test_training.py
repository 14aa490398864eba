from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, replace

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional
from training_cases import SETTINGS, QuadrantNet, QuadrantRecipe

from decant.errors import DataError
from decant.interrupts import Terminated
from decant.network import load_weights
from decant.training import learning_rate, save_weights, train


@pytest.fixture(autouse=True)
def _heard():
    """A shell that runs the tests in the background has told them to ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_training_learns_and_leaves_the_averaged_weights_and_the_log(tmp_path):
    result = train(QuadrantRecipe(), tmp_path)
    assert result.history[-1]["loss"] < 0.5 * result.history[0]["loss"]
    # Chance is 0.5; other threads add in another order, which moves it by 0.02.
    assert result.metrics["accuracy"] > 0.9
    model = QuadrantNet(4)
    load_weights(model, result.checkpoint)
    assert QuadrantRecipe().evaluate(model.eval()) == result.metrics
    log = json.loads((tmp_path / "student.json").read_text(encoding="utf-8"))
    assert [row["step"] for row in log["history"]] == [10, 20, 30, 40]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "student.json",
        "student.safetensors",
    ]


def test_interrupted_run_ends_with_the_same_bits(tmp_path):
    whole = train(QuadrantRecipe(), tmp_path / "whole")
    eager = replace(SETTINGS, checkpoint_s=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(QuadrantRecipe(fail_at=23), tmp_path / "cut", settings=eager)
    assert (tmp_path / "cut" / "student.state").exists()
    resumed = train(QuadrantRecipe(), tmp_path / "cut", settings=eager)
    expected, got = load_file(whole.checkpoint), load_file(resumed.checkpoint)
    assert expected.keys() == got.keys()
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    assert resumed.history == whole.history


@dataclass
class Interrupted(QuadrantRecipe):
    """Draws random numbers all along, and gets a signal in the middle of some work."""

    where: str = ""
    calls: int = 0
    number: int = signal.SIGINT

    def loss(self, outputs, batch):
        self.calls += self.where == "step"
        if self.where == "step" and self.calls == 13:
            os.kill(os.getpid(), self.number)
        outputs = {name: functional.dropout(value, 0.1) for name, value in outputs.items()}
        return super().loss(outputs, batch)

    def evaluate(self, model):
        torch.rand(3)
        self.calls += self.where == "validation"
        if self.where == "validation" and self.calls == 1:
            os.kill(os.getpid(), self.number)
        return super().evaluate(model)


@pytest.mark.parametrize(("where", "step"), [("step", 13), ("validation", 20)])
def test_ctrl_c_saves_where_it_stands_and_the_rest_has_the_same_bits(tmp_path, where, step):
    whole = train(Interrupted(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(Interrupted(where=where), tmp_path / "cut")
    assert torch.load(tmp_path / "cut/student.state", weights_only=True)["step"] == step
    resumed = train(Interrupted(), tmp_path / "cut")
    expected, got = load_file(whole.checkpoint), load_file(resumed.checkpoint)
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    assert resumed.history == whole.history


def test_termination_as_the_command_line_hears_it_saves_too(tmp_path):
    def terminate(number, frame):
        raise Terminated(143)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with pytest.raises(Terminated):
            train(Interrupted(where="step", number=signal.SIGTERM), tmp_path)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert torch.load(tmp_path / "student.state", weights_only=True)["step"] == 13


def test_another_seed_gives_another_model(tmp_path):
    runs = [
        train(QuadrantRecipe(), tmp_path / str(seed), settings=replace(SETTINGS, seed=seed))
        for seed in (1, 2)
    ]
    weights = [load_file(run.checkpoint) for run in runs]
    assert not torch.equal(weights[0]["score.weight"], weights[1]["score.weight"])


def test_state_of_other_settings_is_refused(tmp_path):
    eager = replace(SETTINGS, checkpoint_s=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(QuadrantRecipe(fail_at=9), tmp_path, settings=eager)
    with pytest.raises(DataError, match="made with other settings"):
        train(QuadrantRecipe(), tmp_path, settings=replace(eager, steps=41))


def test_damaged_state_is_refused(tmp_path):
    (tmp_path / "student.state").write_bytes(b"not a checkpoint")
    with pytest.raises(DataError, match=r"student\.state: damaged; delete it"):
        train(QuadrantRecipe(), tmp_path)


def test_rate_rises_then_falls_to_a_hundredth():
    rates = [learning_rate(SETTINGS, step) for step in range(SETTINGS.steps)]
    assert rates[0] == SETTINGS.learning_rate / SETTINGS.warmup_steps
    assert max(rates) == SETTINGS.learning_rate
    assert rates[-1] < 0.02 * SETTINGS.learning_rate


def test_half_precision_weights_load_into_a_float_model(tmp_path):
    model, other = QuadrantNet(4), QuadrantNet(4)
    save_weights(model, tmp_path / "half.safetensors", torch.float16)
    load_weights(other, tmp_path / "half.safetensors")
    expected = model.score.weight.to(torch.float16).float()
    assert torch.equal(other.score.weight, expected)


def test_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        save_weights(QuadrantNet(4), tmp_path / "file" / "x.safetensors")
