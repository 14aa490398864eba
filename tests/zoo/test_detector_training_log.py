"""The shipped figures can be written again from what training leaves behind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from decant.artifacts import read_json, write_json
from decant.distill import ComparedRun, paired_gains
from decant.zoo.detector.training_log import LOG, collect, measure_shipped

DETECTOR = Path(__file__).parents[2] / "zoo" / "detector"


def test_a_log_takes_what_is_there_and_keeps_the_rest(tmp_path):
    log = tmp_path / "training.json"
    write_json(log, {"student": {"history": []}, "teacher": {"history": [1]}})
    write_json(tmp_path / "student.json", {"history": [{"step": 20, "ap50": 0.123456789}]})
    collect(tmp_path, log)
    assert read_json(log) == {
        "student": {"history": [{"step": 20, "ap50": 0.12346}]},
        "teacher": {"history": [1]},
    }


def test_shipped_checkpoints_are_measured_on_the_test_set(tmp_path):
    log = tmp_path / "training.json"
    write_json(log, {"student": {}})
    measure_shipped(log, every=100)
    document = read_json(log)
    assert document["student"] == {}
    assert document["test_set"].keys() == {"teacher", "student"}
    assert all(figures["ap50"] > 0.8 for figures in document["test_set"].values())


def test_the_committed_gain_follows_from_the_committed_runs():
    comparison = json.loads(LOG.read_text(encoding="utf-8"))["comparison"]
    runs = [
        ComparedRun(run["variant"], run["seed"], {m: run[m] for m in comparison["difference"]})
        for run in comparison["runs"]
    ]
    assert len(runs) == 6
    for metric, gain in paired_gains(runs).items():
        stated = comparison["difference"][metric]
        # The runs are rounded to five digits.
        for name in ("mean_gain", "low", "high"):
            assert getattr(gain, name) == pytest.approx(stated[name], abs=1e-4)


def test_training_md_states_the_figures_of_the_log():
    log = json.loads(LOG.read_text(encoding="utf-8"))
    text = (DETECTOR / "TRAINING.md").read_text(encoding="utf-8")
    gains = log["comparison"]["difference"].values()
    for gain in gains:
        row = [gain["undistilled"], gain["distilled"]]
        assert " | ".join(f"{value:.3f}" for value in row) in text
        assert ", ".join(f"{value:+.3f}" for value in gain["gains"]) in text
        assert f"{gain['low']:+.3f} … {gain['high']:+.3f}" in text
    for figures in log["test_set"].values():
        row = [figures[metric] for metric in ("ap50", "ap", "quad_ap50")]
        assert " | ".join(f"{value:.3f}" for value in row) in re.sub(r"\*\*", "", text)
