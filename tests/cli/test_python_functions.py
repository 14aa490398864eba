"""Whatever the command line does, a line of Python does too; it prints nothing."""

import inspect
import re
import urllib.request
from pathlib import Path
from threading import Thread

import numpy as np
import onnx
import pytest
from bright_project import add_recipe, make_comparable
from feedback_archives import WORDING, record, write_archive
from pretended_packages import pretend_packages
from sidecars import write_model

from decant import pipeline
from decant.artifacts import read_json, write_json
from decant.cli.app import COMMANDS

REFERENCE = (Path(__file__).parents[2] / "docs/reference/python.md").read_text(encoding="utf-8")
NETWORK = """<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 3, 8, 12] image) => (float[1, 3, 8, 12] answer)
{
    answer = Relu (image)
}"""


@pytest.fixture(autouse=True)
def silent(capfd):
    """Nothing of ours is printed; a framework's own notices are not ours to hold back here."""
    yield
    assert capfd.readouterr().out == ""


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    onnx.save(onnx.parser.parse_model(NETWORK), tmp_path / "net.onnx")
    return tmp_path


@pytest.fixture
def trainable(project):
    add_recipe(project)
    return project


def test_every_command_has_a_function():
    for command in COMMANDS:
        assert command.__name__ in pipeline.__all__


def test_every_function_is_documented_and_typed():
    for name in pipeline.__all__:
        found = getattr(pipeline, name)
        assert found.__doc__
        if not isinstance(found, type):
            assert "return" in found.__annotations__


@pytest.mark.parametrize("name", [name for name in pipeline.__all__ if name.islower()])
def test_reference_has_the_function_as_its_docstring_does(name):
    function = getattr(pipeline, name)
    told = inspect.getdoc(function)
    options = {"compare": "distill --compare", "distill_int8": "distill --qat"}
    command = {"import_feedback": "feedback import", **options}.get(name, name)
    row = (name, f"decant {command}", told.partition("\n")[0].rstrip("."))
    returned = inspect.signature(function).return_annotation
    assert "| `{}` | `{}` | {} | `{}` |".format(*row, returned) in REFERENCE
    arguments = told.partition("Args:\n")[2].partition("\n\n")[0]
    documented = re.findall(r"^    (\*{0,2}\w+): ", arguments, re.MULTILINE)
    parameters = inspect.signature(function).parameters
    assert [each.lstrip("*") for each in documented] == [*parameters]
    assert callable(getattr(getattr(pipeline, returned), "document", None))


def test_reference_is_made_of_every_name():
    (members,) = re.findall(
        r"^::: decant\.pipeline\n.*\n +members: \[(.+)\]$", REFERENCE, re.MULTILINE
    )
    assert sorted(members.split(", ")) == sorted(pipeline.__all__)


def test_tflite(built):
    measured = pipeline.tflite("model.toml")
    assert measured.folder.joinpath("model.tflite").is_file()
    assert measured.report.chosen.accuracy["top1"].value == 1
    assert measured.broken == []


def test_what_is_not_met_is_returned_and_the_gate_says_no(built):
    spec = built / "model.toml"
    spec.write_text(spec.read_text() + "max_size_bytes = 1\n")
    measured = pipeline.tflite(built)
    (line,) = measured.broken
    assert "size" in line
    assert not measured.report.passed
    judged = pipeline.gate(built)
    assert [check.name for check in judged.result.failed] == ["max_size_bytes"]


def test_convert(network):
    converted = pipeline.convert("net.onnx", input_layout="keep")
    assert converted.tflite.is_file()
    assert converted.folder.as_posix() == "build/net/convert"
    (info,) = converted.report.inputs
    assert info.shape == (1, 3, 8, 12)


def test_quantize(network):
    samples = np.random.default_rng(0).normal(size=(8, 3, 8, 12)).astype(np.float32)
    np.savez("samples.npz", image=samples)
    made = pipeline.quantize("net.onnx", calibration="samples.npz")
    assert {candidate.name for candidate in made.report.candidates} >= {"static_int8"}
    assert all((made.folder / candidate.file).is_file() for candidate in made.report.candidates)


def test_train(trainable):
    trained = pipeline.train("model.toml")
    assert trained.checkpoint.is_file()
    assert not trained.replaced
    assert "checkpoint = " in trained.advice


def test_distill(trainable):
    teacher = pipeline.train("model.toml", "teacher")
    trained = pipeline.distill("model.toml", teacher=teacher.checkpoint)
    assert trained.checkpoint.name == "student.safetensors"
    assert trained.figures


def test_compare(trainable):
    make_comparable(trainable)
    found = pipeline.compare("model.toml", pairs=2, steps=1)
    assert len(found.gains["top1"].gains) == 2
    assert read_json(found.file)["difference"].keys() == found.gains.keys()


def test_bench_of_a_file_writes_nothing(built, monkeypatch, tmp_path):
    file = built / "build/bright/model.tflite"
    monkeypatch.chdir(tmp_path)
    before = {*tmp_path.iterdir()}
    measured = pipeline.bench(file, threads=[1])
    assert measured.report.reference.latency_ms.keys() == {"threads_1"}
    assert measured.folder is None
    assert {*tmp_path.iterdir()} == before


def test_gate(built):
    judged = pipeline.gate("model.toml")
    assert judged.result.passed
    assert judged.folder.joinpath("gate.md").is_file()


def test_report(built):
    (built / "build/bright/report.html").unlink()
    drawn = pipeline.report("model.toml")
    assert drawn.page.is_file()
    assert drawn.report.model == "bright"


def test_bundle(built, tmp_path):
    bundled = pipeline.bundle("model.toml", tmp_path / "shipped")
    assert "model.json" in bundled.files
    assert all((bundled.folder / name).is_file() for name in bundled.files)


def test_demo(built):
    pretend_packages(built)
    with pipeline.demo("model.toml", port=0) as page:
        thread = Thread(target=page.serve)
        thread.start()
        (address,) = page.addresses
        with urllib.request.urlopen(f"{address}bundle/model.json") as answer:
            assert b'"bright"' in answer.read()
        page.server.shutdown()
        thread.join()
    assert page.model == "bright"


def test_import_feedback(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sidecar = write_model(tmp_path, "finder", ("formula", "table"))
    write_json(tmp_path / "model.json", sidecar.model_dump(mode="json"))
    monkeypatch.setattr("feedback_archives.SHA256", sidecar.variant().sha256)
    write_json(tmp_path / "wording.json", {"3": WORDING})
    write_archive(tmp_path / "a.zip", record(1))
    imported = pipeline.import_feedback(["a.zip"], "model.json", "taken", wordings=["wording.json"])
    assert imported.report.statistics.corrected.n == 1
    assert (imported.folder / "candidates.json").is_file()


def test_ops():
    found = pipeline.ops()
    assert {each.name: each.way for each in found.operators}["Conv"] == "emitted"
    assert "gelu" in [each.name for each in found.rewrites]
    assert (found.nodes, found.refusal) == (None, "")


def test_doctor():
    found = pipeline.doctor()
    assert found.whole
    assert "torch" in found.machine.libraries
    assert "detector" in found.zoo


def test_unknown_name_is_no_function():
    with pytest.raises(AttributeError, match="tflight"):
        _ = pipeline.tflight
