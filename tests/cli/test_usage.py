"""What is typed wrongly is answered with what to type."""

import pytest

from decant import __version__

COMMANDS = [
    "tflite",
    "convert",
    "quantize",
    "train",
    "distill",
    "bench",
    "gate",
    "report",
    "feedback",
    "doctor",
]


def test_version(decant):
    assert decant("--version").out == f"decant {__version__}\n"


def test_help_lists_every_command(decant):
    ended = decant("--help")
    assert ended.code == 0
    for command in COMMANDS:
        assert f" {command} " in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(decant, command):
    ended = decant(command, "--help")
    assert ended.code == 0
    assert f"decant {command}" in ended.out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("tflite",), "Missing argument 'MODEL'"),
        (("tflit", "detector"), "tflite"),
        (("convert",), "Missing argument 'SOURCE'"),
        (("convert", "a.onnx", "-o", "x", "--input-layout", "nchw"), "nchw"),
        (("bench", "a.tflite", "--threads", "0"), "greater than or equal to 1"),
        (("tflite", "detectr"), 'did you mean "detector"?'),
        (("tflite", "nothing"), "the zoo has"),
        (("bench", "model.onnx"), "model.onnx"),
        (("quantize", "{onnx}", "-o", "x"), "needs --calibration"),
    ],
)
def test_usage_errors_exit_with_2(decant, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.onnx").touch()
    ended = decant(*(arg.format(onnx="model.onnx") for arg in args))
    assert ended.code == 2
    assert message in ended.err
    assert ended.out == ""


def test_doctor_finds_everything_here(decant):
    ended = decant("doctor")
    assert ended.code == 0
    assert "nothing is missing" in ended.out
    assert "detector" in ended.out
    assert ended.err == ""


def test_doctor_names_what_is_missing(decant, monkeypatch):
    monkeypatch.setattr("decant.cli.doctor.MODULES", {"no_such_module": "do anything"})
    ended = decant("doctor")
    assert ended.code == 5
    assert "no_such_module: cannot do anything" in ended.out
