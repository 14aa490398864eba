"""Reads `model.toml`: what the model is, what it eats, how it is judged, what it must achieve."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError, model_validator

from .errors import DataError, SpecError
from .machine import HOST, Int8Isa
from .paths import AnyPath, content_fault, nearest, unreadable
from .rules import ImageRule, QuadGridRule, Rule, array
from .spec_faults import EXPLANATION, FACTORY, NAME, explain_all

MOST_VALUES = 2**28
"""Of one input tensor; more is a slip of the keyboard and would fill the memory."""


class Model(Rule):
    """Where the network and its weights come from.

    Attributes:
        name: Names the build folder and the report.
        factory: `package.module:function` or `file.py:function` returning a `torch.nn.Module`.
        checkpoint: A `.safetensors` file or a weights-only `.pt`, relative to the spec.
        arguments: Keyword arguments of the factory.
        operators: Python files with lowerings of the user's own operators.
    """

    name: str = Field(pattern=NAME)
    factory: str = Field(pattern=FACTORY)
    checkpoint: str | None = None
    arguments: dict[str, str | int | float | bool] = Field(default_factory=dict)
    operators: tuple[str, ...] = Field(default=(), strict=False)


class Input(Rule):
    """The image input and how a photo becomes it.

    Attributes:
        name: Tensor name in every file.
        shape: `[1, C, H, W]` as the PyTorch model takes it: a photo at a time.
        colour: Channel order the model was trained on.
        mean: Per channel, on the 0…1 scale.
        std: Per channel, on the 0…1 scale.
        resize: "letterbox" keeps the aspect ratio and pads; "stretch" does not keep it;
            "crop" keeps it and cuts the centre.
        antialias: Average over the source pixels when the image shrinks.
        padding: Grey level 0…255 of the letterbox border.
        dtype: What the TFLite file takes: normalised "float32", or raw camera "uint8".
    """

    name: str = Field(default="image", min_length=1)
    shape: tuple[int, int, int, int] = array(4)
    colour: Literal["rgb", "bgr", "grey"] = "rgb"
    mean: tuple[float, ...] = array()
    std: tuple[float, ...] = array()
    resize: Literal["letterbox", "stretch", "crop"] = "stretch"
    antialias: bool = True
    padding: int = Field(default=114, ge=0, le=255)
    dtype: Literal["float32", "uint8"] = "float32"

    @property
    def rule(self) -> ImageRule:
        """The image rule that the sidecar publishes."""
        fields = self.model_dump(include={*ImageRule.model_fields} & {*Input.model_fields})
        shrink: Literal["area", "bilinear"] = "area" if self.antialias else "bilinear"
        return ImageRule(height=self.shape[2], width=self.shape[3], shrink=shrink, **fields)

    @model_validator(mode="after")
    def _check_channels(self) -> Input:
        channels = self.shape[1]
        if min(self.shape) < 1:
            raise ValueError(f"shape = {list(self.shape)} has a size below 1")
        if math.prod(self.shape) > MOST_VALUES:
            raise ValueError(f"shape = {list(self.shape)} is over a gigabyte of float32")
        if self.shape[0] != 1:
            raise ValueError(_one_photo(self.shape))
        if channels != (1 if self.colour == "grey" else 3):
            raise ValueError(f'shape has {channels} channels, but colour = "{self.colour}"')
        for key in ("mean", "std"):
            if len(getattr(self, key)) != channels:
                given = list(getattr(self, key))
                raise ValueError(f"{key} = {given} needs {channels} numbers, one per channel")
        if min(self.std) <= 0:
            raise ValueError(f"std = {list(self.std)} must be above 0")
        if max(map(abs, self.mean)) > 1:
            raise ValueError(
                f"mean = {list(self.mean)} is not on the 0…1 scale; divide mean and std by 255"
            )
        return self


def _one_photo(shape: tuple[int, ...]) -> str:
    """Refuse a batch: time, accuracy and the app all count by photo."""
    count, one = shape[0], [1, *shape[1:]]
    return (
        f"shape = {list(shape)} takes {count} photos at a time, but an app answers one, and times "
        f"are limited per photo; write shape = {one}, and export a program that takes nothing but "
        f"{count} again with 1. decant convert and decant quantize take a file of any batch"
    )


class CocoSource(Rule):
    """Images with COCO annotations; `checksums` is a SHA-256 list as `sha256sum` writes it."""

    kind: Literal["coco"]
    annotations: str
    images: str
    checksums: str | None = None


class FolderSource(Rule):
    """One folder of images per class, the folder's name being the label."""

    kind: Literal["folder"]
    path: str


class GeneratedSource(Rule):
    """Samples from a seeded generator: `factory(split, start, count)` yields them."""

    kind: Literal["generated"]
    factory: str = Field(pattern=FACTORY)
    split: str
    start: int = Field(default=0, ge=0)
    count: int = Field(ge=1)


Source = Annotated[CocoSource | FolderSource | GeneratedSource, Field(discriminator="kind")]


class Data(Rule):
    """Three disjoint sources; every choice is made on `validation`, `test` only reports."""

    calibration: Source
    validation: Source
    test: Source


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse names that cannot be told apart."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'"{name}" occurs twice; make each unique')
    return names


