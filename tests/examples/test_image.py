"""The example of `image` goes the whole way, and a spoilt file of it is not let through."""

from __future__ import annotations

import pytest
from example_runs import doctored_gate, go


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return go("image", tmp_path_factory.mktemp("image"))


def test_int8_may_be_chosen_and_judged_in_decibels(run):
    report = run.report
    assert {name: each.unit for name, each in report.metrics.items()} == {
        "psnr": "dB",
        "ssim": "fraction",
    }
    assert run.int8.accuracy["psnr"].value > 26
    assert run.int8.accuracy["ssim"].value > 0.9


def test_gate_passes(run):
    assert run.gate().passed


def test_page_shows_the_pictures_of_truth_and_both_models(run):
    assert run.gallery.layered
    for picture in run.gallery.pictures:
        for marks in (picture.truth, *picture.answers.values()):
            assert marks[0].picture in run.page


def test_gate_stops_a_doctored_file(run, tmp_path):
    failed = {each.name for each in doctored_gate(run, tmp_path).failed}
    assert "max_drop" in failed
