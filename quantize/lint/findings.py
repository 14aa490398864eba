"""What is found of a model before it is quantized."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The gravest first."""


class Place(BaseModel):
    """Where in the model something was found.

    Attributes:
        operator: Kind of the operator that writes the tensor, such as "CONV_2D"; "" of an input.
        tensor: Its name in the float file, as `keep_float` and `groups` match it.
        module: Path of the PyTorch module that it comes from; "" where that is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operator: str
    tensor: str
    module: str = ""

    def __str__(self) -> str:
        """Write it for the reader, the module first."""
        kind = self.operator or "input"
        return f"{self.module or self.tensor} ({kind})"


class LintFinding(BaseModel):
    """One thing that will hurt, or that is worth knowing.

    Attributes:
        code: What it is, the same in every version: `docs/reference/lint.md` lists them.
        severity: "error" where no right int8 file can come of it, "warning" where accuracy or time
            is lost unless something is done, "info" where decant does it or little is lost.
        places: Operators that it is about, the worst first; none where it is about the data.
        evidence: What was seen, in a sentence.
        figures: The numbers of the evidence by name; a unit is the end of a name.
        cure: What decant does about it, or what there is to do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    code: str
    severity: Severity
    places: tuple[Place, ...] = ()
    evidence: str
    figures: dict[str, float]
    cure: str


class LintReport(BaseModel):
    """What was found of a float file.

    Attributes:
        findings: The gravest first.
        checked: Codes of all that was looked for.
        unchecked: Codes of what was not, since there is no calibration data.
        operators: Of the float file after decant's rewrites, by kind.
        samples: Calibration samples that were run.
        given_samples: That there were.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: tuple[LintFinding, ...]
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]
    operators: dict[str, int]
    samples: int
    given_samples: int

    def count(self, severity: Severity) -> int:
        """Count the findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)
