"""The metric and the task of the page on own tasks do what it says."""

import numpy as np
import pytest
from documented import ROOT, blocks, named_files, run, write_digits, write_files
from example_runs import Run, doctored_gate
from processes import run_here

from decant.bench import load_report
from decant.spec import load_spec
from decant.tasks import Task, make_task

PAGE = "docs/how-to/own-task.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The tutorial's digits, with the page's files beside them."""
    folder = tmp_path_factory.mktemp("own")
    write_digits(folder)
    write_files(PAGE, folder)
    return folder


def test_a_function_of_the_page_is_the_metric_of_a_spec(folder):
    text = (folder / "model.toml").read_text()
    before, after = text.split("[task]")[0], text[text.index("[data]") :]
    section = (folder / "graded.toml").read_text()
    (folder / "whole.toml").write_text(before + section + after)
    spec = load_spec(folder / "whole.toml")
    task = make_task(spec.task, folder)
    scores = np.log(np.asarray([[0.1] + [0.05] * 8 + [0.5]], np.float32))
    (prediction,) = task.predict({"output": scores}, [None])
    found = [float(task.judge(prediction, label)["users_grades"]) for label in (9, 0)]
    np.testing.assert_allclose(found, [0.4, -0.4], atol=1e-6)
    assert [metric.name for metric in task.metrics] == ["margin", "top1", "top5", "macro_f1"]


def test_a_task_of_the_page_goes_the_whole_way(folder):
    commands = next(text for _, text in blocks(PAGE) if text.startswith("decant tflite"))
    ended = run(folder, commands)
    assert ended.returncode == 0, ended.stderr
    report = load_report(folder / "build/distance/report.json")
    assert {*report.reference.accuracy} == {"distance", "exact"}
    assert report.reference.accuracy["exact"].value > 0.9
    assert 0 < report.reference.accuracy["distance"].value < 0.5
    assert report.passed


def test_the_gate_stops_a_doctored_file_of_it(folder, tmp_path):
    own = Run(folder / "distance.toml", folder / "build/distance")
    failed = {each.name for each in doctored_gate(own, tmp_path).failed}
    assert failed & {"max_drop", "max_error"}


@pytest.mark.parametrize(
    ("line", "mistake", "code", "said"),
    [
        (
            'return {"off": np.asarray(abs(prediction - truth), np.int32)}',
            'return {"off": truth["digit"]}',
            2,
            "Distance.judge raised TypeError: 'int' object is not subscriptable",
        ),
        (
            'return {"distance": drawn @ off / count,',
            'return {"distance": drawn @ off / (0 * count),',
            5,
            "data.test: distance of the PyTorch model is no finite number there",
        ),
    ],
    ids=["raises", "NaN"],
)
def test_a_mistake_that_shows_when_it_is_measured_is_named(
    folder, line, mistake, code, said, capfd
):
    text, spec = (folder / "distance.py").read_text(), (folder / "distance.toml").read_text()
    assert line in text
    # Each has a name of its own: this process keeps what it has imported.
    (folder / f"mistake{code}.py").write_text(text.replace(line, mistake))
    named = spec.replace("distance.py", f"mistake{code}.py")
    (folder / "mistaken.toml").write_text(named.replace('name = "distance"', 'name = "no"'))
    run_here(folder, "tflite", "mistaken.toml", code=code)
    assert said in capfd.readouterr().err
    # What was converted is kept for the next try; no result is.
    assert [each.name for each in (folder / "build/no").iterdir()] == [".cache"]


def test_the_page_names_every_method_that_a_task_has_to_have():
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    for name in Task.__abstractmethods__:
        assert f"def {name}(" in named_files(PAGE)["distance.py"]
        assert f"`{name}`" in text
