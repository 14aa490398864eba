"""The verdict on the terminal calls met only what was measured and is met."""

import os
import re
import sys
import termios

import pytest
from measured import measured

from decant.bench import load_report
from decant.cli.tables import show_files, show_verdict
from decant.cli.terminal import Terminal


@pytest.mark.parametrize(
    ("status", "required", "word"),
    [
        ("met", True, "met"),
        ("broken", True, "FAIL"),
        ("not measured", True, "FAIL"),
        ("not measured", False, "not measured"),
    ],
)
def test_row_starts_with_what_became_of_it(capsys, status, required, word):
    report = load_report(measured() / "report.json")
    row = report.verdict[0].model_copy(update={"status": status, "required": required})
    broken = show_verdict(
        Terminal(sys.stdout, sys.stderr), report.model_copy(update={"verdict": (row,)})
    )
    printed = capsys.readouterr().out.splitlines()[0]
    assert printed[:13].rstrip() == word
    assert len(broken) == (word == "FAIL")


def shown(columns):
    """Show the files on a terminal of some width; returns what it got, without colours."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with os.fdopen(theirs, "w", encoding="utf-8") as out:
        show_files(Terminal(out, sys.stderr), load_report(measured() / "report.json"))
        sent = os.read(ours, 1 << 16).decode()
    os.close(ours)
    return re.sub(r"\x1b\[[\d;]*m", "", sent)


def test_wide_terminal_gets_the_intervals():
    text = shown(120)
    assert "drop (95 %)" in text
    assert "model_int8_dynamic.tflite" in text


def test_narrow_terminal_gets_whole_names_and_no_intervals():
    text = shown(60)
    assert "drop" in text
    assert "95 %" not in text
    assert "…" not in text
    table = text.splitlines()[1:]
    assert max(len(line) for line in table) <= 60
