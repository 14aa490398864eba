"""A spec says all that is wrong with it at once, and what to do about it."""

import pytest

from decant.errors import SpecError
from decant.spec import CocoSource, GeneratedSource, load_spec

SPEC = """
[model]
name = "digits"
factory = "net.py:build"

[input]
shape = [1, 3, 32, 48]
mean = [0, 0, 0]
std = [1, 1, 1]

[task]
kind = "classification"
labels = ["0", "1"]

[data]
calibration = { kind = "folder", path = "calibration" }
validation = { kind = "generated", factory = "net.py:pages", split = "validation", count = 4 }
test = { kind = "folder", path = "test" }
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "model.toml"
        path.write_text(text)
        return path

    return write


def test_defaults_are_those_of_the_contract(write):
    spec = load_spec(write(SPEC))
    assert spec.input.name == "image"
    assert (spec.input.rule.height, spec.input.rule.width) == (32, 48)
    assert spec.input.rule.antialias
    assert isinstance(spec.data.validation, GeneratedSource)
    assert spec.quantization.recipes == ("static_int8", "dynamic_int8", "float16")
    assert spec.requirements.max_drop == 0.01


def test_paths_start_at_the_spec(write, tmp_path):
    assert load_spec(write(SPEC)).path("net.py") == tmp_path / "net.py"


def test_committed_spec_of_the_detector_is_usable():
    from decant.source import zoo_models

    spec = load_spec(zoo_models()["detector"])
    assert spec.input.shape == (1, 3, 320, 320)
    assert spec.requirements.max_size_bytes == 2_000_000
    assert isinstance(spec.data.test, CocoSource)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("factory =", "factry =", r'model.factry: unknown key; did you mean "factory"\?'),
        ("[input]", "[inputs]", r'inputs: unknown key; did you mean "input"\?'),
        ('labels = ["0", "1"]', "", "task.labels: missing; add it"),
        ('name = "digits"', "name = 3", "model.name = 3: Input should be a valid string"),
        ('"digits"', '"a/b"', "model.name = 'a/b': String should match pattern"),
        ('"net.py:build"', '"net.py"', "model.factory = 'net.py': String should match pattern"),
        ("[1, 3, 32, 48]", "[1, 3, 32]", r"input.shape = .*: Tuple should have at least 4 items"),
        ("[1, 3, 32, 48]", "[1, 3, 0, 48]", "input: shape = .* has a size below 1"),
        ("[1, 3, 32, 48]", "[1, 1, 32, 48]", 'input: shape has 1 channels, but colour = "rgb"'),
        ("mean = [0, 0, 0]", "mean = [0]", "input: mean needs 3 numbers"),
        ("std = [1, 1, 1]", "std = [1, 0, 1]", "input: std must be above 0"),
        ('"classification"', '"clasification"', "task.*clasification"),
        ("count = 4", "count = 0", "data.validation.count = 0: .*greater than or equal to 1"),
        ("count = 4", 'count = "4"', "data.validation.count = '4': .*valid integer"),
        ("[data]", '[data]\ntset = ""', r'data.tset: unknown key; did you mean "test"\?'),
    ],
)
def test_each_fault_is_named_with_what_to_do(write, old, new, message):
    assert old in SPEC
    with pytest.raises(SpecError, match=message):
        load_spec(write(SPEC.replace(old, new)))


def test_all_faults_are_listed_at_once(write):
    broken = SPEC.replace("name =", "nam =").replace(
        'kind = "folder", path', 'kind = "folder", pth'
    )
    with pytest.raises(SpecError) as caught:
        load_spec(write(broken))
    for line in (
        'model.nam: unknown key; did you mean "name"?',
        "model.name: missing",
        "data.test.pth",
    ):
        assert line in str(caught.value)


@pytest.mark.parametrize("text", ["[model", "\udcff"], ids=["half a table", "not UTF-8"])
def test_file_that_is_not_toml(tmp_path, text):
    path = tmp_path / "model.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SpecError, match=r"model.toml: not a TOML file"):
        load_spec(path)


def test_missing_file(tmp_path):
    with pytest.raises(SpecError, match=r"absent.toml: cannot be read \(No such file"):
        load_spec(tmp_path / "absent.toml")
