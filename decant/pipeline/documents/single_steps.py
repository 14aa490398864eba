"""Of one step: a conversion, or the candidates."""

from __future__ import annotations

from pathlib import Path

from decant.convert.report import ConvertReport, SignaturesReport
from decant.quantize.report import QuantizeReport, SignaturesQuantizeReport

from .document import Document
from .routes import RoutesReport


class ConvertedDocument(Document):
    """A conversion.

    Attributes:
        folder: Where its files lie.
        tflite: The float file; another converter's, where only that could make one.
        report: As `convert.json` has it, or, of a file of several signatures, `signatures.json`;
            null where decant has refused the model.
        routes: As `routes.json` has it; null without `--routes`.
    """

    folder: Path
    tflite: Path
    report: ConvertReport | SignaturesReport | None
    routes: RoutesReport | None = None


class QuantizedDocument(Document):
    """The candidates of a model.

    Attributes:
        folder: Where their files lie.
        report: As `quantize.json` has it, or, of a file of several signatures,
            `quantize_signatures.json`.
    """

    folder: Path
    report: QuantizeReport | SignaturesQuantizeReport
