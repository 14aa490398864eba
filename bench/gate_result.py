"""What the gate says: in lines, as JUnit XML for CI and as Markdown for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

SHA256 = "report_sha256"

HEADINGS = {
    "requirements": "Requirements of the spec",
    "baseline": "Against the baseline",
    "slices": "Slices (they inform, they decide nothing)",
}
SIGNS = {"passed": "✅", "failed": "❌", "not measured": "⚪", "informs": "·"}

Outcome = Literal["passed", "failed", "not measured", "informs"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the gate looked at.

    Attributes:
        group: "requirements", "baseline" or "slices".
        name: Of the requirement, metric or slice.
        outcome: Only "failed" closes the gate.
        text: The figures, in one line.
    """

    group: str
    name: str
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate says.

    Attributes:
        model: Name of the model.
        checks: Requirements first, then the baseline's metrics, then slices.
        report_sha256: Of the `report.json` that was judged.
        warnings: What weakens the comparison.
    """

    model: str
    checks: tuple[Check, ...]
    report_sha256: str
    warnings: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that close the gate."""
        return tuple(check for check in self.checks if check.outcome == "failed")

    @property
    def passed(self) -> bool:
        """Whether the gate is open."""
        return not self.failed

    def lines(self) -> list[str]:
        """Write the result for a terminal; slices are left to the Markdown summary."""
        found = [
            f"{check.outcome}: {check.text}" for check in self.checks if check.group != "slices"
        ]
        found += [f"warning: {warning}" for warning in self.warnings]
        return [*found, f"gate {'passed' if self.passed else 'failed'}: {self.model}"]


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
