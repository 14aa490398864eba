"""The examples of `classification` go the whole way, and spoilt files are not let through."""

from __future__ import annotations

import pytest
from example_runs import doctored_gate, go

METRICS = {
    "model.toml": {"top1", "top5", "macro_f1"},
    "properties.toml": {"macro_f1", "micro_f1", "exact_match", "map"},
}


@pytest.fixture(scope="module", params=METRICS)
def run(request, tmp_path_factory):
    return go("classification", tmp_path_factory.mktemp("classification"), request.param)


def test_int8_may_be_chosen_and_all_metrics_are_measured(run):
    assert run.int8.accuracy.keys() == METRICS[run.spec.name]
    assert all("f1" in label.figures for label in run.int8.labels)
    assert bool(run.int8.confusion) == (run.spec.name == "model.toml")


def test_gate_passes(run):
    assert run.gate().passed


def test_page_shows_what_was_named(run):
    picture = run.gallery.pictures[0]
    (truth,) = picture.truth
    assert f"truth: <b>{truth.said}</b>" in run.page
    (mark,) = picture.answers[run.report.chosen.name]
    assert f"{run.report.chosen.name} says {mark.said}" in run.page


def test_gate_stops_a_doctored_file(run, tmp_path):
    assert "max_drop" in {each.name for each in doctored_gate(run, tmp_path).failed}
