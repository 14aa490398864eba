"""The example of `keypoints` goes the whole way, and a spoilt file of it is not let through."""

from __future__ import annotations

import pytest
from example_runs import doctored_gate, go


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return go("keypoints", tmp_path_factory.mktemp("keypoints"))


def test_int8_may_be_chosen_and_each_point_judged(run):
    assert run.int8.accuracy.keys() == {"pck", "oks_ap"}
    assert run.int8.accuracy["pck"].value > 0.85
    assert [each.name for each in run.int8.labels] == [
        "nose",
        "right wing",
        "tail",
        "left wing",
    ]


def test_gate_passes(run):
    assert run.gate().passed


def test_page_draws_the_points(run):
    picture = run.gallery.pictures[0]
    assert all(len(marks[0].points) == 4 for marks in picture.answers.values())
    assert run.page.count("<circle") > 8 * len(run.gallery.pictures)


def test_gate_stops_a_doctored_file(run, tmp_path):
    failed = {each.name for each in doctored_gate(run, tmp_path).failed}
    assert "max_drop" in failed
