"""Writes the gate's result as JUnit XML for CI and as Markdown for people."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from .gate import Check, GateResult

JUNIT = "gate.xml"
SUMMARY = "gate.md"
SHA256 = "report_sha256"

HEADINGS = {
    "requirements": "Requirements of the spec",
    "baseline": "Against the baseline",
    "slices": "Slices (they inform, they decide nothing)",
}
SIGNS = {"passed": "✅", "failed": "❌", "not measured": "⚪", "informs": "·"}


def junit(result: GateResult) -> str:
    """Write one test case per requirement and per metric of the baseline."""
    deciding = [check for check in result.checks if check.group != "slices"]
    skipped = [check for check in deciding if check.outcome == "not measured"]
    suite = ElementTree.Element(
        "testsuite",
        name=f"decant gate {result.model}",
        tests=str(len(deciding)),
        failures=str(len(result.failed)),
        skipped=str(len(skipped)),
        errors="0",
    )
    properties = ElementTree.SubElement(suite, "properties")
    ElementTree.SubElement(properties, "property", name=SHA256, value=result.report_sha256)
    for check in deciding:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"{result.model}.{check.group}", name=check.name, time="0"
        )
        if check.outcome == "failed":
            ElementTree.SubElement(case, "failure", message=check.text, type=check.group)
        elif check.outcome == "not measured":
            ElementTree.SubElement(case, "skipped", message=check.text)
        ElementTree.SubElement(case, "system-out").text = check.text
    if result.warnings:
        ElementTree.SubElement(suite, "system-err").text = "\n".join(result.warnings)
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _text(suite)


def markdown(result: GateResult) -> str:
    """Write a table per group."""
    verdict = "passed" if result.passed else f"failed ({len(result.failed)})"
    parts = [f"# Gate {verdict}: {result.model}\n"]
    for group, heading in HEADINGS.items():
        checks = [check for check in result.checks if check.group == group]
        if checks:
            parts.append(f"## {heading}\n\n" + _table(checks))
    parts += [f"> **Warning:** {warning}\n" for warning in result.warnings]
    parts.append(f"Judged: `report.json` with sha256 `{result.report_sha256}`\n")
    return "\n".join(parts)


def _table(checks: list[Check]) -> str:
    lines = ["| | check | figures |", "|---|---|---|"]
    for check in checks:
        text = check.text.removeprefix(f"{check.name}: ").replace("|", "\\|")
        lines.append(f"| {SIGNS[check.outcome]} {check.outcome} | `{check.name}` | {text} |")
    return "\n".join(lines) + "\n"


def _text(element: ElementTree.Element) -> str:
    return ElementTree.tostring(element, encoding="unicode") + "\n"
