"""Converts a model to a verified float TFLite file."""

from __future__ import annotations

import gc
import inspect
import logging
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from decant.artifacts import updated_folder, write_bytes, write_json, write_text
from decant.child_process import Child
from decant.errors import DataError, ParityError, UsageError
from decant.external_data import external_files
from decant.files import (
    CONVERSION,
    FLOAT_FILE,
    ONNX,
    ONNX_NUMBERS,
    SAVED_MODEL,
    SAVED_MODEL_PB,
    TRACE,
)
from decant.isolation import CHECKED_HEAP
from decant.shapes import fixed

from .layout.signature import InputType, LayoutRule
from .precision import in_single, module_in_single
from .report import AppliedRewrite, ConvertReport, moved
from .verify.oracle import SAVED_MODEL as SAVED
from .verify.oracle import TFLITE, FormResults, Model, Oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import onnx_ir as ir
    import torch
    from numpy.typing import NDArray

    from decant.inputs.stored import AnyArray
    from decant.paths import AnyPath
    from decant.shapes import AskedShapes, FixedShape

    from .build import Built, Request
    from .verify.exported import Expected
    from .verify.hops import Subject

    Array = NDArray[Any]
    Sample = dict[str, Array]
    Given = Mapping[str, AnyArray] | None
    FreeSizes = Mapping[str, Mapping[int, str]]
    Reference = Callable[..., Any]
    Normalization = tuple[Sequence[float], Sequence[float]]

logger = logging.getLogger(__name__)

TOLERANCE = 1e-4
"""Relative error that is still called equal, unless asked otherwise."""

TRACED_AT_LEAST = 0.95

LARGEST_MESSAGE = 2**31 - 1
"""Bytes of a file that protocol buffers read."""

LARGE_FILE = 1 << 26
"""Bytes of an `.onnx` whose weights are worth a search of the garbage collector."""

GROWTH, SMALL_MB = 1.1, 0.016
"""How much larger than a quantized .onnx a file is without a word: names and alignment."""

ONE_BRANCH = "possible_branch"
"""The rewrite that leaves out a branch."""

BRANCH_LEFT_OUT = (
    "one branch of an If cannot run with these sizes and was left out: the file always takes the"
    " other"
)

LAYOUTS: tuple[str, ...] = get_args(LayoutRule)
INPUT_DTYPES: tuple[str, ...] = get_args(InputType)


