"""`decant tflite` and `decant bench`: the whole way, and what the user sees of it."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GateFailed
from ..manifest import build_manifest
from ..source import find_source, zoo_models
from .project import locked, open_project
from .publication import files_of, is_published, publish
from .way import Way

if TYPE_CHECKING:
    from .terminal import Terminal


def run(
    terminal: Terminal,
    model: str,
    out: Path | None,
    *,
    measure_again: bool = False,
    threads: tuple[int, ...] = (),
) -> None:
    """Go the whole way, or only those parts of it whose inputs have changed.

    Args:
        terminal: Where progress and the outcome are shown.
        model: What the user typed.
        out: Build folder; `build/NAME` if None.
        measure_again: Measure even if nothing has changed, which is what `decant bench` does.
        threads: To time with besides one, instead of all cores.

    Raises:
        DecantError: Of any kind; the build folder is then as it was.
        GateFailed: If no candidate meets the requirements; the build folder is new all the same.
    """
    started = time.monotonic()
    project = open_project(model, out)
    with locked(project.out):
        way = Way(project, terminal, measure_again, threads)
        results = way.go()
        files = {name: digest for result in results for name, digest in files_of(result)}
        # The spec's name alone: where it lies is another matter on every machine.
        name = model if model in zoo_models() else find_source(model, "spec").path.name
        command = ["decant", "bench" if measure_again else "tflite", name]
        command += [part for count in threads for part in ("--threads", str(count))]
        manifest = build_manifest(
            project.spec.model.name, command, project.spec.seed, files, way.made_from
        )
        if is_published(project.out, manifest):
            terminal.say(f"nothing to do: {project.out} is up to date")
        else:
            publish(project.out, results, manifest)
            terminal.say(f"{project.out} is ready after {time.monotonic() - started:.0f} s")
        show_report(terminal, project.out)


def show_report(terminal: Terminal, folder: Path) -> None:
    """Print the candidates and the verdict of a report.

    Raises:
        GateFailed: If a requirement is not met.
    """
    tables = importlib.import_module("decant.cli.tables")
    report = importlib.import_module("decant.bench").load_report(folder / "report.json")
    tables.show_files(terminal, report)
    broken = tables.show_verdict(terminal, report)
    if broken:
        raise GateFailed("not every requirement is met:\n  " + "\n  ".join(broken))
