"""The example of `detection` goes the whole way, and a spoilt file of it is not let through."""

from __future__ import annotations

import re

import pytest
from example_runs import doctored_gate, go

from decant.contract.decode import YoloRule
from decant.contract.images import load_image
from decant.contract.predictor import Predictor


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return go("detection", tmp_path_factory.mktemp("detection"))


def test_int8_may_be_chosen_and_judged_as_coco_does(run):
    report = run.report
    assert [*report.metrics] == ["ap", "ap50", "ap75", "ar100"]
    assert run.int8.accuracy.keys() == report.metrics.keys()
    assert [each.name for each in run.int8.labels] == ["disc", "square", "triangle"]


def test_gate_passes(run):
    assert run.gate().passed


def test_page_outlines_what_was_found(run):
    assert '<polygon class="mark truth"' in run.page
    assert re.search(r'<polygon class="mark (?!truth)', run.page)
    assert {"disc", "square", "triangle"} <= {*re.findall("disc|square|triangle", run.page)}


def test_sidecar_alone_finds_the_objects(run):
    predictor = Predictor(run.out / "model.json")
    assert isinstance(predictor.sidecar.decode, YoloRule)
    golden = predictor.sidecar.golden[0]
    found = predictor.predict(load_image(run.out / golden.photo))
    assert found[: len(golden.predictions)] == golden.predictions
    assert all(len(each.quad) == 4 for each in golden.predictions)
    assert golden.predictions[0].score >= predictor.sidecar.decode.display_threshold


def test_gate_stops_a_doctored_file(run, tmp_path):
    failed = {each.name for each in doctored_gate(run, tmp_path).failed}
    assert "max_drop" in failed
