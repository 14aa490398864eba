"""`decant quantize` of a file with calibration data: which file it says to ship, by what."""

import json

import numpy as np
import pytest
from written_networks import PICTURES, write_network

from decant.artifacts import read_json
from decant.quantize import QuantizeReport

COUNT = 12
METRIC = """
import numpy as np

def brightest(outputs, truth):
    found = [each["level"].argmax() for each in outputs]
    return float(np.mean(found == truth["truth"]))

def text(outputs, truth):
    return "good"

def nothing(outputs, truth):
    return float("nan")

def broken(outputs, truth):
    return outputs[0]["nowhere"]
"""
ASKED = ("net.onnx", "--calibration", "samples.npz", "-o", "out")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_network(tmp_path / "net.onnx", PICTURES, kernel=(4, 3, 3, 3))
    samples = np.random.default_rng(0).normal(size=(COUNT, 3, 8, 12)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", image=samples, truth=np.arange(COUNT) % 4)
    np.savez(tmp_path / "inputs.npz", image=samples)
    (tmp_path / "metric.py").write_text(METRIC)
    return tmp_path


def test_a_file_to_ship_is_named_by_a_metric_of_ones_own(decant, folder):
    ended = decant(
        "quantize", *ASKED, "--metric", "metric.py:brightest", "--budget", "60s", "--json"
    )  # fmt: skip

    assert ended.code == 0, ended.err
    plan = json.loads(ended.out)["result"]["report"]["plan"]
    report = QuantizeReport.model_validate(read_json(folder / "out" / "quantize.json"))
    assert plan == report.plan.model_dump(mode="json")
    assert plan["budget_s"] == 60
    assert {point["name"] for point in plan["points"]} >= {"static_int8", "dynamic_int8"}
    assert all(point["drop"] is not None for point in plan["points"])
    assert plan["chosen"] in {"float", *(each.name for each in report.candidates)}


def test_the_terminal_says_which_file_to_ship_and_what_costs_accuracy(decant, folder):
    ended = decant("quantize", "net.onnx", "--calibration", "inputs.npz", "-o", "out")

    assert ended.code == 0, ended.err
    report = QuantizeReport.model_validate(read_json(folder / "out" / "quantize.json"))
    files = {each.name: f"ship out/{each.file}" for each in report.candidates}
    assert files.get(report.plan.chosen, "ship the float file") in ended.out
    assert "what costs most accuracy where it alone is int8" in ended.out
    assert "time on one thread, relative to the float file, measured in turns" in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--budget", "soon"), 2, "--budget: 'soon' is no duration; give one such as \"90s\""),
        (("--max-drop", "-1"), 2, "--max-drop: Input should be greater than or equal to 0"),
        (("--metric", "metric.py:missing"), 2, 'metric.py has no "missing"'),
        (("--metric", "other.py:brightest"), 2, '"other.py:brightest": '),
        (("--metric", "metric.py:text"), 2, "gives 'good'; let it return a number"),
        (("--metric", "metric.py:nothing"), 2, "gives nan; let it return a number"),
        (("--metric", "metric.py:broken"), 2, "raised KeyError: 'nowhere'"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else None,
)
def test_what_cannot_be_asked_is_told_and_leaves_nothing(decant, folder, arguments, code, message):
    ended = decant("quantize", *ASKED, *arguments)

    assert ended.code == code
    assert message in ended.err
    assert not (folder / "out" / "quantize.json").exists()


def test_a_metric_needs_calibration_data(decant, folder):
    ended = decant("quantize", "net.onnx", "--metric", "metric.py:brightest", "-o", "out")

    assert ended.code == 2
    assert "--metric measures on calibration data; give --calibration X.npz too" in ended.err


def test_truth_is_no_input_where_no_metric_reads_it(decant, folder):
    ended = decant("quantize", *ASKED, "--no-plan")

    assert ended.code == 0, ended.err
    assert (folder / "out" / "model_int8.tflite").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--no-plan", "--budget", "60s"), "--no-plan searches for nothing"),
        (("--no-plan", "--metric", "metric.py:brightest"), "leave --no-plan out"),
        (("--recipe", "recipe.json", "--min-snr", "20"), "--recipe makes the files that it"),
        (("--max-drop", "0.1"), "--max-drop is of a metric; give --metric"),
    ],
    ids=["no plan", "no plan, metric", "recipe", "no metric"],
)
def test_options_that_would_do_nothing_are_refused(decant, folder, arguments, message):
    ended = decant("quantize", *ASKED, *arguments)

    assert ended.code == 2
    assert message in ended.err


def test_a_metric_needs_truth_and_a_search_needs_data(decant, folder):
    given = ("quantize", "net.onnx", "-o", "out")
    metric = ("--metric", "metric.py:brightest")

    without_truth = decant(*given, "--calibration", "inputs.npz", *metric)
    without_data = decant(*given, "--budget", "60s")

    assert "the calibration data holds none; add it to the .npz" in without_truth.err
    assert "a search for mixed files measures on calibration data" in without_data.err
    assert without_truth.code == without_data.code == 2


def test_a_metric_that_changes_its_truth_grades_every_candidate_by_the_same(tmp_path):
    from decant.pipeline.planning import file_score

    metric = tmp_path / "metric.py"
    metric.write_text(
        "def spoil(outputs, truth):\n    truth['truth'] += 1\n    return truth['truth'].sum()\n"
    )
    score = file_score(f"{metric}:spoil", {"truth": np.zeros(3)})

    assert [score([]), score([])] == [3.0, 3.0]


@pytest.mark.parametrize("option", ["--min-snr", "--max-drop"])
def test_a_demand_that_is_no_number_is_refused(decant, folder, option):
    ended = decant("quantize", "net.onnx", option, "nan", "-o", "out")

    assert ended.code == 2
    assert f"{option}: " in ended.err
