"""Reads `model.toml`: what the model is, what it eats, how it is judged, what it must achieve."""

from __future__ import annotations

import os
import tomllib
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from .contract.decode import RULES
from .contract.rules import Rule, kind_of
from .datasets import SOURCES, AnySource
from .errors import LONGEST_PATH, DataError, SpecError, cut, shortened
from .files import SPEC
from .inputs import SECTIONS as INPUTS
from .inputs import AnyInput, ImageSection, InputSection
from .inputs.sizes import FreeSizes, check_sizes_used, fix_first
from .machine import HOST, Int8Isa
from .overrides import Overrides, options_of, overridden
from .paths import AnyPath, content_fault, nearest, unreadable
from .quantization import Quantization
from .shapes import SIGNATURE_NAME, SIGNATURE_NAME_TEXT
from .spec_faults import EXPLANATION, FACTORY, NAME, explain_all
from .tasks import (
    FRACTION,
    SECTIONS,
    AnyTaskSection,
    Metric,
    Task,
    make_task,
    metric_of,
)

MODEL_FILES = (".onnx", ".pt2", ".tflite")
"""What a spec may name in place of a factory."""

# pydantic puts the chosen `kind` into the location of an error; the file has no such table.
KINDS = frozenset(map(kind_of, (*SOURCES, *SECTIONS, *INPUTS, *RULES)))


SwapKind = Literal["hard_swish", "batch_norm"]

FORWARD = "forward"


class SignatureSection(Rule):
    """One signature of a file that has several, which share their weights.

    Attributes:
        shapes: Of a file, input name → sizes that fix what it leaves free; "?" stays free.
        method: Of a factory's module, which of its methods the signature calls.
        inputs: An `.npz` to verify with, relative to the spec; a module's method is traced with
            the first sample of it.
    """

    shapes: dict[str, Annotated[tuple[int | str, ...], Field(strict=False)]] = Field(
        default_factory=dict
    )
    method: str = FORWARD
    inputs: str | None = None


class Model(Rule):
    """Where the network and its weights come from.

    Attributes:
        name: Names the build folder and the report.
        factory: `package.module:function` or `file.py:function` returning a `torch.nn.Module`.
        file: A `.onnx`, `.pt2` or float `.tflite` in place of a factory, relative to the spec.
        checkpoint: A `.safetensors` file or a weights-only `.pt`, relative to the spec.
        arguments: Keyword arguments of the factory.
        swap: Pattern of module paths → what takes the place of the factory's modules; the
            checkpoint is of the swapped network.
        operators: Python files with lowerings and rewrites of the user's own.
        rewrites: Bounded rewrites that the conversion applies beside the exact ones.
        without: Rewrites that it leaves out.
        signatures: Name → what `decant convert` makes a signature of, in one file with the others.
    """

    name: str = Field(pattern=NAME)
    factory: str | None = Field(default=None, pattern=FACTORY)
    file: str | None = None
    checkpoint: str | None = None
    arguments: dict[str, str | int | float | bool] = Field(default_factory=dict)
    swap: dict[str, SwapKind] = Field(default_factory=dict)
    operators: tuple[str, ...] = Field(default=(), strict=False)
    rewrites: tuple[str, ...] = Field(default=(), strict=False)
    without: tuple[str, ...] = Field(default=(), strict=False)
    signatures: dict[str, SignatureSection] = Field(default_factory=dict)

    @property
    def runs_in(self) -> str:
        """What runs the model before it is converted, and drops are counted from, in words."""
        suffix = "" if self.file is None else Path(self.file).suffix.lower()
        return {".onnx": "ONNX Runtime", ".tflite": "the given file"}.get(suffix, "PyTorch")

    @model_validator(mode="after")
    def _check_signatures(self) -> Model:
        for name, each in self.signatures.items():
            if not SIGNATURE_NAME.fullmatch(name):
                raise ValueError(f'signatures: "{name}" is not {SIGNATURE_NAME_TEXT}; rename it')
            if self.file is None and each.inputs is None:
                raise ValueError(
                    f'signatures.{name}: a method is traced with an example; add inputs = "{name}.'
                    'npz", arrays of [samples, …] by input name'
                )
            if self.file is None and each.shapes:
                raise ValueError(
                    f"signatures.{name}: shapes are of a file; a method has those of its inputs"
                )
            if self.file is not None and each.method != FORWARD:
                raise ValueError(
                    f'signatures.{name}: method = "{each.method}" is of a factory\'s module; a file'
                    " has none"
                )
        return self

    @model_validator(mode="after")
    def _check_source(self) -> Model:
        if self.file is None and self.factory is None:
            raise ValueError(
                'factory: missing; add it ("file.py:function"), or a finished file = "net.onnx" '
                "(.pt2, .tflite)"
            )
        if self.file is None:
            return self
        if self.factory is not None:
            raise ValueError("give either factory or file; a file holds the whole network")
        if self.checkpoint is not None or self.arguments or self.swap:
            raise ValueError(
                "checkpoint, arguments and swap are for a factory; a file holds the whole network"
            )
        if Path(self.file).suffix.lower() not in MODEL_FILES:
            raise ValueError(
                f'file = "{self.file}" is none of {", ".join(MODEL_FILES)}; export the network, or '
                "name a factory"
            )
        return self