def to_tflite(
    source: AnyPath | torch.nn.Module,
    out: AnyPath,
    *,
    input_layout: str = "nhwc",
    output_layout: str = "nhwc",
    input_dtype: str = "float32",
    normalization: Normalization | None = None,
    shapes: AskedShapes | None = None,
    inputs: Mapping[str, AnyArray] | None = None,
    other_sizes: Sequence[Mapping[str, Array]] = (),
    free_sizes: FreeSizes | None = None,
    reference: Reference | None = None,
    tolerance: float = TOLERANCE,
    allow_flex: bool = False,
    rewrites: Sequence[str] = (),
    without: Sequence[str] = (),
    operators: Sequence[AnyPath] = (),
    unverified: AnyPath | None = None,
) -> ConvertReport:
    """Convert a model to a float TFLite file and verify it at every hop.

    Args:
        source: An `.onnx` or `.pt2` file, or a module in evaluation mode.
        out: Folder for `model.onnx` (unless the source is one), `saved_model/`,
            `model_fp32.tflite`, `trace.json` and `convert.json`; other files in it stay.
        input_layout: "nhwc" puts the channels of spatial inputs last; "keep" keeps ONNX's order.
        output_layout: Likewise for outputs.
        input_dtype: "uint8" makes the file take raw pixels 0…255.
        normalization: Mean and standard deviation per channel on the 0…1 scale, applied inside
            the file; only with uint8 input.
        shapes: Of a file, input name → sizes in ONNX axis order, which fix what it leaves free;
            None, -1 and "?" stay free. A free batch becomes 1 unless a shape leaves it free, or
            samples with a larger one are given; any other free size stays free.
        inputs: Name → verification inputs in ONNX order, first axis samples; raw pixels where the
            file takes those. A module needs them; a file is checked with random ones otherwise.
        other_sizes: More of them, each of other sizes where an axis is free.
        free_sizes: Of a module, input name → axis → name of its size, which stays free; any other
            size is that of `inputs`.
        reference: PyTorch's form of an `.onnx` file, called with tensors by position.
        tolerance: Largest relative error allowed at any hop: max |a - b| / max |b|.
        allow_flex: Let TensorFlow ops stay that need the Flex delegate.
        rewrites: Bounded rewrites to apply beside the exact ones.
        without: Rewrites to leave out.
        operators: Operators files: Python files with lowerings of your own ops and rewrites of
            your own, see `op` and `rewrite`.
        unverified: Where the float file is kept if it fails its verification; `out` stays as it
            was.

    Raises:
        UnsupportedOp: The model cannot be exported or converted; every such node is listed.
        ParityError: A hop changes what the model computes; the first op at fault is named.
        DataError: A file or the inputs are missing, damaged or do not fit.
        UsageError: The options contradict each other or the model, or a shape does not fit it.
    """
    _check_choice("input_layout", input_layout, LAYOUTS)
    _check_choice("output_layout", output_layout, LAYOUTS)
    _check_choice("input_dtype", input_dtype, INPUT_DTYPES)
    if normalization is not None and input_dtype != "uint8":
        raise UsageError("normalization moves into the file with uint8 input only")
    if shapes and not isinstance(source, str | os.PathLike):
        raise UsageError("shapes are for a file; a module has the sizes of its inputs")
    _check_operators(operators)
    settings = {
        "input_layout": input_layout,
        "output_layout": output_layout,
        "input_dtype": input_dtype,
        "normalization": normalization,
        "rewrites": tuple(rewrites),
        "without": tuple(without),
        "operators": tuple(Path(file).resolve() for file in operators),
        "allow_flex": allow_flex,
    }
    target = Path(out)
    with updated_folder(target) as stage:
        sizes = free_sizes or {}, shapes or {}
        with _builder() as builder, _kept(stage / FLOAT_FILE, unverified):
            work = _Work(stage.resolve(), settings, tolerance, *sizes, builder)
            report = work.run(source, (inputs, *other_sizes), reference)
        write_text(stage / CONVERSION, report.model_dump_json(indent=2) + "\n")
    return moved(report, stage, target)


def _builder() -> Child:
    """The process that builds: TensorFlow's converter and the SavedModel can crash."""
    from .build import make_ready

    return Child(CHECKED_HEAP, make_ready)


def as_onnx(
    source: AnyPath | torch.nn.Module, folder: Path, inputs: Mapping[str, AnyArray] | None
) -> Path:
    """Bring a model to ONNX as a conversion does: gives an `.onnx` itself, or a file in a folder.

    Args:
        source: An `.onnx` or `.pt2` file, or a module in evaluation mode.
        folder: For `model.onnx`.
        inputs: Name → [samples, …] in ONNX axis order, which a module is traced with.

    Raises:
        DecantError: As `to_tflite`.
    """
    work = _Work(folder, {"input_dtype": "float32"}, 0.0, {}, {}, _builder())
    return work.exported(source, inputs, None).onnx


@contextmanager
def _kept(file: Path, place: AnyPath | None) -> Iterator[None]:
    """Copy a file that is refused to where it was asked for, and say so."""
    try:
        yield
    except ParityError as error:
        if place is None or not file.exists():
            raise
        write_bytes(Path(place), file.read_bytes())
        raise ParityError(f"{error}\nThe file is kept as it is, unverified: {place}") from error


