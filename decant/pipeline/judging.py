"""`gate` and `report`: what is said of a model that has been measured."""

from __future__ import annotations

import contextlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..artifacts import remove
from ..errors import DataError
from ..files import GATE_JUNIT, GATE_SUMMARY, REPORT
from ..one_run import check_one_run
from ..provenance import check_current, provenance_of
from ..source import find_source
from .project import locked, open_project

if TYPE_CHECKING:
    from decant.bench import GateResult, Report

    from ..overrides import Overrides
    from ..paths import AnyPath
    from .documents.measurement import DrawnDocument, JudgedDocument
    from .project import Project


@dataclass(frozen=True, slots=True)
class Judged:
    """What the gate said.

    Attributes:
        folder: Build folder, where `gate.md` and `gate.xml` lie.
        result: All checks; `result.passed` is the answer.
    """

    folder: Path
    result: GateResult

    def document(self) -> JudgedDocument:
        """Write it as `--json` does."""
        from .documents.measurement import JudgedDocument

        return JudgedDocument(
            folder=self.folder,
            model=self.result.model,
            passed=self.result.passed,
            checks=self.result.checks,
            report_sha256=self.result.report_sha256,
            warnings=self.result.warnings,
        )


@dataclass(frozen=True, slots=True)
class Drawn:
    """A report that was drawn.

    Attributes:
        page: `report.html`.
        report: What it shows.
    """

    page: Path
    report: Report

    def document(self) -> DrawnDocument:
        """Write it as `--json` does."""
        from .documents.measurement import DrawnDocument

        return DrawnDocument(page=self.page, report=self.report)


def gate(
    model: AnyPath,
    out: AnyPath | None = None,
    *,
    baseline: AnyPath | None = None,
    overrides: Overrides | None = None,
) -> Judged:
    """Check a model's report against its requirements and a baseline.

    Args:
        model: A zoo model's name, a `model.toml` or its folder.
        out: Build folder; `build/NAME` below the current folder if None.
        baseline: An earlier `report.json`, or its folder; the spec's if None.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Returns:
        The answer, a no as well.

    Raises:
        DataError: If there is no report yet, it is stale, or the baseline cannot be read.
    """
    from decant.bench import gate as judge

    folder = None if out is None else Path(out)
    _forget_answer(find_source(model, "spec").path, folder)
    project = open_project(model, folder, overrides)
    _need_report(project, folder)
    with locked(project.out):
        result = judge(project.out, project.spec, baseline=baseline, renewal=project.renewal)
    return Judged(project.out, result)


def report(
    model: AnyPath, out: AnyPath | None = None, *, overrides: Overrides | None = None
) -> Drawn:
    """Draw the report of a model again.

    Args:
        model: A zoo model's name, a `model.toml` or its folder.
        out: Build folder; `build/NAME` below the current folder if None.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Raises:
        DataError: If there is no report yet, or it is stale.
    """
    from decant.bench import load_report, render

    folder = None if out is None else Path(out)
    project = open_project(model, folder, overrides)
    _need_report(project, folder)
    path = project.out / REPORT
    with locked(project.out):
        found = load_report(path, project.renewal)
        check_one_run(path, project.renewal)
        check_current(path, found.made_from, provenance_of(project.spec), project.renewal)
        return Drawn(render(project.out), found)


def _forget_answer(spec: Path, out: Path | None) -> None:
    """Remove what an earlier gate wrote, so that none outlives one that cannot judge.

    A spec that is unusable by now may still tell where that is.
    """
    folder = out
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        folder = folder or Path("build", tomllib.loads(spec.read_text())["model"]["name"])
    if folder is not None and not folder.is_file():
        for name in (GATE_JUNIT, GATE_SUMMARY):
            remove(folder / name)


def _need_report(project: Project, out: Path | None) -> None:
    """Ask for what was measured: in the build folder, which --out names if it is another one."""
    wanted, usual = project.out / REPORT, Path("build", project.spec.model.name)
    if wanted.is_file():
        return
    if out is not None and out.suffix == ".html":
        raise DataError(
            f"{out}: --out names the build folder, in which the page is written as report.html; "
            "leave --out away"
        )
    if out is not None and (usual / REPORT).is_file():
        raise DataError(
            f"{wanted}: there is none; --out names the build folder that is read and written. "
            f"{usual} has a report: leave --out away"
        )
    raise DataError(f"{wanted}: not there yet; run {project.renewal} first")
