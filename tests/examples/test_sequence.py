"""The example of `sequence` goes the whole way, and a spoilt file of it is not let through."""

from __future__ import annotations

import pytest
from example_runs import doctored_gate, go


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return go("sequence", tmp_path_factory.mktemp("sequence"))


def test_int8_may_be_chosen_and_all_metrics_are_measured(run):
    report = run.report
    figures = run.int8.accuracy
    assert figures.keys() == {"cer", "edit_distance", "exact_match"}
    assert report.metrics["cer"].better == report.metrics["edit_distance"].better == "lower"
    assert figures["cer"].value < 0.03
    assert figures["exact_match"].value > 0.85


def test_gate_passes(run):
    assert run.gate().passed


def test_page_writes_what_was_read_below_each_strip(run):
    for picture in run.gallery.pictures:
        (truth,) = picture.truth
        assert f"truth: <b>{truth.text}</b>" in run.page
        assert len(picture.answers) > 1
        assert all(mark.text in run.page for said in picture.answers.values() for mark in said)


def test_gate_stops_a_doctored_file(run, tmp_path):
    failed = {each.name for each in doctored_gate(run, tmp_path).failed}
    assert failed & {"max_drop", "max_error"}
