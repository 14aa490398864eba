"""The verdict on the terminal calls met only what was measured and is met."""

import contextlib
import itertools
import os
import re
import sys
import termios

import pytest
from bench_reports import entry
from measured import measured, model_file

from decant.bench import load_report, measure_file
from decant.cli.tables import show_files, show_verdict
from decant.cli.terminal import Terminal
from decant.pipeline import Measured


@pytest.mark.parametrize(
    ("status", "required", "word"),
    [
        ("met", True, "met"),
        ("broken", True, "not met"),
        ("not measured", True, "not met"),
        ("not measured", False, "not measured"),
    ],
)
def test_row_starts_with_what_became_of_it(capsys, status, required, word):
    report = load_report(measured() / "report.json")
    row = report.verdict[0].model_copy(update={"status": status, "required": required})
    report = report.model_copy(update={"verdict": (row,)})
    show_verdict(Terminal(sys.stdout, sys.stderr), report)
    printed = capsys.readouterr().out.splitlines()[0]
    assert printed[:13].rstrip() == word
    assert len(Measured(report, None).broken) == (word == "not met")


def shown(columns, report=None):
    """Show the files on a terminal of some width; returns what it got, without colours."""
    report = report or load_report(measured() / "report.json")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with os.fdopen(theirs, "w", encoding="utf-8") as out:
        show_files(Terminal(out, sys.stderr), report)
    sent = b""
    # What was sent arrives in pieces; once all of it has, reading fails (EIO).
    with contextlib.suppress(OSError):
        while piece := os.read(ours, 1 << 16):
            sent += piece
    os.close(ours)
    return re.sub(r"\x1b\[[\d;]*m", "", sent.decode())


def test_wide_terminal_gets_the_intervals():
    text = shown(160)
    assert "drop (95 %)" in text
    assert "model_int8_dynamic.tflite" in text


def test_narrow_terminal_gets_whole_names_and_no_intervals():
    text = shown(60)
    assert "drop" in text
    assert "95 %" not in text
    assert "…" not in text
    table = list(itertools.takewhile(lambda line: "warning" not in line, text.splitlines()[1:]))
    assert max(len(line) for line in table) <= 60


def test_candidate_has_the_name_that_the_choice_calls_it_by(capsys):
    report = load_report(measured() / "report.json")
    show_verdict(Terminal(sys.stdout, sys.stderr), report)
    name = report.chosen.name
    assert f"→  {name}" in shown(80)
    assert f"chosen: {name} ({report.chosen.file}), " in capsys.readouterr().out


def test_why_a_faster_file_was_not_chosen_follows_the_choice_once(capsys):
    report = load_report(measured() / "report.json")
    line = "fast is faster (0.52 ×), but its file size is 1 MB"
    choice = report.choice.model_copy(update={"passed_over": (line,)})
    show_verdict(Terminal(sys.stdout, sys.stderr), report.model_copy(update={"choice": choice}))
    printed = capsys.readouterr().out.splitlines()
    assert printed[-2].startswith("chosen: ")
    assert printed[-1] == f"  {line}"
    assert sum(line in each for each in printed) == 1


def two_files(**times):
    """Give a report of two files whose times are chosen."""
    files = [entry("float"), entry("int8", ratio=0.5).model_copy(update={"chosen": True})]
    for index, each in enumerate(files):
        settings = {key: time.model_copy(update=times) for key, time in each.latency_ms.items()}
        files[index] = each.model_copy(update={"latency_ms": settings})
    update = {"reference": files[0], "candidates": tuple(files[1:])}
    return load_report(measured() / "report.json").model_copy(update=update)


def test_every_setting_that_was_timed_has_a_column():
    lines = shown(80, two_files()).splitlines()
    assert re.search(r"1 thread +× +2 threads +×", lines[1])
    assert re.search(r"5.00 ms +0.50 +4.00 ms +0.40", lines[3])


def test_lone_file_is_not_compared_with_itself():
    text = shown(60, measure_file(model_file("float").path, threads=(2,)))
    assert "×" not in text
    assert "4 of 4 operators, 1 partition" in text
    for setting in ("1 thread", "2 threads"):
        assert len(re.findall(rf"latency, {setting} +[\d.]+ ms", text)) == 1


@pytest.mark.parametrize(("share", "told"), [(0.37, True), (0.02, False), (None, False)])
def test_busy_machine_is_told(share, told):
    text = shown(200, two_files(other_work=share))
    assert ("the machine was busy (other work took 37 % of its CPU time" in text) is told
    assert ("times are too high, ratios hold better" in text) is told