def _missing_example(module: torch.nn.Module) -> str:
    """Say what a module is traced with, by the names of its own parameters if it tells them."""
    try:
        names = list(inspect.signature(module.forward).parameters)
    except ValueError:  # TorchScript
        names = ["name"]
    arrays = ", ".join(f'"{name}": …' for name in names)
    return (
        f"A module is traced with an example: give `inputs` = {{{arrays}}}, arrays of"
        " [samples, …] in ONNX axis order."
    )


def _check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise UsageError(f"{option} is {value!r}; give one of {', '.join(map(repr, choices))}")


def _check_operators(files: Sequence[AnyPath]) -> None:
    """Refuse what is no operators file before anything takes time."""
    from .operators_files import locate

    for file in files:
        locate(Path(file))


@dataclass(frozen=True, slots=True)
class _Work:
    """One conversion into a staging folder."""

    stage: Path
    settings: dict[str, Any]
    tolerance: float
    free_sizes: FreeSizes
    shapes: AskedShapes
    builder: Child

    def run(
        self, source: Any, given: Sequence[Given], reference: Reference | None
    ) -> ConvertReport:
        """Export, build, verify and write; returns the report with paths in the staging folder."""
        from decant.graph.load import has_free_sizes, load, stated_shapes

        from .verify.exported import expected_of
        from .verify.hops import Subject

        model, own = in_single(self.exported(source, given[0], reference), self.stage)
        self.builder.start()  # imports TensorFlow while the model is run as it is
        graph = load(model.onnx).graph
        shapes = fixed(self.shapes, stated_shapes(graph.inputs, self.shapes))
        if shapes:
            graph = load(model.onnx, shapes).graph
        oracle = Oracle(model, tries_sizes=has_free_sizes(graph.inputs))
        request = self.request(model, shapes)
        samples, normalised = self.samples(request, graph, given, oracle)
        one = self.batch_of_one(graph, given[0], normalised, oracle)
        if one:
            request = replace(request, shapes={**shapes, **one})
            graph = load(model.onnx, request.shapes).graph
            samples, normalised = self.samples(request, graph, given, oracle, like=samples)
        outputs = [str(value.name) for value in graph.outputs]
        expected = expected_of(oracle, normalised, outputs, self.tolerance)
        del oracle, graph  # ONNX Runtime holds the weights once or twice, the graph those inside it
        if model.onnx.stat().st_size > LARGE_FILE:
            gc.collect()  # values and nodes refer to each other
        if own is not None:
            expected = own.told(normalised, expected)
        built = self.built(request, samples)
        logger.info("every form is run and compared …")
        write_json(self.stage / TRACE, built.trace)
        subject = Subject(request, built, built.tflite, samples, normalised, model)
        return self.verified(subject, expected, given=given[0] is not None)

    def batch_of_one(
        self, graph: ir.Graph, given: Given, samples: Sequence[Sample], oracle: Oracle
    ) -> dict[str, FixedShape]:
        """Shapes with a batch of one, where it is free and nobody has asked for it to be so."""
        from .verify.batch import batched_inputs, of_one

        if self.free_sizes or not oracle.knows_all:
            return {}
        axes = batched_inputs(graph, samples, oracle.run, given=given is not None)
        if any(name in self.shapes for name in axes):
            return {}
        return of_one(graph, axes)

    def exported(self, source: Any, inputs: Given, reference: Reference | None) -> Model:
        """Bring the source to ONNX."""
        if not isinstance(source, str | os.PathLike):
            return self.from_module(source, inputs)
        path = Path(source)
        if path.suffix.lower() == ".pt2":
            return self.from_pt2(path)
        if path.suffix.lower() != ".onnx":
            raise UsageError(f"{path}: convert takes an .onnx or .pt2 file, or a torch module")
        return self.in_numbers(Model(path, reference))

    def in_numbers(self, model: Model) -> Model:
        """Write the form of a classifier that says numbers, where it says texts or maps."""
        from decant.graph.spoken import in_numbers

        found = in_numbers(model.onnx)
        if found is None:
            return model
        write_bytes(self.stage / ONNX_NUMBERS, found[0].SerializeToString(deterministic=True))
        return Model(self.stage / ONNX_NUMBERS, None, notes=found[1])

    def from_module(self, module: Any, inputs: Given) -> Model:
        """Export a module with its first sample as the example."""
        import torch

        from .export.pytorch import TensorsOnly
        from .export.to_onnx import ExportOptions, to_onnx

        if not isinstance(module, torch.nn.Module):
            raise UsageError(f"{module!r} is neither a path nor a torch.nn.Module")
        if not inputs:
            raise DataError(_missing_example(module))
        example = {
            name: torch.from_numpy(self.for_pytorch(np.asarray(array[:1])))
            for name, array in inputs.items()
        }
        logger.info("PyTorch → ONNX …")
        options = ExportOptions(free_sizes=self.free_sizes)
        network, notes = module_in_single(module)
        told = to_onnx(network, example, self.stage / ONNX, options)
        reference = TensorsOnly(network, tuple(example))
        return Model(self.stage / ONNX, reference, exported=True, notes=(*notes, *told))

    def from_pt2(self, path: Path) -> Model:
        """Export an archive."""
        from .export.pt2 import load_pt2, pt2_reference
        from .export.to_onnx import pt2_to_onnx

        logger.info("PyTorch → ONNX …")
        pt2_to_onnx(path, self.stage / ONNX)
        return Model(self.stage / ONNX, pt2_reference(load_pt2(path)), exported=True)

    def request(self, model: Model, shapes: Mapping[str, FixedShape]) -> Request:
        """Say what to build."""
        from .build import Request

        return Request(
            model.onnx.resolve(), self.stage / SAVED_MODEL, shapes=shapes, **self.settings
        )

    def samples(
        self,
        request: Request,
        graph: ir.Graph,
        given: Sequence[Given],
        oracle: Oracle,
        *,
        like: Sequence[Sample] = (),
    ) -> tuple[list[Sample], list[Sample]]:
        """Give the samples as the file takes them and as the model does."""
        from .verify.samples import samples_for
        from .verify.size_hints import size_hints
        from .verify.value_hints import value_hints

        raw = self.settings["input_dtype"] == "uint8"

        def trial(sample: Sample) -> Mapping[str, Array]:
            return oracle.run(self.normalised(sample))

        try:
            likely = {
                "raw": raw,
                "trial": trial if oracle.knows_all else None,
                "hints": size_hints(graph),
                "codes": value_hints(graph),
                "like": like,
            }
            samples = [
                sample for each in given for sample in samples_for(graph.inputs, each, **likely)
            ]
        except DataError:
            # Whoever gives other inputs should not hear of what cannot be converted only then.
            self.built(request, [])
            raise
        return samples, [self.normalised(sample) for sample in samples] if raw else samples

    def normalised(self, sample: Sample) -> Sample:
        """A sample of the file as the model takes it."""
        return {name: self.for_pytorch(array) for name, array in sample.items()}

    def for_pytorch(self, array: Array) -> Array:
        """Normalise raw pixels [N, C, H, W] as the file will; other floats become float32."""
        if self.settings["input_dtype"] != "uint8":
            floats = array.dtype.kind == "f"
            return np.ascontiguousarray(array, np.float32 if floats else array.dtype)
        pixels = array.astype(np.float32)
        if self.settings["normalization"] is None:
            return pixels
        mean, std = (
            np.asarray(part, np.float32).reshape(-1, 1, 1)
            for part in self.settings["normalization"]
        )
        result: Array = (pixels / np.float32(255) - mean) / std
        return result

    def built(self, request: Request, samples: list[Sample]) -> Built:
        """Build in the process that is there for it."""
        from .build import build

        logger.info("ONNX → TensorFlow → TFLite …")
        return self.builder.call(build, (request, samples))

    def verified(self, subject: Subject, expected: Expected, *, given: bool) -> ConvertReport:
        """Compare every form, and report."""
        from .build import INTEGER_WEIGHTS
        from .verify.hops import NO_INPUTS, doubts, run_tflite, verify
        from .verify.rounding import told

        built, samples = subject.built, subject.samples
        answers = run_tflite(subject.tflite, built.inputs, built.outputs, samples, built.trace)
        made = FormResults(SAVED, built.answers), FormResults(TFLITE, answers)
        forms = [*expected.forms, *made]
        parities = verify(subject, forms, self.tolerance, expected.parities)
        traced = _traced(built)
        unproven = doubts(parities) if built.inputs else [NO_INPUTS]
        left_out = [BRANCH_LEFT_OUT] if _applied(built, ONE_BRANCH) else []
        grown = _growth(subject) if _applied(built, *INTEGER_WEIGHTS) else []
        large = _too_large(self.stage / SAVED_MODEL)
        warnings = [*expected.warnings, *grown, *large, *left_out, *told(parities), *unproven]
        if traced < TRACED_AT_LEAST:
            warnings.append(f"only {traced:.0%} of the activations are traced to ONNX values")
        return ConvertReport(
            onnx=subject.request.onnx,
            saved_model=self.stage / SAVED_MODEL,
            tflite=subject.tflite,
            trace=self.stage / TRACE,
            inputs=built.inputs,
            outputs=built.outputs,
            shapes=dict(subject.request.shapes),
            parity=parities,
            rewrites=tuple(AppliedRewrite(**asdict(applied)) for applied in built.rewrites),
            op_histogram=built.op_histogram,
            lowest_runtime=built.lowest_runtime,
            traced=traced,
            samples=_said_of(samples, given=given),
            warnings=tuple(warnings),
        )


