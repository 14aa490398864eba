"""`decant tflite`: the whole way from a spec to a chosen, measured, described file."""

from __future__ import annotations

import importlib
import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..artifacts import read_json
from ..cache import Stage
from ..errors import GateFailed
from ..manifest import build_manifest
from ..tensors import TensorInfo
from .conversion import PARITY_SAMPLES, calibration_arrays, convert_network, spread
from .project import Project, locked, open_project
from .publication import files_of, is_published, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ..cache import Result
    from .terminal import Terminal

FLOAT = "float"
FLOAT_FILE = "model_fp32.tflite"
PARTS = ("calibration", "validation", "test")
RUNTIME = ("ai-edge-litert", "numpy", "opencv-python-headless")
CONVERTERS = ("onnx", "onnx-ir", "onnxruntime", "onnxscript", "tensorflow-cpu", "tensorflow")


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
        measure_again: Measure even if nothing has changed.
        threads: To time with, instead of one and all cores.

    Raises:
        DecantError: Of any kind; the build folder is then as it was.
        GateFailed: If no candidate meets the requirements; the build folder is new all the same.
    """
    started = time.monotonic()
    project = open_project(model, out)
    with locked(project.out):
        results = Way(project, terminal, threads).go(measure_again=measure_again)
        files = {name: digest for result in results for name, digest in files_of(result)}
        spec = project.spec
        manifest = build_manifest(spec.model.name, ("decant", "tflite", model), spec.seed, files)
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


@dataclass(frozen=True)
class Way:
    """The stages in order; each depends on the files of those before it."""

    project: Project
    terminal: Terminal
    threads: tuple[int, ...] = ()

    def go(self, *, measure_again: bool = False) -> tuple[Result, ...]:
        """Run what has to be run, and return the files of every stage."""
        self._run(self._checking(), self._check)
        converted = self._run(self._converting(), self._convert)
        quantized = self._run(
            self._quantizing(converted), lambda folder: self._quantize(converted, folder)
        )
        measured = self._run(
            self._measuring(converted, quantized),
            lambda folder: self._measure(converted, quantized, folder),
            again=measure_again,
        )
        released = self._run(
            self._releasing(converted, quantized, measured),
            lambda folder: self._release(converted, quantized, measured, folder),
        )
        drawn = self._run(self._drawing(measured), lambda folder: self._draw(measured, folder))
        return converted, quantized, measured, released, drawn

    def _checking(self) -> Stage:
        spec = self.project.spec
        return Stage(
            "data",
            {part: self._data(part) for part in PARTS},
            _sections(spec, "data", "task"),
            libraries=RUNTIME,
        )

    def _check(self, _out: Path) -> None:
        """Open every data set before anything takes time."""
        from ..datasets import check_disjoint, open_dataset

        spec = self.project.spec
        sources = {part: getattr(spec.data, part) for part in PARTS}
        check_disjoint(
            {part: open_dataset(each, spec.task, spec.folder) for part, each in sources.items()}
        )

    def _run(self, stage: Stage, work: Callable[[Path], None], *, again: bool = False) -> Result:
        """Run one stage unless its result is kept, and say so."""
        cache = self.project.cache
        if again:
            cache.forget(stage)
        found = cache.find(stage)
        if found is not None:
            self.terminal.say(f"{stage.name:9} nothing has changed")
            return found
        started = time.monotonic()
        self.terminal.say(f"{stage.name} …")
        result = cache.run(stage, work)
        self.terminal.say(f"{stage.name:9} done in {time.monotonic() - started:.1f} s")
        return result

    def _converting(self) -> Stage:
        spec = self.project.spec
        return Stage(
            "convert",
            {**self.project.network_inputs(), "calibration": self._data("calibration")},
            {**_sections(spec, "model", "input", "seed"), "samples": PARITY_SAMPLES},
            ("decant.convert",),
            (*RUNTIME, *CONVERTERS, "torch"),
        )

    def _convert(self, out: Path) -> None:
        few = {name: array[spread(len(array))] for name, array in self._calibration.items()}
        report = convert_network(self.project.spec, self._network, out, few)
        for warning in report.warnings:
            self.terminal.say(f"warning: {warning}")

    def _quantizing(self, converted: Result) -> Stage:
        return Stage(
            "quantize",
            {
                "model": converted.files[FLOAT_FILE],
                "calibration": self._data("calibration"),
                **self.project.recipe_input(),
            },
            _sections(self.project.spec, "quantization", "input", "seed"),
            ("decant.quantize",),
            (*RUNTIME, "ai-edge-quantizer"),
        )

    def _quantize(self, converted: Result, out: Path) -> None:
        quantize = importlib.import_module("decant.quantize")
        report = quantize.quantize(
            converted.folder / FLOAT_FILE,
            out,
            calibration=self._calibration,
            inputs=_infos(converted, "inputs"),
            outputs=_infos(converted, "outputs"),
            recipes=quantize.spec_recipes(self.project.spec),
        )
        for warning in report.warnings:
            self.terminal.say(f"warning: {warning}")

    def _measuring(self, converted: Result, quantized: Result) -> Stage:
        from ..machine import this_machine

        spec, files = self.project.spec, {**quantized.files, **converted.files}
        models = {name: digest for name, digest in files.items() if name.endswith(".tflite")}
        data = {name: self._data(name) for name in ("validation", "test")}
        return Stage(
            "measure",
            {**models, **data, **self.project.network_inputs()},
            {
                **_sections(spec, "model", "input", "task", "requirements", "quantization", "seed"),
                "machine": repr(this_machine()),
                "threads": self.threads,
            },
            ("decant.bench",),
            (*RUNTIME, "faster-coco-eval", "torch"),
        )

    def _measure(self, converted: Result, quantized: Result, out: Path) -> None:
        importlib.import_module("decant.bench").measure(
            self.project.spec,
            out,
            files=list(_model_files(converted, quantized)),
            network=self._network,
            parity=read_json(converted.folder / "convert.json")["parity"],
            threads=self.threads,
        )

    def _releasing(self, converted: Result, quantized: Result, measured: Result) -> Stage:
        chosen = _chosen(measured)
        files = {**quantized.files, **converted.files}
        return Stage(
            "release",
            {chosen: files[chosen], "validation": self._data("validation")},
            _sections(self.project.spec, "model", "input", "task"),
            ("decant.cli.release",),
            RUNTIME,
        )

    def _release(self, converted: Result, quantized: Result, measured: Result, out: Path) -> None:
        chosen = _chosen(measured)
        for file in _model_files(converted, quantized):
            if file.path.name == chosen:
                release = importlib.import_module("decant.cli.release")
                release.write_release(self.project.spec, file.path, file.inputs, file.outputs, out)

    def _drawing(self, measured: Result) -> Stage:
        return Stage("report", measured.files, packages=("decant.bench",), libraries=("jinja2",))

    def _draw(self, measured: Result, out: Path) -> None:
        for name in measured.files:
            shutil.copyfile(measured.folder / name, out / name)
        page = importlib.import_module("decant.bench").render(out)
        for name in measured.files:
            if out / name != page:
                (out / name).unlink()

    def _data(self, part: str) -> str:
        return self.project.data_input(getattr(self.project.spec.data, part))

    @cached_property
    def _network(self) -> Any:
        return importlib.import_module("decant.network").load_network(self.project.spec)

    @cached_property
    def _calibration(self) -> dict[str, NDArray[np.generic]]:
        return calibration_arrays(self.project.spec)


def _chosen(measured: Result) -> str:
    """Name the chosen file."""
    report = read_json(measured.folder / "report.json")
    entries = (report["reference"], *report["candidates"])
    return next(str(entry["file"]) for entry in entries if entry["chosen"])


def _model_files(converted: Result, quantized: Result) -> Iterator[Any]:
    """List the float file and the candidates for bench, the float file first."""
    model_file = importlib.import_module("decant.bench").ModelFile
    inputs, outputs = _infos(converted, "inputs"), _infos(converted, "outputs")
    yield model_file(FLOAT, converted.folder / FLOAT_FILE, inputs, outputs)
    for candidate in read_json(quantized.folder / "quantize.json")["candidates"]:
        yield model_file(
            candidate["name"],
            quantized.folder / candidate["file"],
            tuple(TensorInfo.model_validate(info) for info in candidate["inputs"]),
            tuple(TensorInfo.model_validate(info) for info in candidate["outputs"]),
            candidate["quantizer"],
        )


def _infos(converted: Result, role: str) -> tuple[TensorInfo, ...]:
    """Read the float file's inputs or outputs from the conversion's report."""
    document = read_json(converted.folder / "convert.json")
    return tuple(TensorInfo.model_validate(info) for info in document[role])


def _sections(spec: Any, *names: str) -> dict[str, Any]:
    """Give parts of a spec as JSON."""
    document: dict[str, Any] = spec.model_dump(mode="json", include=set(names))
    return document
