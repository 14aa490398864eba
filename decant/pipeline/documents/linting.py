"""Of a lint."""

from __future__ import annotations

from decant.quantize.lint import LintReport

from .document import Document


class LintedDocument(Document):
    """What will hurt when a model is quantized.

    Attributes:
        model: The spec's name of it, or the file's path.
        report: All findings, and what was looked for.
    """

    model: str
    report: LintReport