def _applied(built: Built, *names: str) -> bool:
    return any(rewrite.name in names for rewrite in built.rewrites)


def _growth(subject: Subject) -> list[str]:
    """Say what it costs that integers became floats, or two integers, or few nodes many."""
    from decant.flatbuffer import Graph

    source = subject.model.onnx
    files = (source, *(source.parent / name for name in external_files(source)))
    before = sum(file.stat().st_size for file in files) / 1e6
    after = subject.tflite.stat().st_size / 1e6
    allowed = GROWTH * before + SMALL_MB
    if after <= allowed:
        return []
    graph = Graph.from_file(subject.tflite)
    stored = (each.size if each.data is None else len(each.data) for each in graph.model.buffers)
    weights = sum(stored) / 1e6
    if weights <= allowed:  # steps of a recurrent layer that are unrolled
        return [
            f"the file takes {after:.3f} MB, the .onnx {before:.3f} MB: its {len(graph.operators)}"
            f" operators take most of that, the weights {weights:.3f} MB"
        ]
    return [
        "weights that are stored as integers were widened where TFLite has no kernel for them: the"
        f" file takes {after:.3f} MB, the .onnx {before:.3f} MB"
    ]


def _too_large(saved_model: Path) -> list[str]:
    """Say where nobody else can read a SavedModel."""
    size = (saved_model / SAVED_MODEL_PB).stat().st_size
    if size <= LARGEST_MESSAGE:
        return []
    return [
        f"{SAVED_MODEL}/ takes {size / 1e9:.1f} GB: decant has run it, but TensorFlow itself reads"
        f" at most {LARGEST_MESSAGE / 1e9:.1f} GB"
    ]


def _said_of(samples: Sequence[Sample], *, given: bool) -> str:
    if not any(samples):
        return "one run without inputs"
    return f"{len(samples)} {'given' if given else 'random'} samples"


def _traced(built: Built) -> float:
    """The share of the activations that are traced: all where there are none."""
    mapped, activations = len(built.trace["tensors"]), int(built.trace["activations"])
    return mapped / activations if activations else 1.0
