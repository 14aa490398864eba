"""Reads `model.toml`: what the model is, what it eats, how it is judged, what it must achieve."""

from __future__ import annotations

import difflib
import tomllib
import typing
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PrivateAttr, ValidationError, model_validator

from .errors import SpecError
from .rules import ImageRule, QuadGridRule, Rule, array

FACTORY = r"^[^:]+:[A-Za-z_]\w*$"

# pydantic puts the chosen `kind` into the location of an error; the file has no such table.
UNION_TAGS = {"coco", "folder", "generated", "quad_detection", "classification"}


class Model(Rule):
    """Where the network and its weights come from.

    Attributes:
        name: Names the build folder and the report.
        factory: `package.module:function` or `file.py:function` returning a `torch.nn.Module`.
        checkpoint: A `.safetensors` file or a weights-only `.pt`, relative to the spec.
        arguments: Keyword arguments of the factory.
        operators: Python files with lowerings of the user's own operators.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    factory: str = Field(pattern=FACTORY)
    checkpoint: str | None = None
    arguments: dict[str, str | int | float | bool] = Field(default_factory=dict)
    operators: tuple[str, ...] = Field(default=(), strict=False)


class Input(Rule):
    """The image input and how a photo becomes it.

    Attributes:
        name: Tensor name in every file.
        shape: `[N, C, H, W]` as the PyTorch model takes it.
        colour: Channel order the model was trained on.
        mean: Per channel, on the 0…1 scale.
        std: Per channel, on the 0…1 scale.
        resize: "letterbox" keeps the aspect ratio and pads; "stretch" does not keep it;
            "crop" keeps it and cuts the centre.
        antialias: Average over the source pixels when the image shrinks.
        padding: Grey level 0…255 of the letterbox border.
        dtype: What the TFLite file takes: normalised "float32", or raw camera "uint8".
    """

    name: str = "image"
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
        return ImageRule(height=self.shape[2], width=self.shape[3], **fields)

    @model_validator(mode="after")
    def _check_channels(self) -> Input:
        channels = self.shape[1]
        if min(self.shape) < 1:
            raise ValueError(f"shape = {list(self.shape)} has a size below 1")
        if channels != (1 if self.colour == "grey" else 3):
            raise ValueError(f'shape has {channels} channels, but colour = "{self.colour}"')
        for key in ("mean", "std"):
            if len(getattr(self, key)) != channels:
                raise ValueError(f"{key} needs {channels} numbers, one per channel")
        if min(self.std) <= 0:
            raise ValueError("std must be above 0")
        return self


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


class DetectionTask(Rule):
    """Finds quads; metrics `ap`, `ap50`, `quad_ap50`."""

    kind: Literal["quad_detection"]
    labels: tuple[str, ...] = Field(strict=False, min_length=1)
    metric: Literal["ap", "ap50", "quad_ap50"] = "ap50"
    decode: QuadGridRule


class ClassificationTask(Rule):
    """Names one class per image; metrics `top1`, `top5`."""

    kind: Literal["classification"]
    labels: tuple[str, ...] = Field(strict=False, min_length=2)
    metric: Literal["top1", "top5"] = "top1"


Task = Annotated[DetectionTask | ClassificationTask, Field(discriminator="kind")]


class Latency(Rule):
    """A time limit for one inference on one device.

    Attributes:
        max_ms: Median time.
        max_ratio_to_float: Median time over that of the float file in the same run.
        device: "host" is the machine that decant runs on.
        threads: Of the runtime.
        must_measure: Whether the gate fails where `device` was not measured; a figure for it is
            never inferred from another device's.
    """

    max_ms: float | None = Field(default=None, gt=0)
    max_ratio_to_float: float | None = Field(default=None, gt=0)
    device: str = "host"
    threads: int = Field(default=1, ge=1)
    must_measure: bool = False


class Requirements(Rule):
    """What a release must achieve; a key left out is not required.

    Attributes:
        min_accuracy: Floor of the task's metric, a fraction.
        max_drop: Allowed fall of the task's metric against PyTorch, a fraction.
        max_size_bytes: Of the chosen file.
        max_size_ratio: Of the chosen file to the float file.
        max_memory_bytes: Peak resident memory of a process that loads and runs the file.
        latency: Time limits.
        min_qps: Inferences a second, one after the other, on the first latency's device.
        serving: Where the model answers.
    """

    min_accuracy: float | None = Field(default=None, ge=0, le=1)
    max_drop: float = Field(default=0.01, ge=0, le=1)
    max_size_bytes: int | None = Field(default=None, gt=0)
    max_size_ratio: float | None = Field(default=None, gt=0)
    max_memory_bytes: int | None = Field(default=None, gt=0)
    latency: tuple[Latency, ...] = Field(default=(), strict=False)
    min_qps: float | None = Field(default=None, gt=0)
    serving: Literal["on-device", "server"] = "on-device"


class Quantization(Rule):
    """Which candidates are made, in the order that breaks a tie of latency and size."""

    recipes: tuple[Literal["static_int8", "dynamic_int8", "float16"], ...] = Field(
        default=("static_int8", "dynamic_int8", "float16"), strict=False
    )


class Training(Rule):
    """How the model is trained and distilled.

    Attributes:
        recipe: `package.module:function` or `file.py:function` returning a
            `decant.training.Recipe`.
        teacher: The teacher's checkpoint, relative to the spec; trained when needed if left out.
    """

    recipe: str = Field(pattern=FACTORY)
    teacher: str | None = None


class Gate(Rule):
    """The committed report that a new one is compared with, relative to the spec."""

    baseline: str


class Spec(Rule):
    """A whole `model.toml`.

    Attributes:
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
    seed: int = 0
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """The folder of the file this was read from."""
        return self._folder

    def path(self, relative: str) -> Path:
        """Resolve a path written in the spec."""
        return self._folder / relative


def load_spec(path: Path) -> Spec:
    """Read a `model.toml`.

    Raises:
        SpecError: If the file is missing, is not TOML, or any key in it is unknown, missing or
            of the wrong type; the message lists every such key.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"{path}: cannot be read ({error.strerror}); give a model.toml") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: not a TOML file: {error}") from error
    try:
        spec = Spec.model_validate(document)
    except ValidationError as error:
        lines = "\n".join(f"  {_explain(detail)}" for detail in error.errors())
        raise SpecError(f"{path}: not a usable spec:\n{lines}") from error
    spec._folder = path.parent.resolve()
    return spec


def _explain(detail: Any) -> str:
    """Turn one pydantic error into a line that names the key, the value and what to do."""
    location = [str(part) for part in detail["loc"] if part not in UNION_TAGS]
    key = ".".join(location)
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(location[-1], _known_keys(location[:-1]), n=1)
        hint = f'; did you mean "{close[0]}"?' if close else "; remove it"
        return f"{key}: unknown key{hint}"
    if detail["type"] == "missing":
        return f"{key}: missing; add it"
    message = detail["msg"].removeprefix("Value error, ")
    if isinstance(detail["input"], dict):
        return f"{key}: {message}"
    return f"{key} = {detail['input']!r}: {message}"


def _known_keys(location: list[str]) -> list[str]:
    """List the keys of every section that `location` may lead to."""
    sections: list[type[BaseModel]] = [Spec]
    for part in location:
        fields = [s.model_fields[part].annotation for s in sections if part in s.model_fields]
        if fields:
            sections = [section for field in fields for section in _sections_in(field)]
    return sorted({key for section in sections for key in section.model_fields})


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """Find the sections inside a type such as `A | B | None` or `tuple[A, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [s for part in typing.get_args(annotation) for s in _sections_in(part)]
