"""Lint: what will hurt when a model is quantized, and what is done about it."""

from .findings import SEVERITIES, LintFinding, LintReport, Place, Severity
from .linting import lint
from .registry import CHECKS, TITLES
from .subject import MOST_SAMPLES

__all__ = [
    "CHECKS",
    "MOST_SAMPLES",
    "SEVERITIES",
    "TITLES",
    "LintFinding",
    "LintReport",
    "Place",
    "Severity",
    "lint",
]
