"""A whole measurement of real files on real pictures."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import tiny_detector
from measured import CANDIDATES, measured, model_file, project
from watched import Watched

from decant.artifacts import sha256
from decant.bench import evaluation, load_report, measure_file, report_lines
from decant.bench.accuracy import predictions, prepare_set
from decant.bench.gallery import load_gallery
from decant.datasets import open_dataset
from decant.errors import DataError, SpecError
from decant.progress import watched_by
from decant.tasks import Evidence

# The float file sums in another order than PyTorch; nothing else may differ.
FLOAT_PARITY = 1e-4


@pytest.fixture(scope="module")
def report():
    return load_report(measured() / "report.json")


def test_entries_are_the_files_in_order(report):
    assert report.reference.name == "float"
    assert tuple(each.name for each in report.candidates) == CANDIDATES
    assert report.reference.file == "model_fp32.tflite"
    assert report.reference.sha256 == sha256(model_file("float").path)
    assert report.candidates[0].quantizer == "quantizer 1.0"


def test_no_path_of_this_machine_is_written(report):
    text = (measured() / "report.json").read_text() + (measured() / "gallery.json").read_text()
    assert str(measured().parent) not in text
    assert report.data.test.source == "test.json"


def test_drop_is_against_pytorch(report):
    for entry in report.entries:
        for metric, drop in entry.drop.items():
            expected = report.pytorch.test.accuracy[metric].value - entry.accuracy[metric].value
            assert drop.value == pytest.approx(expected, abs=1e-12)
            assert drop.low <= drop.value <= drop.high


def test_metrics_are_those_of_the_task(report):
    assert set(report.reference.accuracy) == {"ap", "ap50", "quad_ap50"}
    assert report.metric == "ap50"
    assert 0.5 < report.reference.accuracy["ap50"].value < 1.0


def test_slices_are_the_tags_of_the_test_set(report):
    assert report.chosen.validation.slices == {}
    assert {tag: each.count for tag, each in report.chosen.slices.items()} == {
        "even": 20,
        "odd": 20,
    }


def test_float_file_agrees_with_pytorch_and_int8_less(report):
    def worst(entry):
        hop = f"pytorch → {entry.name}"
        return max(row.max_relative for row in entry.parity if row.hop == hop)

    assert worst(report.reference) < FLOAT_PARITY
    good, _, bad = (worst(each) for each in report.candidates)
    assert FLOAT_PARITY < good < 0.1 < bad


def test_conversions_own_checks_come_first(report):
    first = report.reference.parity[0]
    assert (first.hop, first.tolerance, first.samples) == ("tflite", 1e-4, None)


def test_choice_is_a_file_inside_every_requirement(report):
    statuses = {row.candidates[report.chosen.name].status for row in report.verdict}
    assert "broken" not in statuses
    assert report.chosen.name == report.choice.name
    assert report.passed
    bad = {row.requirement: row.candidates["badly_calibrated"].status for row in report.verdict}
    assert bad["max_drop"] == "broken"


def test_evidence_is_the_chosen_files(report):
    path = measured() / report.evidence.file
    assert sha256(path) == report.evidence.sha256
    metrics = project().open_task().figures(Evidence.load(path))
    for metric, estimate in report.chosen.accuracy.items():
        assert metrics[metric][0] == pytest.approx(estimate.value, abs=1e-12)


def test_gallery_shows_the_worst_first():
    gallery = load_gallery(measured() / "gallery.json")
    assert (gallery.before, len(gallery.pictures)) == ("float", 12)
    falls = [each.grades[gallery.before] - each.grades[gallery.after] for each in gallery.pictures]
    worse = falls[: min(gallery.worse, 12)]
    assert all(fall > 0 for fall in worse)
    assert worse == sorted(worse, reverse=True)
    assert all(mark.polygon for each in gallery.pictures for mark in each.truth)


def test_lines_name_every_file(report):
    lines = report_lines(report)
    assert len(lines) == 4
    assert lines[0].startswith("float: 0.225 MB")
    assert sum("(chosen)" in line for line in lines) == 1


def test_bare_file_has_costs_only():
    report = measure_file(model_file("dynamic_int8").path, threads=(1,))
    assert report.model == report.chosen.name == "model_int8_dynamic"
    assert report.chosen.latency_ms["threads_1"].ratio_to_reference == 1.0
    assert report.chosen.profile.operators == {"CONV_2D": 3, "HARD_SWISH": 1}
    assert (report.verdict, report.data, report.chosen.accuracy) == ((), None, {})
    assert report.passed


def test_junk_is_refused(tmp_path):
    path = tmp_path / "junk.tflite"
    path.write_bytes(b"junk" * 100)
    with pytest.raises(DataError, match="LiteRT cannot run this file"):
        measure_file(path)


@pytest.fixture(scope="module")
def few():
    """Prepare the validation set, in place of the test set too."""
    spec = project()
    prepared = prepare_set(
        open_dataset(spec.data.validation, spec.open_task(), spec.folder), spec.signature
    )
    return evaluation.Sets(prepared, prepared)


def test_camera_file_takes_pixels_and_agrees_with_float(few):
    models = evaluation.contestants(
        [model_file("float"), model_file("camera")], tiny_detector.build()
    )
    assert [model.raw for model in models] == [frozenset(), frozenset(), {"image"}]
    hops = evaluation.parity(models, few.validation)
    assert max(row.max_relative for row in hops["camera"]) < FLOAT_PARITY
    task, numbers = project().open_task(), range(len(few.test))
    for number in numbers:
        one, other = (
            predictions(model.predictor, few.test, [number], task, raw=model.raw)[0]
            for model in (models[2], models[1])
        )
        np.testing.assert_allclose(one.scores, other.scores, atol=FLOAT_PARITY)


def test_progress_of_each_model_is_seen(few):
    models = evaluation.contestants([model_file("float")], tiny_detector.build())
    watched = Watched()
    with watched_by(watched):
        evaluation.ask(models, few, project().open_task())
    photos = len(few.test)
    assert watched.steps["accuracy: models finished"] == 2
    for who in ("float file", "original model"):
        for part in ("test", "validation"):
            assert watched.steps[f"{who} on {part} samples"] == photos


def test_failure_stops_the_other_models(few):
    asked = []
    under_way = threading.Event()

    def fail(_inputs):
        under_way.wait()
        raise KeyboardInterrupt

    def slow(inputs):
        asked.append(1)
        under_way.set()
        time.sleep(0.05)
        return model.predictor(inputs)

    model = evaluation.contestants([model_file("float")], tiny_detector.build())[1]
    models = [replace(model, predictor=fail), replace(model, predictor=slow)]
    with pytest.raises(KeyboardInterrupt):
        evaluation.ask(models, few, project().open_task())
    assert len(asked) < len(few.test)


def test_network_with_other_outputs_is_refused():
    import torch

    network = torch.nn.Conv2d(3, 1, 1)
    with pytest.raises(SpecError, match="returns 1 outputs"):
        evaluation.contestants([model_file("float")], network)


def test_network_with_5d_buffer_is_asked_and_stays_as_it_is(few):
    import torch

    network = tiny_detector.build()
    network.register_buffer("anchor_grid", torch.rand(1, 3, 1, 1, 2))
    layouts = {name: tensor.stride() for name, tensor in network.state_dict().items()}
    models = evaluation.contestants([model_file("float")], network)
    hops = evaluation.parity(models, few.validation)
    assert max(row.max_relative for row in hops["float"]) < FLOAT_PARITY
    assert {name: tensor.stride() for name, tensor in network.state_dict().items()} == layouts


def test_broken_file_stops_the_measurement(tmp_path):
    broken = tmp_path / "model.tflite"
    broken.write_bytes(model_file("float").path.read_bytes()[:4000])
    with pytest.raises(DataError, match=r"model\.tflite: LiteRT cannot run this file"):
        measure_file(broken)
    assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"]


def test_bare_file_first_runs_where_heap_corruption_is_fatal(tmp_path, monkeypatch):
    from decant import isolation

    run, environments = isolation.run_in_child, []

    def spy(*args, environment=None, **kwargs):
        environments.append(environment or {})
        return run(*args, environment=environment, **kwargs)

    monkeypatch.setattr(isolation, "run_in_child", spy)
    broken = tmp_path / "model.tflite"
    broken.write_bytes(model_file("float").path.read_bytes()[:4000])
    with pytest.raises(DataError):
        measure_file(broken)
    assert [each["MALLOC_CHECK_"] for each in environments] == ["3"]


def test_data_set_is_named_by_photos_and_labels(tmp_path, report):
    from decant.bench.data_set import describe_set
    from decant.spec import load_spec

    def digest(spec):
        dataset = open_dataset(spec.data.test, spec.open_task(), spec.folder)
        return describe_set(
            spec.data.test, dataset, prepare_set(dataset, spec.signature), spec.open_task()
        ).sha256

    same = load_spec(tiny_detector.write_project(tmp_path))
    assert digest(same) == report.data.test.sha256
    path = tmp_path / "test.json"
    path.write_text(path.read_text().replace('"odd"', '"strange"'))
    assert digest(same) == report.data.test.sha256
    annotations = path.read_text()
    first = annotations.split('"bbox": [', 1)[1].split("]", 1)[0]
    x, *rest = first.split(", ")
    moved = ", ".join([str(int(x) + 1), *rest])
    path.write_text(annotations.replace(f'"bbox": [{first}]', f'"bbox": [{moved}]', 1))
    assert digest(same) != report.data.test.sha256
