"""Commands find what they are asked to work on, or say what there is and what to do with it."""

import zipfile

import pytest

from decant.errors import DataError, UsageError
from decant.source import find_source


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_zoo_model_by_name():
    source = find_source("detector", "spec")
    assert source.kind == "spec"
    assert source.path.parts[-2:] == ("detector", "model.toml")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("a.onnx", "onnx"), ("A.ONNX", "onnx"), ("a.pt2", "pt2"), ("a.tflite", "tflite")),
        *(("mine.toml", "spec"), ("is it d'été.tflite", "tflite")),
    ],
)
def test_file_by_its_suffix(tmp_path, name, kind):
    (tmp_path / name).write_bytes(b"something")
    assert find_source(tmp_path / name, "spec", "onnx", "pt2", "tflite").kind == kind


@pytest.mark.parametrize("text", [".", "./", "digits", "digits/"])
def test_folder_stands_for_the_spec_in_it(here, text):
    for folder in (here, here / "digits"):
        folder.mkdir(exist_ok=True)
        (folder / "model.toml").touch()
    source = find_source(text, "spec", "tflite")
    assert (source.kind, source.path.name) == ("spec", "model.toml")


def test_zoo_model_goes_before_a_folder_of_its_name(here):
    (here / "detector").mkdir()
    (here / "detector" / "model.toml").touch()
    assert find_source("detector", "spec").path.parent != here / "detector"
    assert find_source("./detector", "spec").path.resolve().parent == here / "detector"


@pytest.mark.parametrize(
    ("there", "text", "hint"),
    [
        ("x", "detectr", 'did you mean "detector"?'),
        ("x", "xyz", "the zoo has detector"),
        ("x", "", "the zoo has detector"),
        ("digits/model.toml", "digit", 'did you mean "digits"?'),
        ("digits.toml", "digits", 'did you mean "digits.toml"?'),
        ("x", "a" * 300, "the zoo has detector"),
    ],
    ids=["zoo", "nothing", "empty", "folder", "suffix forgotten", "too long"],
)
def test_name_of_nothing_gets_the_nearest(here, there, text, hint):
    (here / there).parent.mkdir(exist_ok=True)
    (here / there).touch()
    with pytest.raises(UsageError) as caught:
        find_source(text, "spec")
    assert str(caught.value) == (
        f'"{text}": there is no such file or zoo model; this command takes a model.toml, its '
        f"folder or a zoo model; {hint}"
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("modle.toml", 'no such file; did you mean "model.toml"?'),
        ("digits/modle.toml", "no such file, and no folder digits; correct the path"),
        ("other.onnx", "no such file; correct the path"),
        ("model.onnx", "no such file; correct the path"),
        ("MODEL.TOML", 'no such file; did you mean "model.toml"?'),
        ("dangling.onnx", "is a link to gone.onnx, which is not there; mend the link"),
    ],
)
def test_missing_file_gets_the_nearest(here, text, fault):
    (here / "model.toml").touch()
    (here / "net.onnx").touch()
    (here / "dangling.onnx").symlink_to("gone.onnx")
    with pytest.raises(DataError) as caught:
        find_source(text, "spec", "onnx")
    assert str(caught.value) == f"{text}: {fault}"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty; make it or copy it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "is a Git LFS pointer in place of"),
        (b"\n<!DOCTYPE html><html>", "is a web page in place of the file"),
        (b"\x89PNG\r\n", "holds a picture, whatever its name says; give a"),
    ],
    ids=["empty", "lfs", "web page", "picture"],
)
@pytest.mark.parametrize("name", ["net.tflite", "net.onnx", "net.pt2"])
def test_what_is_no_model_is_told_before_it_is_read(tmp_path, name, content, fault):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: {fault}"):
        find_source(tmp_path / name, "onnx", "pt2", "tflite")


@pytest.mark.parametrize(
    ("name", "kinds", "parts"),
    [
        (
            "net.onnx",
            ["spec"],
            ["takes a model.toml, its folder or a zoo model.", "decant convert"],
        ),
        ("net.pt2", ["spec"], ["decant convert net.pt2", "torch.export.load"]),
        ("net.tflite", ["spec"], ["decant bench net.tflite", "docs/reference/model.toml.md"]),
        ("net.tflite", ["spec", "onnx"], ["(or its folder) or .onnx.", "decant quantize net.tfl"]),
        (
            "net.onnx",
            ["spec", "tflite"],
            ["(or its folder) or .tflite.", "decant convert net.onnx"],
        ),
        ("d'été.onnx", ["spec"], ["""decant convert 'd'"'"'été.onnx'"""]),
        ("net.pt", ["spec"], ["is a checkpoint, weights without the network", "model.toml"]),
        ("net.py", ["spec"], ["is code; name it in a model.toml, as factory"]),
        ("samples.npz", ["tflite"], ["holds arrays; --calibration", "takes .tflite;"]),
        ("net.txt", ["onnx", "pt2"], ["is no model. This command takes .onnx or .pt2"]),
    ],
)
def test_file_the_command_has_no_use_for(here, name, kinds, parts):
    (here / name).write_bytes(b"something")
    with pytest.raises(UsageError) as caught:
        find_source(name, *kinds)
    for part in (name, *parts):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("there", "hint"),
    [
        (["notes.txt"], "name a model.toml (or its folder) or .onnx"),
        (["net.onnx"], 'did you mean "models/net.onnx"?'),
        (["digits/model.toml"], 'did you mean "models/digits"?'),
        (["saved_model.pb"], "is a TensorFlow model; decant starts from PyTorch or ONNX"),
    ],
)
def test_folder_without_a_spec_tells_what_is_in_it(here, there, hint):
    for name in there:
        (here / "models" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "models" / name).touch()
    with pytest.raises(UsageError) as caught:
        find_source("models", "spec", "onnx")
    assert str(caught.value).startswith("models: ")
    assert hint in str(caught.value)


def test_torchscript_is_told_from_a_checkpoint(here):
    with zipfile.ZipFile("net.pt", "w") as archive:
        archive.writestr("net/constants.pkl", b"")
    with pytest.raises(UsageError, match=r"net\.pt: is TorchScript, .* dynamo=False\)"):
        find_source("net.pt", "spec")
