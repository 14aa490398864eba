"""What a check is: a code, how grave it is, what to do about it, and a function that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .findings import LintFinding

if TYPE_CHECKING:
    from .findings import Place, Severity
    from .subject import Subject


@dataclass(frozen=True, slots=True)
class Found:
    """What a check's function gives for each finding.

    Attributes:
        evidence: What was seen.
        figures: Its numbers by name.
        places: Operators that it is about, the worst first.
        severity: Instead of the check's own.
        cure: Instead of the check's own.
    """

    evidence: str
    figures: Mapping[str, float] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    severity: Severity | None = None
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of finding.

    Attributes:
        code: The same in every version.
        severity: Of its findings.
        title: What is wrong, for a heading.
        cure: What decant does about it, or what there is to do.
        find: Yields what it finds, the worst first.
        needs_samples: Whether it finds nothing without calibration data.
    """

    code: str
    severity: Severity
    title: str
    cure: str
    find: Callable[[Subject], Iterator[Found]]
    needs_samples: bool = True

    def findings(self, subject: Subject) -> Iterator[LintFinding]:
        """Look for it in a model."""
        for found in self.find(subject):
            yield LintFinding(
                code=self.code,
                severity=found.severity or self.severity,
                places=found.places,
                evidence=found.evidence,
                figures={name: float(value) for name, value in found.figures.items()},
                cure=found.cure or self.cure,
            )
