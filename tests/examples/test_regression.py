"""The example of `regression` goes the whole way, and a spoilt file of it is not let through."""

from __future__ import annotations

import re

import pytest
from example_runs import doctored_gate, go


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return go("regression", tmp_path_factory.mktemp("regression"))


def test_int8_may_be_chosen_and_judged_in_pixels(run):
    report = run.report
    assert {name: each.unit for name, each in report.metrics.items()} == {
        "mae": "px",
        "rmse": "px",
        "r2": "fraction",
    }
    assert run.int8.accuracy.keys() == report.metrics.keys()
    assert [each.name for each in run.int8.labels] == ["x", "y", "radius"]


def test_gate_passes(run):
    assert run.gate().passed


def test_page_shows_what_was_said_and_what_is_true(run):
    said = r"x [\d.]+ px, y [\d.]+ px, radius [\d.]+ px"
    assert re.search(rf"{run.report.chosen.name} says {said}", run.page)
    assert re.search(rf"truth: <b>{said}</b>", run.page)


def test_gate_stops_a_doctored_file(run, tmp_path):
    failed = {each.name for each in doctored_gate(run, tmp_path).failed}
    assert "max_drop" in failed
