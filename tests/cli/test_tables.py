"""The verdict on the terminal calls met only what was measured and is met."""

import sys

import pytest
from measured import measured

from decant.bench import load_report
from decant.cli.tables import show_verdict
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
