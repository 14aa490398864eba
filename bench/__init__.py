"""What a file costs, how right it is, what follows from that, and the page that shows it."""

from __future__ import annotations

from .drawing import render, report_lines
from .gate import gate
from .gate_result import GateResult
from .measure import measure, measure_file
from .model_file import ModelFile
from .reading import load_report
from .schema import Report

__all__ = [
    "GateResult",
    "ModelFile",
    "Report",
    "gate",
    "load_report",
    "measure",
    "measure_file",
    "render",
    "report_lines",
]