class Data(Rule):
    """Three disjoint sources; every choice is made on `validation`, `test` only reports."""

    calibration: AnySource
    validation: AnySource
    test: AnySource


class Latency(Rule):
    """A time limit for one inference on one device.

    Attributes:
        max_ms: Median time.
        max_ratio_to_float: Median time over that of the float file in the same run.
        device: "host" is the machine that decant runs on.
        isa: The instruction set of the int8 kernels that the limit was set on. A host whose
            int8 kernels use another one is another device: how much faster int8 is than float
            differs by more than a half between two that are sold as one product line.
        threads: Of the runtime.
        must_measure: Whether the gate fails where `device` was not measured; a figure for it is
            never inferred from another device's.
    """

    max_ms: float | None = Field(default=None, gt=0)
    max_ratio_to_float: float | None = Field(default=None, gt=0)
    device: str = HOST
    isa: Int8Isa | None = None
    threads: int = Field(default=1, ge=1, le=256)
    must_measure: bool = False

    @model_validator(mode="after")
    def _check_limit(self) -> Latency:
        if self.max_ms is None and self.max_ratio_to_float is None:
            raise ValueError("limits nothing; add max_ms or max_ratio_to_float")
        if self.isa is not None and self.device != HOST:
            raise ValueError(
                f'isa = "{self.isa}" is of the host, but device = "{self.device}"; leave one out'
            )
        return self


class Requirements(Rule):
    """What a release must achieve; a key left out is not required, `max_drop` excepted.

    Attributes:
        min_accuracy: Floor of the task's metric, in its unit, where higher is better.
        max_error: Ceiling of the task's metric, in its unit, where lower is better.
        max_drop: By how much the task's metric may get worse against PyTorch, and in the gate
            against the baseline every metric of the same unit. Of a fraction one point unless
            stated, since without a limit the fastest file would be chosen however wrong it is; 1
            allows everything.
        max_size_bytes: Of the chosen file.
        max_size_ratio: Of the chosen file to the float file.
        max_memory_bytes: Peak resident memory of a process that loads and runs the file.
        latency: Time limits.
        min_qps: Inferences a second, one after the other in one process, on the first latency's
            device and threads; for a server a floor of what several processes reach.
        serving: Where the model answers; the report says so beside the machine that was measured.
    """

    min_accuracy: float | None = None
    max_error: float | None = Field(default=None, ge=0)
    max_drop: float = Field(default=0.01, ge=0)
    max_size_bytes: int | None = Field(default=None, gt=0)
    max_size_ratio: float | None = Field(default=None, gt=0)
    max_memory_bytes: int | None = Field(default=None, gt=0)
    latency: tuple[Latency, ...] = Field(default=(), strict=False)
    min_qps: float | None = Field(default=None, gt=0)
    serving: Literal["on-device", "server"] = "on-device"


