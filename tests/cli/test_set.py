"""`--set KEY=VALUE` lets a key of the spec have another value for one run, and results tell."""

import pytest
from typer.main import get_command

from decant import pipeline
from decant.artifacts import read_json
from decant.cli.app import app
from decant.datasets import open_dataset
from decant.errors import SpecError, UsageError
from decant.overrides import options_of, overridden, parse_overrides
from decant.spec import load_spec

SIZE = "requirements.max_size_bytes=1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("requirements.max_drop=0.02", 0.02),
        ("requirements.max_drop = 0.02", 0.02),
        ("seed=7", 7),
        ("model.name=other", "other"),
        ('model.name="other"', "other"),
        ("model.checkpoint=a=b.pt", "a=b.pt"),
        ("input.antialias=false", False),
        ('model.name="true"', "true"),
        ('quantization.recipes=["float16"]', ["float16"]),
        ('data.test={ kind = "folder", path = "a" }', {"kind": "folder", "path": "a"}),
    ],
)
def test_value_is_as_toml_has_it_and_a_bare_word_is_a_string(text, value):
    found = parse_overrides([text])
    assert list(found.values()) == [value]
    assert parse_overrides(options_of(found)[1::2]) == found


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["seed"], "--set seed: is no key with a value; write KEY=VALUE"),
        (["=1"], "is no key with a value"),
        (["seed="], "is no key with a value"),
        (["seed=1", "seed=2"], "seed is set twice; leave one out"),
        (["a..b=1"], "--set a..b: is no key of a spec"),
        (["a b=1"], "--set a b: is no key of a spec"),
        (["seed=[1"], "the value is no TOML"),
        (["seed=1\nname=2"], "the value has more than one line"),
    ],
    ids=["bare", "no key", "no value", "twice", "dots", "blank", "open list", "lines"],
)
def test_what_is_no_setting_is_refused(texts, message):
    with pytest.raises(UsageError) as caught:
        parse_overrides(texts)
    assert message in str(caught.value)


def test_key_through_what_is_no_table_is_refused():
    with pytest.raises(SpecError, match=r'model.name = "bright" is no table; set model.name as'):
        overridden({"model": {"name": "bright"}}, {"model.name.first": 1})


def test_document_itself_stays():
    document = {"model": {"name": "bright"}}
    assert overridden(document, {"model.name": "dark"}) == {"model": {"name": "dark"}}
    assert document == {"model": {"name": "bright"}}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("requirements.max_dropp=0.02", 'max_dropp: unknown key; did you mean "max_drop"?'),
        ("requirement.max_drop=0.02", 'requirement: unknown key; did you mean "requirements"?'),
        ("seed=many", 'seed = "many": Input should be a valid integer'),
        ("requirements.latency=3", "requirements.latency = 3: must be a list"),
    ],
    ids=["key", "section", "type", "list"],
)
def test_unknown_key_and_wrong_value_are_named(decant, project, setting, message):
    ended = decant("tflite", "model.toml", "--set", setting)
    assert ended.code == 2
    assert message in ended.err
    assert f"model.toml --set {setting}: not a usable spec" in ended.err
    assert not (project / "build").exists()


@pytest.mark.parametrize(
    "command",
    [
        "tflite",
        "convert",
        "quantize",
        "train",
        "distill",
        "bench",
        "gate",
        "report",
        "demo",
        "bundle",
    ],
)
def test_every_command_that_takes_a_spec_takes_it(decant, project, command):
    folder = ["shipped"] if command == "bundle" else []
    ended = decant(command, "model.toml", *folder, "--set", "seeed=1")
    assert ended.code == 2
    assert "model.toml --set seeed=1: not a usable spec" in ended.err
    assert 'seeed: unknown key; did you mean "seed"?' in ended.err


def test_no_other_command_has_it():
    commands = get_command(app).commands
    having = {
        name
        for name, each in commands.items()
        if any("--set" in param.opts for param in each.params)
    }
    assert commands.keys() - having == {"init", "ops", "doctor", "feedback"}


