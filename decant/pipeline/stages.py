"""The stages from a spec to a chosen, measured, described file, and what each depends on."""

from __future__ import annotations

import logging
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..artifacts import read_json
from ..cache import Stage
from ..errors import DataError
from ..fidelity import Part
from ..files import CONVERSION, FLOAT_FILE, PLAN_STATE, QUANTIZATION, REPORT
from ..plan_report import PlanReport
from ..provenance import CODE, LIBRARIES, PARTS, collect, digests, sections
from ..tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torch import nn

    from decant.quantize import PlanRequest

    from ..cache import Result
    from ..contract.decode.rule import Shapes
    from ..inputs.stored import AnyArray
    from ..provenance import Origins, Provenance
    from .project import Project

logger = logging.getLogger(__name__)

FLOAT = "float"
FLOATS = ("float16", "float")


@dataclass(frozen=True)
class Stages:
    """The results of the stages, each made when it is first asked for unless it is kept.

    Attributes:
        project: What is worked on.
        measure_again: Measure even if nothing has changed.
        threads: To time with, instead of one and all cores.
    """

    project: Project
    measure_again: bool = False
    threads: tuple[int, ...] = ()

    def go(self) -> tuple[Result, ...]:
        """Run what has to be run, and return the files of every stage."""
        # First of all: what changes from here on makes the results stale.
        _ = self.made_from
        made = [self.checked, self.converted]
        self._check_outputs()
        # The report is published with the page: it says there what it was made from.
        figures = {name: each for name, each in self.measured.files.items() if name != REPORT}
        measured = replace(self.measured, files=figures)
        return (*made, self.quantized, measured, self.released, self.drawn)

    def _check_outputs(self) -> None:
        """Refuse a network that the task cannot decode, before it costs any more time."""
        self._hold_to_task({i.name: i.onnx_shape for i in _infos(self._conversion["outputs"])})

    def _check_declared(self) -> None:
        """Refuse a file whose own outputs the task cannot decode, before it is converted."""
        from .file_tensors import declared_tensors, known_shapes

        # A .pt2 has to be exported for that; of a .tflite nothing is read before its first run.
        if isinstance(self._source, Path) and self._source.suffix.lower() == ".onnx":
            shapes = known_shapes(declared_tensors(self._source)[1])
            if shapes is not None:
                self._hold_to_task(shapes)

    def _hold_to_task(self, shapes: Shapes) -> None:
        image = self.project.spec.image
        size = None if image is None else image.shape[2:]
        self.project.spec.open_task().check_outputs(shapes, size)

    @cached_property
    def checked(self) -> Result:
        """Nothing: this stage opens every data set before anything takes time."""
        inputs = self.origins.data_inputs(*PARTS)
        return self._run(
            self._stage("data", inputs, self._keys("input", "inputs", "task")), self._check
        )

    def _check(self, _out: Path) -> None:
        from ..datasets import check_disjoint, open_dataset
        from ..inputs.fitting import fit

        spec = self.project.spec
        task = spec.open_task()
        opened = {}
        for part in PARTS:
            with _of_part(part):
                source = getattr(spec.data, part)
                opened[part] = open_dataset(source, task, spec.folder, inputs=spec.signature)
        check_disjoint(opened)
        for part, dataset in opened.items():
            with _of_part(part):
                # Most faults are those of all samples. A set of the user's code that gives another
                # sample the second time shows here as well.
                fit(dataset[0], spec.signature)

    @cached_property
    def converted(self) -> Result:
        """The ONNX model, the SavedModel, the float file and the conversion's report."""
        stage = self._stage(
            "convert",
            {**self.origins.network.inputs(), **self.origins.data_inputs("calibration")},
            self._keys("model", "input", "inputs", "seed"),
        )
        return self._run(stage, self._convert)

    def _convert(self, out: Path) -> None:
        from .source_model import make_float_file

        self._check_declared()
        self._warn(make_float_file(self.project.spec, self._source, out, self._calibration))

    @cached_property
    def quantized(self) -> Result:
        """The candidates and their report."""
        stage = self._stage(
            "quantize",
            {
                "model": self._digest(self._float),
                **self.origins.data_inputs("calibration"),
                **self.origins.recipe.inputs(),
            },
            {**self._keys("input", "inputs", "quantization"), "float": self._float},
        )
        return self._run(stage, self._quantize)

    def _quantize(self, out: Path) -> None:
        from decant.quantize import quantize, spec_recipes

        from .conversion import of_other_sizes

        report = quantize(
            self.converted.folder / FLOAT_FILE,
            out,
            calibration=self._calibration,
            other_sizes=of_other_sizes(self.project.spec, self._calibration),
            inputs=_infos(self._float["inputs"]),
            outputs=_infos(self._float["outputs"]),
            recipes=spec_recipes(self.project.spec),
            plan=self._plan_request(),
            qdq=self.project.spec.quantization.qdq,
        )
        self._warn(report.warnings)

    def _plan_request(self) -> PlanRequest | None:
        from .planning import plan_of_spec

        asked = self.project.spec.quantization.plan
        return plan_of_spec(self.project.spec, asked, self.project.cache.root / PLAN_STATE)

    @cached_property
    def measured(self) -> Result:
        """The report but for what it was made from, and what it is drawn from."""
        from ..machine import this_machine

        # Not the threads: what `decant bench` was told to time is the newest report all the same.
        stage = self._stage(
            "measure",
            {
                **{each["file"]: self._digest(each) for each in self._described},
                **self.origins.data_inputs("validation", "test"),
                **self.origins.network.inputs(),
            },
            {
                **self._keys("model", "input", "inputs", "task", "requirements", "seed"),
                "files": self._described,
                "parity": self._conversion["parity"],
                "machine": this_machine().model_dump(mode="json"),
            },
        )
        return self._run(stage, self._measure, again=self.measure_again)

    def _measure(self, out: Path) -> None:
        from decant.bench import ModelFile, measure

        from .source_model import original_of

        measure(
            self.project.spec,
            out,
            files=[
                ModelFile(
                    each["name"],
                    self._path(each),
                    _infos(each["inputs"]),
                    _infos(each["outputs"]),
                    each["quantizer"],
                    tuple(Part.model_validate(part) for part in each["parts"]),
                )
                for each in self._described
            ],
            network=original_of(
                self._source, _infos(self._float["inputs"]), _infos(self._float["outputs"])
            ),
            parity=self._conversion["parity"],
            threads=self.threads,
        )

    @cached_property
    def released(self) -> Result:
        """The chosen file, its sidecar and the golden example."""
        stage = self._stage(
            "release",
            {
                **{role: self._digest(each) for role, each in self._handed_over.items()},
                **self.origins.data_inputs("validation"),
                "report": self.measured.files[REPORT],
            },
            {
                **self._keys("input", "inputs", "task", "licences"),
                "model": self.project.spec.model.name,
                "files": self._handed_over,
                "made_from": digests(self.made_from),
            },
        )
        return self._run(stage, self._release)

    def _release(self, out: Path) -> None:
        from .release import Files, ReleaseFile, write_release

        files = {
            role: ReleaseFile(
                each["name"], self._path(each), _infos(each["inputs"]), _infos(each["outputs"])
            )
            for role, each in self._handed_over.items()
        }
        write_release(self.project.spec, Files(**files), self._report, digests(self.made_from), out)

    @cached_property
    def drawn(self) -> Result:
        """The report with what it was made from and the plan, and the page that shows it.

        Apart from the measurement, which need not be made again where, say, another converter made
        the same files.
        """
        settings = {"made_from": self.made_from.model_dump(mode="json"), "plan": self._plan}
        return self._run(self._stage("report", self.measured.files, settings), self._draw)

    def _draw(self, out: Path) -> None:
        from decant.bench import load_report, render

        for name in self.measured.files:
            shutil.copyfile(self.measured.folder / name, out / name)
        report = load_report(out / REPORT)
        plan = None if self._plan is None else PlanReport.model_validate(self._plan)
        update = {"made_from": self.made_from, "plan": plan}
        report.model_copy(update=update).save(out / REPORT)
        page = render(out)
        for name in self.measured.files:
            if out / name not in (page, out / REPORT):
                (out / name).unlink()

    def _stage(self, name: str, inputs: Mapping[str, str], settings: Mapping[str, Any]) -> Stage:
        return Stage(name, inputs, settings, CODE[name], LIBRARIES.get(name, ()))

    def _run(self, stage: Stage, work: Callable[[Path], None], *, again: bool = False) -> Result:
        """Run one stage unless its result is kept, and say so."""
        cache = self.project.cache
        found = None if again else cache.find(stage)
        if found is not None:
            logger.info("%-9s nothing has changed", stage.name)
            return found
        started = time.monotonic()
        logger.info("%s …", stage.name)
        result = cache.run(stage, work, again=True)
        logger.info("%-9s done in %.1f s", stage.name, time.monotonic() - started)
        return result

    def _warn(self, warnings: Iterable[str]) -> None:
        for warning in warnings:
            logger.warning("%s", warning)

    def _keys(self, *names: str) -> dict[str, Any]:
        return sections(self.project.spec, *names)

    @cached_property
    def origins(self) -> Origins:
        """All that the spec leads to, hashed before any of it is read."""
        return collect(self.project.spec)

    @cached_property
    def made_from(self) -> Provenance:
        """What the results are made from."""
        return self.origins.provenance()

    @cached_property
    def _conversion(self) -> dict[str, Any]:
        document: dict[str, Any] = read_json(self.converted.folder / CONVERSION)
        return document

    @cached_property
    def _float(self) -> dict[str, Any]:
        """Describe the float file as the candidates are described."""
        signature = {role: self._conversion[role] for role in ("inputs", "outputs")}
        return {"name": FLOAT, "file": FLOAT_FILE, "quantizer": None, "parts": [], **signature}

    @cached_property
    def _plan(self) -> dict[str, Any] | None:
        """How mixed files were searched for; None where they were not."""
        plan: dict[str, Any] | None = read_json(self.quantized.folder / QUANTIZATION).get("plan")
        return plan

    @cached_property
    def _described(self) -> list[dict[str, Any]]:
        """Describe the float file and the candidates: what goes in and out of each."""
        candidates = read_json(self.quantized.folder / QUANTIZATION)["candidates"]
        return [
            self._float,
            *({key: candidate[key] for key in self._float} for candidate in candidates),
        ]

    @cached_property
    def _report(self) -> dict[str, Any]:
        document: dict[str, Any] = read_json(self.measured.folder / REPORT)
        return document

    @cached_property
    def _handed_over(self) -> dict[str, dict[str, Any]]:
        """Describe the files of a release by their part in it."""
        entries = (self._report["reference"], *self._report["candidates"])
        file = next(entry["file"] for entry in entries if entry["chosen"])
        chosen = next(each for each in self._described if each["file"] == file)
        return {"chosen": chosen, "gpu": self._for_gpu(chosen), "reference": self._float}

    def _for_gpu(self, chosen: dict[str, Any]) -> dict[str, Any]:
        """Take the smallest float file that keeps the accuracy; GPUs compute in float16 anyway."""
        if chosen["name"] in FLOATS:
            return chosen
        drop = next(row for row in self._report["verdict"] if row["requirement"] == "max_drop")
        kept = {name for name, each in drop["candidates"].items() if each["status"] == "met"}
        fit = {
            each["name"]: each
            for each in self._described
            if not any(part["meaning"] == "broken" for part in each["parts"])
        }
        return next((fit[name] for name in FLOATS if name in kept & fit.keys()), self._float)

    def _maker(self, described: Mapping[str, Any]) -> Result:
        return self.converted if described["file"] == FLOAT_FILE else self.quantized

    def _path(self, described: Mapping[str, Any]) -> Path:
        return self._maker(described).folder / str(described["file"])

    def _digest(self, described: Mapping[str, Any]) -> str:
        return self._maker(described).files[described["file"]]

    @cached_property
    def _source(self) -> nn.Module | Path:
        from .source_model import load_source

        return load_source(self.project.spec)

    @cached_property
    def _calibration(self) -> dict[str, AnyArray]:
        from .conversion import calibration_arrays

        return calibration_arrays(self.project.spec)


@contextmanager
def _of_part(part: str) -> Iterator[None]:
    """Say of which part of the data a fault is."""
    try:
        yield
    except DataError as error:
        raise DataError(f"data.{part}: {error}") from error


def _infos(documents: Iterable[Any]) -> tuple[TensorInfo, ...]:
    return tuple(TensorInfo.model_validate(document) for document in documents)
