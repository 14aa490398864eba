"""`decant lint`: what will hurt when a model is quantized, and what is done about it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..errors import GateFailed
from ..overrides import parse_overrides
from ..shapes import parse_shapes
from .options import Json, Set, Shapes, Verbose
from .session import session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.quantize.lint import LintFinding, LintReport

    from .terminal import Terminal

SHOWN = 3
"""Findings of a code, and places of a finding, that are listed."""
PLAIN_WIDTH = 100
NARROWEST = 40


def lint(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A model, or a .onnx, .pt2 or float .tflite file."),
    ],
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="X.npz",
            help="Inputs by ONNX name and in ONNX axis order; a spec names its own. Without them"
            " only the graph and the weights of a file are looked at.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 on any error or warning.")
    ] = False,
    shapes: Shapes = None,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say what will hurt when a model is quantized, where, and what is done about it."""
    with session("lint", verbose=verbose, as_json=as_json) as terminal:
        found = pipeline.lint(
            source,
            calibration=calibration,
            shapes=parse_shapes(shapes),
            overrides=parse_overrides(changes),
        )
        terminal.give(found, show_findings)
        grave = [each for each in found.report.findings if each.severity != "info"]
        if strict and grave:
            codes = ", ".join(dict.fromkeys(each.code for each in grave))
            raise GateFailed(f"--strict: lint found {codes}; {grave[0].cure}")


def show_findings(terminal: Terminal, found: pipeline.Linted) -> None:
    """Print the findings, those of one code together, and a count."""
    report = found.report
    width = max(terminal.columns or PLAIN_WIDTH, NARROWEST)
    kinds = dict.fromkeys((each.severity, each.code) for each in report.findings)
    for severity, code in kinds:
        alike = [each for each in report.findings if (each.severity, each.code) == (severity, code)]
        for line in _of_code(alike, width):
            terminal.result(line)
        terminal.result("")
    for line in _wrapped(_summary(found.model, report), width, ""):
        terminal.result(line)


def _of_code(findings: Sequence[LintFinding], width: int) -> list[str]:
    """Write the findings of one code and severity, with each cure once."""
    from decant.quantize.lint import TITLES

    first = findings[0]
    count = f" ({len(findings)})" if len(findings) > 1 else ""
    lines = [f"{first.severity}: {TITLES[first.code]} [{first.code}]{count}"]
    shown = findings[:SHOWN]
    for at, finding in enumerate(shown):
        places = _places(finding)
        text = f"{places}: {finding.evidence}" if places else finding.evidence
        lines += _wrapped(text, width, "  ")
        if at + 1 == len(shown) or shown[at + 1].cure != finding.cure:
            lines += _wrapped(f"→ {finding.cure}", width, "    ")
    if len(findings) > SHOWN:
        lines.append(f"  … and {len(findings) - SHOWN} more, which --json lists")
    return lines


def _places(finding: LintFinding) -> str:
    """Name the first places of a finding."""
    names = [str(place) for place in finding.places[:SHOWN]]
    rest = len(finding.places) - SHOWN
    return ", ".join(names) + (f" and {rest} more" if rest > 0 else "")


def _summary(model: str, report: LintReport) -> str:
    counts = [
        f"{count} {name}{'s' * (count != 1 and name != 'info')}"
        for name in ("error", "warning", "info")
        if (count := report.count(name))
    ]
    told = ", ".join(counts) or "nothing found"
    samples = f"{report.samples} of {report.given_samples}" if report.samples else "no"
    looked = f"{len(report.checked)} checks, {samples} calibration samples"
    missing = ""
    if report.unchecked:
        missing = f"; {len(report.unchecked)} more checks want real samples: --calibration X.npz"
    return f"{model}: {told} ({looked}{missing})"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    """Break a text into lines of at most a width, but no name within."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
