"""What is typed wrongly is answered with what to type."""

import re

import pytest

from decant import __version__
from decant.machine import this_machine

COMMANDS = [
    "ops",
    "tflite",
    "convert",
    "lint",
    "quantize",
    "train",
    "distill",
    "bench",
    "gate",
    "report",
    "demo",
    "bundle",
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
    ],
)
def test_usage_errors_exit_with_2(decant, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"something")
    ended = decant(*args)
    assert ended.code == 2
    assert message in ended.err
    assert ended.out == ""


def test_doctor_finds_everything_here(decant):
    ended = decant("doctor")
    assert ended.code == 0
    assert ended.out.splitlines()[-1].startswith("nothing is missing")
    assert "detector" in ended.out
    assert ended.err == ""


@pytest.mark.parametrize(
    ("isa", "told"),
    [(("avx2", "avx512_vnni", "amx_int8"), "amx_int8"), (("asimd",), "asimd"), ((), "plain ones")],
    ids=["amx", "arm", "unknown"],
)
def test_doctor_names_the_int8_kernels(decant, monkeypatch, isa, told):
    machine = this_machine().model_copy(update={"isa": isa})
    monkeypatch.setattr("decant.pipeline.installation.this_machine", lambda: machine)
    assert f"int8 kernels {told}\n" in decant("doctor").out


@pytest.fixture
def machine_without_tools(monkeypatch, tmp_path):
    for name in ("ANDROID_HOME", "ANDROID_SDK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_doctor_says_what_the_demos_lack(decant, machine_without_tools):
    ended = decant("doctor")
    assert ended.code == 0
    for name in ("JDK", "Node", "npm", "Chromium", "adb", "Android SDK"):
        assert re.search(rf"^  {name} +not found: .+ \(.+\)$", ended.out, re.MULTILINE), name
    assert ended.out.splitlines()[-1] == "nothing is missing, but for the demos"


@pytest.mark.parametrize(
    ("platform", "told"),
    [
        (None, "nothing is missing, but for building the app or putting it on a phone"),
        ("android-36", "nothing is missing"),
    ],
    ids=["no-sdk", "all"],
)
def test_doctor_ends_with_the_gaps_that_it_has_named(
    decant, monkeypatch, machine_without_tools, platform, told
):
    monkeypatch.setattr("decant.pipeline.installation.version_of", lambda tool: "1.0")
    monkeypatch.setattr("decant.pipeline.installation._missing_packages", lambda: "")
    if platform:
        (machine_without_tools / "platforms" / platform).mkdir(parents=True)
        monkeypatch.setenv("ANDROID_HOME", str(machine_without_tools))
    assert decant("doctor").out.splitlines()[-1] == told


def test_doctor_gives_the_versions_of_tools(decant, machine_without_tools, monkeypatch):
    for name, line in (("javac", "javac 17.0.9"), ("node", "v20.1.2"), ("adb", "no number")):
        program = machine_without_tools / name
        program.write_text(f"#!/bin/sh\necho {line}\n")
        program.chmod(0o755)
    sdk = machine_without_tools / "sdk"
    (sdk / "platforms/android-36").mkdir(parents=True)
    monkeypatch.setenv("ANDROID_HOME", str(sdk))
    ended = decant("doctor")
    assert re.search(r"^  JDK +17\.0\.9$", ended.out, re.MULTILINE)
    assert re.search(r"^  Node +20\.1\.2$", ended.out, re.MULTILINE)
    assert re.search(r"^  adb +not found", ended.out, re.MULTILINE)
    assert re.search(r"^  Android SDK +.*sdk \(android-36\)$", ended.out, re.MULTILINE)


def test_doctor_names_what_is_missing(decant, monkeypatch):
    monkeypatch.setattr("decant.pipeline.installation.MODULES", {"no_such_module": "do anything"})
    ended = decant("doctor")
    assert ended.code == 5
    assert "no_such_module: cannot do anything" in ended.out
