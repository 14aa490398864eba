"""Of what was measured, and of the gate."""

from __future__ import annotations

from pathlib import Path

from decant.bench.gate_result import Check
from decant.bench.schema import Report

from .document import Document


class MeasuredDocument(Document):
    """What was measured.

    Attributes:
        folder: Where `report.json` lies; null where nothing was written.
        tflite: The file that was chosen; null where a file alone was measured.
        passed: Whether every requirement of the spec is met.
        broken: A line for each requirement that is not.
        report: As `report.json` has it.
    """

    folder: Path | None
    tflite: Path | None
    passed: bool
    broken: tuple[str, ...]
    report: Report


class JudgedDocument(Document):
    """What the gate said.

    Attributes:
        folder: Where `report.json`, `gate.md` and `gate.xml` lie.
        model: Name of the model.
        passed: Whether the model may be released.
        checks: Requirements first, then the baseline's metrics, then slices, which only inform.
        report_sha256: Of the `report.json` that was judged.
        warnings: What weakens the comparison.
    """

    folder: Path
    model: str
    passed: bool
    checks: tuple[Check, ...]
    report_sha256: str
    warnings: tuple[str, ...]


class DrawnDocument(Document):
    """A report that was drawn.

    Attributes:
        page: `report.html`.
        report: What it shows, as `report.json` has it.
    """

    page: Path
    report: Report