Labels = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], AfterValidator(_distinct)]


class DetectionTask(Rule):
    """Finds quads; metrics `ap`, `ap50`, `quad_ap50`."""

    kind: Literal["quad_detection"]
    labels: Labels = Field(strict=False, min_length=1)
    metric: Literal["ap", "ap50", "quad_ap50"] = "ap50"
    decode: QuadGridRule


class ClassificationTask(Rule):
    """Names one class per image; metrics `top1`, `top5`."""

    kind: Literal["classification"]
    labels: Labels = Field(strict=False, min_length=2)
    metric: Literal["top1", "top5"] = "top1"

    @model_validator(mode="after")
    def _check_metric(self) -> ClassificationTask:
        if self.metric == "top5" and len(self.labels) <= 5:
            raise ValueError(
                f'metric = "top5" is always 1 with {len(self.labels)} labels; use "top1"'
            )
        return self


Task = Annotated[DetectionTask | ClassificationTask, Field(discriminator="kind")]


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
        min_accuracy: Floor of the task's metric, a fraction.
        max_drop: Allowed fall of the task's metric against PyTorch, and in the gate of every metric
            against the baseline; a fraction. One point unless stated, since without a limit the
            fastest file would be chosen however wrong it is; 1 allows everything.
        max_size_bytes: Of the chosen file.
        max_size_ratio: Of the chosen file to the float file.
        max_memory_bytes: Peak resident memory of a process that loads and runs the file.
        latency: Time limits.
        min_qps: Inferences a second, one after the other in one process, on the first latency's
            device and threads; for a server a floor of what several processes reach.
        serving: Where the model answers; the report says so beside the machine that was measured.
    """

    min_accuracy: float | None = Field(default=None, ge=0, le=1)
    max_drop: float = Field(default=0.01, ge=0, le=1)
    max_size_bytes: int | None = Field(default=None, gt=0)
    max_size_ratio: float | None = Field(default=None, gt=0)
    max_memory_bytes: int | None = Field(default=None, gt=0)
    latency: tuple[Latency, ...] = Field(default=(), strict=False)
    min_qps: float | None = Field(default=None, gt=0)
    serving: Literal["on-device", "server"] = "on-device"


Recipe = Literal["static_int8", "dynamic_int8", "float16"]


class Quantization(Rule):
    """Which candidates are made.

    Attributes:
        recipes: In the order that breaks a tie of latency and size.
        recipe: The `recipe.json` of an earlier run, relative to the spec, instead: its recipes
            and activation ranges make the same files again on any machine, without calibrating.
    """

    recipes: Annotated[tuple[Recipe, ...], AfterValidator(_distinct)] = Field(
        default=("static_int8", "dynamic_int8", "float16"), strict=False, min_length=1
    )
    recipe: str | None = None

    @model_validator(mode="after")
    def _check_choice(self) -> Quantization:
        if self.recipe is not None and "recipes" in self.model_fields_set:
            raise ValueError("give either recipes or recipe; a recipe file says which there are")
        return self


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
        licences: SPDX expressions by what they are for; the sidecar publishes them.
        folder: Where the file lies; relative paths in it start there.
    """

    model: Model
    input: Input
    task: Task
    data: Data
    requirements: Requirements = Requirements()
    quantization: Quantization = Quantization()
    training: Training | None = None
    gate: Gate | None = None
    licences: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    _folder: Path = PrivateAttr(default=Path())

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
        if not path.exists():
            near = nearest(path)
            hint = f'did you mean "{near.name}"? Correct' if near else "correct"
            raise DataError(
                f'{key} = "{relative}": there is no {path}; {hint} the spec, or {advice}'
            )
        return path

    @model_validator(mode="after")
    def _check_strides(self) -> Spec:
        strides = self.task.decode.strides if isinstance(self.task, DetectionTask) else ()
        for stride in strides:
            if self.input.shape[2] % stride or self.input.shape[3] % stride:
                raise ValueError(
                    f"task.decode.strides: {stride} does not divide input.shape = "
                    f"{list(self.input.shape)} into whole cells"
                )
        return self


def load_spec(path: AnyPath) -> Spec:
    """Read a `model.toml`, or that of a folder.

    Raises:
        SpecError: If the file is missing, is not TOML, or any key in it is unknown, missing or
            of the wrong type; the message lists every such key.
    """
    path = Path(path)
    path = path / "model.toml" if path.is_dir() else path
    try:
        # Some editors begin a file with a byte order mark.
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SpecError(f"{path}: {unreadable(path, error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: not a TOML file: {error}; give a model.toml") from error
    if not document.keys() & Spec.model_fields.keys():
        fault = content_fault(path) or "has none of the sections of a spec; give a model.toml"
        raise SpecError(f"{path}: {fault}. {EXPLANATION}")
    try:
        spec = Spec.model_validate(document)
    except ValidationError as error:
        raise SpecError(f"{path}: not a usable spec:\n{explain_all(error, Spec)}") from error
    spec._folder = path.parent.resolve()
    return spec
