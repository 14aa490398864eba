"""The commands on a model with a spec, other than training it or going the whole way."""

from __future__ import annotations

import contextlib
import importlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from ..artifacts import remove, updated_folder
from ..errors import DataError, GateFailed
from ..manifest import REPORT
from ..one_run import check_one_run
from ..provenance import check_current, provenance_of
from ..source import find_source
from . import pipeline
from .project import locked, open_project

if TYPE_CHECKING:
    from .project import Project
    from .terminal import Terminal


def bench(terminal: Terminal, source: str, out: Path | None, threads: tuple[int, ...]) -> None:
    """Measure a file, or measure a model's candidates again.

    Raises:
        GateFailed: If a requirement of the model's spec is not met.
        DataError: If the file is missing or damaged.
    """
    found = find_source(source, "spec", "tflite")
    if found.kind == "spec":
        pipeline.run(terminal, source, out, measure_again=True, threads=threads)
        return
    measured = importlib.import_module("decant.bench")
    # A folder that cannot be written is told of before the time is spent.
    with contextlib.nullcontext() if out is None else updated_folder(out) as temporary:
        report = measured.measure_file(found.path, threads=threads)
        if temporary is not None:
            report.save(temporary / "report.json")
    importlib.import_module("decant.cli.tables").show_files(terminal, report)
    if out is not None:
        terminal.result(f"{out / 'report.json'}")


def gate(terminal: Terminal, model: str, baseline: Path | None, out: Path | None) -> None:
    """Check a model's report against its requirements and a baseline.

    Raises:
        GateFailed: If the answer is no.
        DataError: If there is no report yet, it is stale, or the baseline cannot be read.
    """
    source = find_source(model, "spec")
    _forget_answer(source.path, out)
    project = open_project(model, out)
    _need_report(project, out)
    with locked(project.out):
        result = importlib.import_module("decant.bench").gate(
            project.out, project.spec, baseline=baseline, renewal=project.renewal
        )
    for line in result.lines():
        terminal.result(line)
    if not result.passed:
        failed = ", ".join(check.name for check in result.failed)
        raise GateFailed(f"the gate says no to {failed}; {project.out / 'gate.md'} has the details")


def _forget_answer(spec: Path, out: Path | None) -> None:
    """Remove what an earlier gate wrote, so that none outlives one that cannot judge.

    A spec that is unusable by now may still tell where that is.
    """
    files = importlib.import_module("decant.bench.gate_files")
    folder = out
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        folder = folder or Path("build", tomllib.loads(spec.read_text())["model"]["name"])
    if folder is not None and not folder.is_file():
        for name in (files.JUNIT, files.SUMMARY):
            remove(folder / name)


def report(terminal: Terminal, model: str, out: Path | None) -> None:
    """Draw the report of a model again.

    Raises:
        DataError: If there is no report yet, or it is stale.
    """
    project = open_project(model, out)
    _need_report(project, out)
    path = project.out / REPORT
    with locked(project.out):
        bench = importlib.import_module("decant.bench")
        made_from = bench.load_report(path, project.renewal).made_from
        check_one_run(path, project.renewal)
        check_current(path, made_from, provenance_of(project.spec), project.renewal)
        page = bench.render(project.out)
    terminal.result(f"{page}")


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
