"""With `--json`, stdout holds one object and nothing else; a model and a page describe it."""

import json
import re
import signal
from pathlib import Path

import numpy as np
import onnx
import pytest
from bright_project import add_recipe, make_comparable
from feedback_archives import WORDING, record, write_archive
from pretended_packages import pretend_packages
from processes import start_decant
from sidecars import write_model
from typer.main import get_command

from decant.artifacts import read_json, write_json
from decant.cli.app import app
from decant.pipeline import Trained
from decant.pipeline.documents.document import Answer, Failure
from decant.pipeline.documents.reference import METRIC, RESULTS, UNITS, models, renewed, rows

PAGE = Path(__file__).parents[2] / "docs/reference/json.md"
NETWORK = """<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 3, 8, 12] image) => (float[1, 3, 8, 12] answer)
{
    answer = Relu (image)
}"""
QUICK = """
import dataclasses
import os

from training_cases import SETTINGS

print("PRINTED")
os.system("echo BY A CHILD")
quick = dataclasses.replace(SETTINGS, steps=2, warmup_steps=1, validate_every=2)
BrightRecipe.settings = lambda self, role: quick
"""


def refused(token):
    raise AssertionError(f"{token} is no JSON")


def read(text):
    return json.loads(text, parse_constant=refused)


@pytest.fixture
def asked(decant):
    """Run a command with --json, and give its result once all that holds for each is checked."""

    def asked(name, *args, code=0, options=()):
        words = name.partition(" --")[0].split()
        ended = decant(*words, *args, *options, "--json")
        assert ended.code == code, ended.err
        answer = read(ended.out)
        assert answer.keys() == {"schema", "command", "exit_code", "error", "result"}
        assert (answer["schema"], answer["exit_code"]) == (1, code)
        assert answer["command"] == " ".join(words)
        if answer["error"] is not None:
            assert f"error: {answer['error']['message']}" in ended.err
        assert (answer["error"] is None) == (code == 0)
        result = answer["result"]
        if result is not None:
            model = RESULTS[name].model_validate_json(json.dumps(result))
            assert model.model_dump(mode="json", by_alias=True) == result
        return result

    return asked


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    onnx.save(onnx.parser.parse_model(NETWORK), tmp_path / "net.onnx")
    return tmp_path


def test_every_command_has_a_result_and_a_test():
    commands = get_command(app).commands
    names = {name for name, each in commands.items() if not hasattr(each, "commands")}
    inner = {"feedback import"}
    assert {name.partition(" --")[0] for name in RESULTS} == names | inner
    tested = {*re.findall(r"asked\(\s*\"([a-z -]+)\"", Path(__file__).read_text()), "demo"}
    assert tested == RESULTS.keys()


def test_init(asked, network):
    result = asked("init", "net.onnx", "--task", "regression", "-o", "my model.toml")
    assert result["path"] == "my model.toml"
    assert result["open_keys"] == Path("my model.toml").read_text().count("# TODO")


def test_tflite(asked, built):
    result = asked("tflite", "model.toml", "--out", "./build/bright")
    assert (result["folder"], result["tflite"]) == ("build/bright", "build/bright/model.tflite")
    assert (result["passed"], result["broken"]) == (True, [])
    assert result["report"] == read_json(built / "build/bright/report.json")


def test_a_requirement_that_is_not_met_leaves_the_result_beside_the_error(asked, built):
    result = asked("tflite", "model.toml", "--set", "requirements.max_size_bytes=1", code=1)
    assert result["passed"] is False
    assert len(result["broken"]) == 1
    result = asked("gate", "model.toml", "--set", "requirements.max_size_bytes=1", code=1)
    assert result["passed"] is False
    (failed,) = [check for check in result["checks"] if check["outcome"] == "failed"]
    assert failed["name"] == "max_size_bytes"


def test_convert(asked, network):
    result = asked("convert", "net.onnx", "-o", "out")
    assert (result["folder"], result["tflite"]) == ("out", "out/model_fp32.tflite")
    assert result["report"] == read_json(network / "out/convert.json")


def test_lint(asked, built):
    result = asked("lint", "build/bright/model_fp32.tflite")
    assert result["model"] == "build/bright/model_fp32.tflite"
    assert result["report"]["samples"] == 0
    assert "few-samples" in result["report"]["unchecked"]


def test_quantize(asked, built):
    result = asked("quantize", "build/bright/model_fp32.tflite", "-o", built / "out")
    assert result["folder"] == str(built / "out")
    assert result["report"] == read_json(built / "out/quantize.json")


