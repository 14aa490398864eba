"""`tflite` and `bench`: all stages, or a file alone."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..artifacts import updated_folder
from ..files import REPORT, SHIPPED
from ..manifest import build_manifest
from ..overrides import options_of
from ..source import find_source, zoo_models
from .project import locked, open_project, without_spec
from .publication import files_of, is_published, publish
from .signatures import check_one_signature
from .stages import Stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.bench import Report

    from ..overrides import Overrides
    from ..paths import AnyPath
    from .documents.measurement import MeasuredDocument
    from .project import Project

logger = logging.getLogger(__name__)

NO_RELEASE = (
    "a release has one, which is all that the app and the page run: decant convert makes the file"
    " without a release"
)
"""Why a model of several signatures is not built."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Attributes:
        report: As `report.json` has it.
        folder: Where that lies; None where nothing was written.
    """

    report: Report
    folder: Path | None

    @property
    def broken(self) -> list[str]:
        """A line for each requirement of the spec that is not met."""
        from decant.bench import verdict

        return [verdict.line(row) for row in self.report.verdict if not row.passed]

    def document(self) -> MeasuredDocument:
        """Write it as `--json` does."""
        from .documents.measurement import MeasuredDocument

        released = self.folder is not None and self.report.metric is not None
        return MeasuredDocument(
            folder=self.folder,
            tflite=self.folder / SHIPPED if self.folder is not None and released else None,
            passed=self.report.passed,
            broken=tuple(self.broken),
            report=self.report,
        )


def tflite(
    model: AnyPath, out: AnyPath | None = None, *, overrides: Overrides | None = None
) -> Measured:
    """Go the whole way, or only those parts of it whose inputs have changed.

    Args:
        model: A zoo model's name, a `model.toml` or its folder.
        out: Build folder; `build/NAME` below the current folder if None.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Returns:
        The report, whether or not every requirement is met.

    Raises:
        DecantError: Of any kind; the build folder is then as it was.
    """
    return _build(open_project(model, out, overrides), _name(model))


def bench(
    source: AnyPath,
    out: AnyPath | None = None,
    *,
    threads: Sequence[int] = (),
    overrides: Overrides | None = None,
) -> Measured:
    """Measure a file, or measure a model's candidates again.

    Args:
        source: A model, as `tflite` takes it, or a `.tflite` file.
        out: Folder to write; `build/NAME` for a model and none for a file if None.
        threads: To time with besides one, instead of all cores.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Returns:
        The report, whether or not every requirement is met.

    Raises:
        DecantError: Of any kind; the folder is then as it was.
    """
    found = find_source(source, "spec", "tflite")
    if found.kind == "spec":
        project = open_project(source, out, overrides)
        return _build(project, _name(source), measure_again=True, threads=tuple(threads))
    without_spec(source, overrides)
    from decant.bench import measure_file

    folder = None if out is None else Path(out)
    # A folder that cannot be written is told of before the time is spent.
    with contextlib.nullcontext() if folder is None else updated_folder(folder) as temporary:
        report = measure_file(found.path, threads=threads)
        if temporary is not None:
            report.save(temporary / REPORT)
    return Measured(report, folder)


def _build(
    project: Project,
    name: str,
    *,
    measure_again: bool = False,
    threads: tuple[int, ...] = (),
) -> Measured:
    from decant.bench import load_report

    started = time.monotonic()
    check_one_signature(project.spec, NO_RELEASE)
    if project.spec.open_lines:
        numbers = ", ".join(map(str, project.spec.open_lines))
        logger.warning("the spec is still marked TODO in line %s; say there what is so", numbers)
    with locked(project.out):
        stages = Stages(project, measure_again, threads)
        results = stages.go()
        files = {name: digest for result in results for name, digest in files_of(result)}
        command = ["decant", "bench" if measure_again else "tflite", name]
        command += options_of(project.spec.overrides)
        command += [part for count in threads for part in ("--threads", str(count))]
        manifest = build_manifest(
            project.spec.model.name, command, project.spec.seed, files, stages.made_from
        )
        if is_published(project.out, manifest):
            logger.info("nothing to do: %s is up to date", project.out)
        else:
            publish(project.out, results, manifest)
            logger.info("%s is ready after %.0f s", project.out, time.monotonic() - started)
        return Measured(load_report(project.out / REPORT), project.out)


def _name(model: AnyPath) -> str:
    """Name a model as on every machine: where its spec lies is another matter on each."""
    text = os.fspath(model)
    return text if text in zoo_models() else find_source(text, "spec").path.name
