"""`decant lint`: what is printed, and when it exits with 1."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from lint_subject import Built, normal

from decant import pipeline
from decant.cli.lint import show_findings
from decant.cli.terminal import Terminal
from decant.quantize.lint import CHECKS, LintFinding, LintReport, Place

PAGE = Path(__file__).parents[2] / "docs/reference/lint.md"
NOTHING = f"nothing found ({len(CHECKS)} checks, 40 of 40 calibration samples)"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A file with a masking constant and one without, and samples for both."""
    monkeypatch.chdir(tmp_path)
    for name, mask in (("masked", -1e9), ("plain", 1)):
        built = Built((1, 8))
        constant = built.constant([1, 1, 1, mask, 1, 1, 1, 1])
        made = built.one("ADD", [*built.inputs, constant], (1, 8))
        (tmp_path / f"{name}.tflite").write_bytes(built.ends(made).to_bytes())
    np.savez("samples.npz", x=normal(40, 1, 8).clip(-1, 1))
    return tmp_path


def test_nothing_is_found(decant, files):
    ended = decant("lint", "plain.tflite", "--calibration", "samples.npz", "--strict")
    assert (ended.code, ended.out) == (0, f"plain.tflite: {NOTHING}\n")


def test_a_finding(decant, files):
    ended = decant("lint", "masked.tflite")
    assert ended.code == 0
    first, second, *_ = ended.out.splitlines()
    assert first == "warning: masking constants [masking-constant]"
    assert "(ADD): a constant of -1e+09 beside values up to 1 goes into it" in second
    assert "→ mask with a number that is just large enough" in ended.out
    assert "masked.tflite: 2 warnings (" in ended.out
    assert "more checks want real samples: --calibration X.npz" in ended.out.replace("\n  ", " ")


def test_strict_exits_with_1_and_leaves_the_result(decant, files):
    ended = decant("lint", "masked.tflite", "--strict", "--json")
    assert ended.code == 1
    answer = json.loads(ended.out)
    assert "masking-constant" in answer["error"]["message"]
    mask, outside = answer["result"]["report"]["findings"]
    assert (mask["code"], mask["figures"]) == ("masking-constant", {"constant": -1e9})
    # Its sum is no int8 ADD of XNNPACK's.
    assert outside["code"] == "outside-delegate"


def test_a_model_is_linted_with_its_own_samples(decant, built):
    ended = decant("lint", "model.toml")
    assert ended.code == 0, ended.err
    # The conversion that the release made serves.
    assert "convert   nothing has changed" in ended.err
    assert "few-samples" in ended.out
    assert ended.out.splitlines()[-1].startswith("bright: ")


def test_from_python(files):
    linted = pipeline.lint("plain.tflite", calibration="samples.npz")
    assert linted.model == "plain.tflite"
    assert linted.report.findings == ()


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("plain.tflite", "--shape", "x=1,8"), 2, "is converted already; leave it out"),
        (("plain.tflite", "--set", "seed=3"), 2, "has no spec, whose keys could be set"),
        (("plain.tflite", "--calibration", "wrong.npz"), 5, "the model's inputs are 'x'"),
        (("plain.tflite", "--calibration", "none.npz"), 5, "none.npz: no such file"),
        (("plain.tflite", "--calibration", "nan.npz"), 5, "NaN or infinite"),
        (("plain.tflite", "--calibration", "empty.npz"), 5, "is empty"),
        (("plain.tflite", "--calibration", "shape.npz"), 5, "the model takes [1, 8]"),
    ],
)
def test_what_cannot_be_linted(decant, files, args, code, message):
    np.savez("wrong.npz", y=normal(40, 1, 8))
    np.savez("nan.npz", x=np.full((4, 1, 8), np.nan, np.float32))
    np.savez("empty.npz", x=np.zeros((0, 1, 8), np.float32))
    np.savez("shape.npz", x=np.zeros((4, 1, 9), np.float32))
    ended = decant("lint", *args)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_the_reference_lists_every_finding(check):
    mark = "" if check.needs_samples else " ●"
    row = rf"^\| `{check.code}`{mark} \| {check.severity}[ ;]"
    assert re.search(row, PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def finding(code, severity, evidence, places=0):
    where = tuple(Place(operator="ADD", tensor=f"t{at}", module="a.b") for at in range(places))
    return LintFinding(
        code=code, severity=severity, places=where, evidence=evidence, figures={}, cure="mend it"
    )


def test_many_findings_are_cut_short(capsys):
    found = [finding("dead-channels", "info", f"number {at}", places=5) for at in range(7)]
    counts = {"operators": {}, "samples": 3, "given_samples": 9}
    report = LintReport(findings=tuple(found), checked=("a",), unchecked=(), **counts)
    show_findings(Terminal(sys.stdout, sys.stderr), pipeline.Linted("net", report))
    told = capsys.readouterr().out
    assert told.startswith("info: output channels without weights [dead-channels] (7)\n")
    assert "a.b (ADD), a.b (ADD), a.b (ADD) and 2 more: number 2" in told
    assert "number 3" not in told
    assert "… and 4 more, which --json lists" in told
    assert told.count("→ mend it") == 1
    assert told.endswith("net: 7 info (1 checks, 3 of 9 calibration samples)\n")