class Distillation(Rule):
    """How the logits of a classifier are compared with its teacher's (Hinton et al. 2015).

    Attributes:
        temperature: Softens the probabilities of both.
        alpha: Weight of the teacher's answer; the recipe's own loss has the rest.
    """

    temperature: float = Field(default=4.0, gt=0)
    alpha: float = Field(default=0.5, ge=0, le=1)


class Training(Rule):
    """How the model is trained and distilled.

    Attributes:
        recipe: `package.module:function` or `file.py:function` that takes a folder, for data that
            it makes, and returns a `decant.training.Recipe`; its settings get the spec's seed.
        teacher: The teacher's checkpoint, relative to the spec; trained when needed if left out.
        distillation: For a recipe that leaves to decant what a student takes over.
    """

    recipe: str = Field(pattern=FACTORY)
    teacher: str | None = None
    distillation: Distillation | None = None


class Gate(Rule):
    """The committed report that a new one is compared with, relative to the spec."""

    baseline: str


class Spec(Rule):
    """A whole `model.toml`.

    Attributes:
        input: The model's only input.
        inputs: Its inputs by name, in the order in which the model takes them.
        sizes: Of the names in their shapes, which stay free in the files: the sizes to test.
        licences: SPDX expressions by what they are for; the sidecar publishes them.
        folder: Where the file lies; relative paths in it start there.
    """

    model: Model
    input: AnyInput | None = None
    inputs: dict[Annotated[str, Field(min_length=1)], AnyInput] = Field(default_factory=dict)
    sizes: dict[str, Annotated[tuple[int, ...], Field(strict=False)]] = Field(default_factory=dict)
    task: AnyTaskSection
    data: Data
    requirements: Requirements = Requirements()
    quantization: Quantization = Quantization()
    training: Training | None = None
    gate: Gate | None = None
    licences: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    _folder: Path = PrivateAttr(default=Path())
    _open_lines: tuple[int, ...] = PrivateAttr(default=())
    _overrides: dict[str, Any] = PrivateAttr(default_factory=dict)
    _free_sizes: FreeSizes = PrivateAttr(default_factory=dict)

    @property
    def overrides(self) -> Overrides:
        """What was set otherwise than in the file, by dotted key."""
        return self._overrides

    @property
    def folder(self) -> Path:
        """The folder of the file this was read from."""
        return self._folder

    def path(self, relative: str) -> Path:
        """Resolve a path written in the spec."""
        return self._folder / relative

    def file(self, key: str, relative: str, advice: str = "restore it") -> Path:
        """Resolve a path under a key of the spec, whose file or folder must be there.

        Args:
            key: Where the spec names it.
            relative: What it says.
            advice: What to do, besides correcting the spec, if it is not there.

        Raises:
            DataError: If it is not.
        """
        path = self.path(relative)
        # Not Path.exists, which raises where a text is too long for a name.
        if not os.path.exists(path):
            near = nearest(path)
            hint = f'did you mean "{near.name}"? Correct' if near else "correct"
            raise DataError(
                f"{key} = {shortened(relative, LONGEST_PATH)}: there is no "
                f"{cut(str(path), LONGEST_PATH)}; {hint} the spec, or {advice}"
            )
        return path

    def open_task(self) -> Task:
        """Make the task, running code of the user's own where the spec names any.

        Raises:
            SpecError: If that code cannot be used, or the limits do not fit the metric.
        """
        task = make_task(self.task, self.folder)
        try:
            _check_limits(metric_of(task, self.task.metric_name), self.requirements)
        except ValueError as error:
            raise SpecError(f"{self.folder / SPEC}: {error}") from error
        return task

    @property
    def signature(self) -> dict[str, InputSection]:
        """The model's inputs by name, in its order."""
        if self.input is not None:
            return {self.input.name: self.input}
        return {
            name: section.model_copy(update={"name": name}) for name, section in self.inputs.items()
        }

    @property
    def open_lines(self) -> tuple[int, ...]:
        """Numbers of the file's lines that are marked TODO, as `decant init` marks them."""
        return self._open_lines

    @property
    def free_sizes(self) -> FreeSizes:
        """What stays free: input name → axis → name of the size; shapes have the first to test."""
        return self._free_sizes

    def stated_shape(self, name: str) -> tuple[int | None, ...]:
        """Give the shape of an input in ONNX axis order, None for a free size."""
        free, shape = self.free_sizes.get(name, {}), self.signature[name].onnx_shape
        return tuple(None if axis in free else size for axis, size in enumerate(shape))

    @property
    def other_sizes(self) -> list[dict[str, int]]:
        """Sizes by name that are tested beside the first."""
        rows = zip(*self.sizes.values(), strict=True)
        return [dict(zip(self.sizes, row, strict=True)) for row in islice(rows, 1, None)]

    @property
    def image(self) -> ImageSection | None:
        """The first input that is a photo; None if there is none."""
        photos = (each for each in self.signature.values() if isinstance(each, ImageSection))
        return next(photos, None)

    @model_validator(mode="wrap")
    @classmethod
    def _fix_sizes(cls, document: Any, read: ModelWrapValidatorHandler[Spec]) -> Spec:
        if not isinstance(document, dict):
            return read(document)
        fixed, free = fix_first(document)
        spec = read(fixed)
        check_sizes_used(spec.sizes, free)
        spec._free_sizes = free
        return spec

    @model_validator(mode="after")
    def _check_fit(self) -> Spec:
        if (self.input is None) == (not self.inputs):
            raise ValueError("input: give either [input] or one table [inputs.NAME] for each input")
        raw = [name for name, each in self.signature.items() if each.file_dtype == "uint8"]
        if raw and len(self.signature) > 1:
            raise ValueError(
                f'inputs.{raw[0]}.dtype = "uint8" is for a model with one input; write "float32"'
            )
        if self.image is not None:
            self.task.check_image(*self.image.shape[2:])
        metric = self.task.known_metric()
        if metric is not None:
            _check_limits(metric, self.requirements)
        return self