def test_train_distill_and_compare(decant, asked, project):
    add_recipe(project)
    make_comparable(project)
    with (project / "recipe.py").open("a") as recipe:
        recipe.write(QUICK)
    # What a user's code prints is shown, but not on stdout.
    ended = decant("train", "model.toml", "--role", "teacher", "-o", "out", "--json", "--verbose")
    assert read(ended.out)["exit_code"] == ended.code == 0
    assert "PRINTED" in ended.err
    assert "BY A CHILD" in ended.err
    result = asked("train", "model.toml", "--role", "teacher", "-o", "out")
    assert result["checkpoint"] == "out/training/teacher.safetensors"
    assert result["figures"]
    teacher = ("--teacher", result["checkpoint"])
    result = asked("distill", "model.toml", *teacher, "-o", "out")
    assert result["checkpoint"] == "out/training/student.safetensors"
    assert result["replaced"] is False
    options = ("--compare", "2", "--steps", "1", *teacher)
    result = asked("distill --compare", "model.toml", "-o", "out", options=options)
    assert result["file"] == "out/training/comparison.json"
    assert result["gains"] == read_json(project / result["file"])["difference"]


def test_distill_of_an_int8_file(asked, built):
    result = asked("distill --qat", "model.toml", options=("--qat", "--steps", "2"))
    assert result["folder"] == "build/bright/training/qat"
    assert result["figures"].keys() == {"float", "before", "after"}
    report = read_json(built / result["folder"] / "qat.json")
    assert {name: result[name] for name in report.keys() - {"schema_version"}} == {
        name: value for name, value in report.items() if name != "schema_version"
    }


def test_bench_of_a_file(asked, built):
    result = asked("bench", "build/bright/model.tflite", "--threads", "1")
    assert (result["folder"], result["tflite"]) == (None, None)
    assert result["report"]["reference"]["file"] == "model.tflite"


def test_gate(asked, built):
    result = asked("gate", "model.toml")
    assert (result["folder"], result["model"], result["passed"]) == ("build/bright", "bright", True)
    assert {check["outcome"] for check in result["checks"]} <= {"passed", "informs"}


def test_report(asked, built):
    result = asked("report", "model.toml")
    assert result["page"] == "build/bright/report.html"
    assert result["report"] == read_json(built / "build/bright/report.json")


def test_bundle(asked, built):
    result = asked("bundle", "model.toml", "../shipped")
    assert result["folder"] == "../shipped"
    assert result["sidecar"] == read_json(built.parent / "shipped/model.json")
    assert all((built.parent / "shipped" / name).is_file() for name in result["files"])


def test_demo_gives_the_object_when_the_page_can_be_opened(built):
    pretend_packages(built)
    process = start_decant(built, "demo", "model.toml", "--port", 0, "--json")
    lines = []
    while lines[-1:] != ["}\n"]:
        lines.append(process.stdout.readline())
        assert lines[-1], process.communicate()[1]
    answer = read("".join(lines))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Ctrl-C ends it" in err
    assert (answer["command"], answer["exit_code"]) == ("demo", 0)
    RESULTS["demo"].model_validate(answer["result"] | {"addresses": ()})
    (address,) = answer["result"]["addresses"]
    assert re.fullmatch(r"http://localhost:\d+/", address)


def test_ops(asked):
    result = asked("ops")
    found = {each["name"]: each for each in result["operators"]}
    assert (found["Conv"]["way"], found["Conv"]["nodes"]) == ("emitted", None)
    assert result["rewrites"][0]["accuracy"] == "exact"
    assert result["refusal"] is None


def test_doctor(asked):
    result = asked("doctor")
    assert result["whole"]
    assert "torch" in result["machine"]["libraries"]