def test_path_that_is_set_starts_at_the_folder_of_the_spec(project, tmp_path_factory, monkeypatch):
    (project / "test").rename(project / "elsewhere")
    monkeypatch.chdir(tmp_path_factory.mktemp("another"))
    spec = load_spec(project, parse_overrides(["data.test.path=elsewhere"]))
    assert spec.data.test.path == "elsewhere"
    assert spec.data.validation.path == "validation"
    opened = open_dataset(spec.data.test, spec.open_task(), spec.folder, inputs=spec.signature)
    assert len(opened) == 8


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("data.test.path=a/b c", "a/b c"),
        ("data.test.path=../other", "../other"),
        ("data.test.path='2024'", "2024"),
    ],
)
def test_nested_key_takes_a_path(project, setting, value):
    assert load_spec(project, parse_overrides([setting])).data.test.path == value


def test_file_without_a_spec_has_no_key_to_set(decant, built):
    for command in ("convert", "quantize"):
        ended = decant(command, "build/bright/model.onnx", "--set", SIZE)
        assert ended.code == 2
        assert f"--set {SIZE}: build/bright/model.onnx has no spec" in ended.err
    assert decant("bench", "build/bright/model.tflite", "--set", SIZE).code == 2
    ended = decant("bundle", "build/bright", "shipped", "--set", SIZE)
    assert ended.code == 2
    assert "is a bundle, and --set is for a spec" in ended.err


def test_run_uses_it_and_its_results_are_stale_without_it(decant, built, tmp_path):
    ended = decant("tflite", "model.toml", "--set", SIZE)
    assert ended.code == 1
    assert "size" in ended.err.partition("not every requirement is met")[2]
    folder = built / "build/bright"
    manifest = read_json(folder / "manifest.json")
    assert manifest["command"] == ["decant", "tflite", "model.toml", "--set", SIZE]
    made_from = read_json(folder / "report.json")["made_from"]
    assert made_from["settings"]["requirements"]["max_size_bytes"] == 1
    for command in (["gate"], ["report"], ["bundle"]):
        rest = [tmp_path / "shipped"] if command == ["bundle"] else []
        stale = decant(*command, "model.toml", *rest)
        assert stale.code == 5
        assert "[requirements] max_size_bytes: was 1, is not given" in stale.err
        assert decant(*command, "model.toml", *rest, "--set", SIZE).code in (0, 1)
    assert "max_size_bytes" in (folder / "gate.md").read_text()
    stale = decant("demo", "model.toml")
    assert stale.code == 5
    assert "Make it anew with: decant tflite model.toml" in stale.err


def test_command_that_renews_has_it(decant, built):
    (built / "build/bright/report.json").unlink()
    ended = decant("gate", "model.toml", "--set", SIZE)
    assert f"run decant tflite model.toml --set {SIZE} first" in ended.err


def test_next_run_without_it_measures_again(decant, built):
    before = read_json(built / "build/bright/manifest.json")["files"]["model.tflite"]
    decant("tflite", "model.toml", "--set", 'quantization.recipes=["float16"]')
    assert not (built / "build/bright/model_int8.tflite").exists()
    assert decant("tflite", "model.toml").code == 0
    assert read_json(built / "build/bright/manifest.json")["files"]["model.tflite"] == before


def test_one_step_takes_it(decant, project):
    ended = decant("quantize", "model.toml", "--set", 'quantization.recipes=["float16"]')
    assert ended.code == 0, ended.err
    made = {path.name for path in (project / "build/bright/quantize").glob("*.tflite")}
    assert made == {"model_fp16.tflite", "model_fp32.tflite"}


def test_name_that_is_set_names_the_folder(built):
    measured = pipeline.tflite("model.toml", overrides={"model.name": "other"})
    assert measured.folder.as_posix() == "build/other"


def test_spec_knows_what_was_set(project):
    spec = load_spec(project, {"seed": 7})
    assert (spec.seed, spec.overrides) == (7, {"seed": 7})
    assert load_spec(project).overrides == {}