def _check_limits(metric: Metric, requirements: Requirements) -> None:
    """Hold the limits of accuracy against the metric's unit and direction."""
    if metric.unit != FRACTION and "max_drop" not in requirements.model_fields_set:
        raise ValueError(
            f"requirements.max_drop: missing; {metric.name} is measured in "
            f"{metric.unit or 'numbers of its own'}, so say how much worse it may get"
        )
    wrong = "max_error" if metric.better == "higher" else "min_accuracy"
    if getattr(requirements, wrong) is not None:
        right = "min_accuracy" if metric.better == "higher" else "max_error"
        raise ValueError(
            f"requirements.{wrong}: of {metric.name} {metric.better} is better; give {right}"
        )
    for key in ("max_drop", "min_accuracy", "max_error"):
        value = getattr(requirements, key)
        if metric.unit == FRACTION and value is not None and value > 1:
            raise ValueError(
                f"requirements.{key} = {value}: {metric.name} is a fraction; write one, such as "
                "0.9 for 90 %"
            )


def load_spec(path: AnyPath, overrides: Overrides | None = None) -> Spec:
    """Read a `model.toml`, or that of a folder.

    Args:
        path: Of the file or the folder.
        overrides: Values that go before the file's, by dotted key.

    Raises:
        SpecError: If the file is missing, is not TOML, or any key in it is unknown, missing or
            of the wrong type; the message lists every such key.
    """
    path = Path(path)
    path = path / SPEC if path.is_dir() else path
    try:
        # Some editors begin a file with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
        document = tomllib.loads(text)
    except OSError as error:
        raise SpecError(f"{path}: {unreadable(path, error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: not a TOML file: {error}; give a model.toml") from error
    if not document.keys() & Spec.model_fields.keys():
        fault = content_fault(path) or "has none of the sections of a spec; give a model.toml"
        raise SpecError(f"{path}: {fault}. {EXPLANATION}")
    try:
        spec = Spec.model_validate(overridden(document, overrides or {}))
    except ValidationError as error:
        options = "".join(f" {quote(each)}" for each in options_of(overrides or {}))
        faults = explain_all(error, Spec, KINDS)
        raise SpecError(f"{path}{options}: not a usable spec:\n{faults}") from error
    spec._folder, spec._overrides = path.parent.resolve(), dict(overrides or {})
    lines = enumerate(text.splitlines(), start=1)
    spec._open_lines = tuple(number for number, line in lines if "# TODO" in line)
    return spec
