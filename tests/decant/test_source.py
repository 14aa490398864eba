"""Commands find what they are asked to work on, or say what there is."""

import pytest

from decant.errors import DataError, UsageError
from decant.source import find_source


def test_zoo_model_by_name():
    source = find_source("detector", "spec")
    assert source.kind == "spec"
    assert source.path.parts[-2:] == ("detector", "model.toml")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.onnx", "onnx"), ("a.pt2", "pt2"), ("a.tflite", "tflite"), ("mine.toml", "spec")],
)
def test_file_by_its_suffix(tmp_path, name, kind):
    (tmp_path / name).touch()
    assert find_source(str(tmp_path / name), "spec", "onnx", "pt2", "tflite").kind == kind


def test_misspelt_name_gets_the_nearest():
    with pytest.raises(UsageError, match=r'detectr: neither .* did you mean "detector"\?'):
        find_source("detectr", "spec")


def test_name_of_nothing_gets_the_list():
    with pytest.raises(UsageError, match=r"the zoo has .*detector"):
        find_source("xyz", "spec")


def test_missing_file():
    with pytest.raises(DataError, match=r"absent.onnx: no such file"):
        find_source("absent.onnx", "onnx")


def test_file_the_command_has_no_use_for(tmp_path):
    (tmp_path / "a.tflite").touch()
    with pytest.raises(UsageError, match=r"takes a zoo model or .toml or .onnx"):
        find_source(str(tmp_path / "a.tflite"), "spec", "onnx")