def test_import(asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sidecar = write_model(tmp_path, "finder", ("formula", "table"))
    write_json(tmp_path / "model.json", sidecar.model_dump(mode="json"))
    monkeypatch.setattr("feedback_archives.SHA256", sidecar.variant().sha256)
    write_json(tmp_path / "wording.json", {"3": WORDING})
    write_archive(tmp_path / "a.zip", record(1))
    options = ("--model", "model.json", "--wordings", "wording.json", "-o", "taken")
    result = asked("feedback import", "a.zip", options=options)
    assert (result["feedback"], result["photos"]) == ("taken/feedback.json", 1)
    assert result["statistics"]["corrected"]["n"] == 1


@pytest.mark.parametrize(
    ("args", "command", "code", "message"),
    [
        (["gate", "model.toml"], "gate", 5, "report.json: not there yet; run decant tflite"),
        (["tflite", "nope.toml"], "tflite", 5, "nope.toml: no such file"),
        (["tflite", "model.toml", "--set", "seeed=1"], "tflite", 2, 'did you mean "seed"?'),
        (["tflite", "model.toml", "--sett", "seed=1"], "tflite", 2, "No such option: --sett"),
        (["train"], "train", 2, "Missing argument 'MODEL'"),
        (["feedback", "import"], "feedback import", 2, "Missing argument"),
        (["feedback"], "feedback", 2, None),
        (["tflight"], None, 2, "No such command 'tflight'"),
        (["--bogus", "tflite", "model.toml"], None, 2, "No such option: --bogus"),
    ],
)
def test_a_refusal_is_an_object_too(decant, project, args, command, code, message):
    ended = decant(*args, "--json")
    answer = read(ended.out)
    assert ended.code == answer["exit_code"] == code
    assert (answer["command"], answer["result"]) == (command, None)
    assert answer["error"]["log"] is None
    if message is not None:
        assert message in answer["error"]["message"]
        # A terminal breaks long lines.
        assert message.split()[0] in ended.err
    assert ended.err


def test_own_fault_names_its_log(decant, tmp_path, monkeypatch):
    monkeypatch.setattr("decant.pipeline.installation.this_machine", lambda: 1 / 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = decant("doctor", "--json")
    answer = read(ended.out)
    assert ended.code == answer["exit_code"] == 70
    assert answer["error"]["message"] == "ZeroDivisionError: division by zero"
    assert "division by zero" in Path(answer["error"]["log"]).read_text()
    assert answer["error"]["log"] in ended.err


def test_what_is_missing_is_an_error_with_the_result(decant, monkeypatch):
    monkeypatch.setattr("decant.pipeline.installation.MODULES", {"no_such_module": "fly"})
    ended = decant("doctor", "--json")
    answer = read(ended.out)
    assert ended.code == answer["exit_code"] == 5
    assert answer["error"]["message"] == "no_such_module: missing; install decant again"
    assert answer["result"]["missing"] == {"no_such_module": "fly"}


def test_interruption_is_an_object(project):
    (project / "net.py").write_text("import time\n\n\ndef build():\n    time.sleep(60)\n")
    process = start_decant(project, "tflite", "model.toml", "--json")
    while not process.stderr.readline().startswith("convert"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    answer = read(out)
    assert process.returncode == answer["exit_code"] == 130
    assert answer["error"]["message"] == "interrupted; run again to go on"
    assert answer["error"]["message"] in err


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -np.inf], ids=str)
def test_number_that_json_does_not_have_is_null(value):
    trained = Trained(Path("a/b.safetensors"), {"loss": value, "top1": 0.5}, "", False)
    answer = read(Answer(command="train", exit_code=0, result=trained.document()).to_json())
    assert answer["result"]["figures"] == {"loss": None, "top1": 0.5}


def test_text_is_ascii_whatever_a_path_is_called():
    text = Answer(command="init", exit_code=2, error=Failure(message="größer\udc80.toml")).to_json()
    assert text.isascii()
    assert read(text)["error"]["message"] == "größer\udc80.toml"


def test_page_has_the_models_fields():
    assert renewed(PAGE.read_text(encoding="utf-8")) == PAGE.read_text(encoding="utf-8"), (
        "write it anew: python -m decant.pipeline.documents docs/reference/json.md"
    )


@pytest.mark.parametrize("model", models(), ids=lambda each: each.__name__)
def test_every_field_has_a_meaning_and_every_number_a_unit(model):
    for row in rows(model):
        assert row.meaning, row.name
        assert row.unit or not re.search(r"integer|number", row.kind), row.name


def test_every_unit_is_of_a_field():
    every = {Answer, *models()}
    found = {
        f"{each.__name__.removesuffix('Document')}.{row.name}"
        for each in every
        for row in rows(each)
    }
    assert {name for name in UNITS if not name.startswith("Hop.")} <= found
    assert METRIC in UNITS.values()


def test_objects_of_the_page_have_names_of_their_own():
    titles = re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len({*titles}) == len(titles)


def test_example_of_the_page_has_the_form():
    example = re.search(r"^```json\n(.+?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    answer = read(example[1])
    assert answer.keys() == read(Answer(command=None, exit_code=0).to_json()).keys()
    assert answer["result"].keys() <= RESULTS["gate"].model_fields.keys()
