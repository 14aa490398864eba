"""The example of `embedding` goes the whole way, and a spoilt file of it is not let through."""

from __future__ import annotations

import re

import pytest
from example_runs import doctored_gate, go


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return go("embedding", tmp_path_factory.mktemp("embedding"))


def test_int8_may_be_chosen_and_all_metrics_are_measured(run):
    report = run.report
    figures = run.int8.accuracy
    assert figures.keys() == {"roc_auc", "eer", "recall_at_1", "recall_at_5"}
    assert report.metrics["eer"].better == "lower"
    for each in figures.values():
        assert each.low <= each.value <= each.high


def test_gate_passes(run):
    assert run.gate().passed


def test_page_draws_the_vectors_and_names_the_identity(run):
    picture = run.gallery.pictures[0]
    (truth,) = picture.truth
    assert truth.text.startswith("test_")
    assert all(len(mark.curve) == 24 for said in picture.answers.values() for mark in said)
    both = re.compile(r'<svg class="curves".*\n<polyline class="curve float".*class="curve shown"')
    assert len(both.findall(run.page)) == len(run.gallery.pictures)
    assert f"truth: <b>{truth.text}</b>" in run.page


def test_gate_stops_a_doctored_file(run, tmp_path):
    failed = {each.name for each in doctored_gate(run, tmp_path).failed}
    assert failed & {"max_drop", "min_accuracy"}
