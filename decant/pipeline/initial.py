"""Writes the first `model.toml` of a model: what its file tells, and what only its owner knows."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..artifacts import write_text
from ..contract.rules import kind_of
from ..datasets import SOURCES
from ..errors import DataError, UsageError
from ..files import SPEC
from ..quantization import Plan, Quantization
from ..spec import MODEL_FILES, Requirements
from ..tasks import FRACTION, SECTIONS
from .file_tensors import file_tensors
from .spec_sections import (
    TO_DO,
    Known,
    as_key,
    as_toml,
    optional_lines,
    section_lines,
    task_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..paths import AnyPath
    from ..tasks import TaskSection
    from ..tensors import TensorInfo
    from .documents.setting_up import InitialDocument

FREE = "write a number, or a name that [sizes] lists sizes for"
WEIGHTS = (".ckpt", ".pt", ".pth", ".safetensors")
PLAN = "plan"
PLAN_NOTE = (
    "The next section, without its #, has a mixed file searched for: every operator in float or "
    "int8 by what was measured of it."
)
FACTORY = re.compile(r"^[^:]+:[A-Za-z_]\w*$")


@dataclass(frozen=True, slots=True)
class Initial:
    """A spec that was begun.

    Attributes:
        path: Of the file.
        open_keys: How many keys are marked TODO: its owner has to fill them in.
    """

    path: Path
    open_keys: int

    def document(self) -> InitialDocument:
        """Write it as `--json` does."""
        from .documents.setting_up import InitialDocument

        return InitialDocument(path=self.path, open_keys=self.open_keys)


def init(source: str, task: str, *, out: AnyPath = SPEC) -> Initial:
    """Write a commented `model.toml` with everything that can be read from a model's file.

    Args:
        source: A `.onnx`, `.pt2` or `.tflite` file, or a factory, `file.py:function`.
        task: The kind of task, such as "segmentation".
        out: File to write, which must not be there yet; paths in it are relative to its folder.

    Raises:
        UsageError: If there is no such kind, or the source is none of these.
        DataError: If the source is missing or damaged, or `out` is there already.
    """
    kinds = {kind_of(section): section for section in SECTIONS}
    if task not in kinds:
        close = difflib.get_close_matches(task, kinds, n=1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        raise UsageError(f"--task {task}: must be one of {', '.join(kinds)}{hint}")
    path = Path(out)
    if path.exists():
        raise DataError(f"{path}: is there already; give another file with --out, or remove it")
    inputs, outputs = _tensors(source)
    task_text = task_lines(kinds[task], outputs)
    text = "\n\n".join(
        (
            _head(source),
            _model(source, path.parent),
            _inputs(inputs),
            task_text,
            _data(kinds[task], inputs),
            section_lines("requirements", Requirements, _limits(kinds[task], task_text)),
            section_lines("quantization", Quantization, without=(PLAN,)),
            optional_lines(f"quantization.{PLAN}", Plan, PLAN_NOTE),
        )
    )
    write_text(path, text + "\n")
    return Initial(path, text.count(f"# {TO_DO}"))


def _tensors(source: str) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    """Describe what goes into a model and comes out; nothing of a factory, which is not run."""
    path = Path(source)
    if path.suffix.lower() not in MODEL_FILES:
        if FACTORY.match(source):
            return (), ()
        if path.suffix.lower() in WEIGHTS:
            raise UsageError(
                f"{source}: holds weights alone; give the factory that they go into, as "
                "file.py:function, and name them as checkpoint in the [model] that is written"
            )
        raise UsageError(
            f"{source}: give a {', a '.join(MODEL_FILES)} file, or a factory as file.py:function"
        )
    return file_tensors(path)


def _head(source: str) -> str:
    return (
        f"# Begun by decant init from {Path(source).name}. Every line marked TODO wants an answer "
        "that\n# only you have; docs/reference/model.toml.md explains every key."
    )


def _model(source: str, folder: Path) -> str:
    stem = re.sub(r"[^A-Za-z0-9_.-]", "-", Path(source.partition(":")[0]).stem).strip("-._")
    name = stem or "model"
    if not FACTORY.match(source):
        relative = Path(source).resolve()
        if relative.is_relative_to(folder.resolve()):
            relative = relative.relative_to(folder.resolve())
        return f"[model]\nname = {json.dumps(name)}\nfile = {json.dumps(relative.as_posix())}"
    return (
        f"[model]\nname = {json.dumps(name)}\nfactory = {json.dumps(source)}"
        f'\n# checkpoint = "weights.safetensors"  # {TO_DO}: or a .pt of weights alone; without it '
        "the network\n#     has the weights that the factory gives it"
        "\n# arguments = {}  # keyword arguments of the factory"
    )


def _inputs(inputs: Sequence[TensorInfo]) -> str:
    """Write a table for each input; of a factory one photo to correct."""
    if not inputs:
        shape = f"shape = [1, 3, 224, 224]  # {TO_DO}: as forward takes it"
        return "\n".join(["[input]", 'kind = "image"', shape, *_photo_keys(3)])
    alone = len(inputs) == 1
    return "\n\n".join(_input(info, alone=alone) for info in inputs)


def _input(info: TensorInfo, *, alone: bool) -> str:
    inputs = f"[inputs.{as_key(info.name)}]"
    lines = ["[input]", f"name = {json.dumps(info.name)}"] if alone else [inputs]
    channels = _channels(info)
    if channels is None:
        kept = [1, *(size or 1 for size in info.shape[1:])]
        free = None in info.shape[1:]
        known = ("float32", "int32", "int64", "uint8", "int8", "bool")
        note = f"  # {TO_DO}: a size is free in the file; {FREE}" if free else ""
        dtype = [f'dtype = "{info.dtype}"'] if info.dtype in known[1:] else []
        return "\n".join([*lines, 'kind = "array"', f"shape = {kept}{note}", *dtype])
    if info.shape[1] == channels or info.shape[3] != channels:
        _, _, height, width = info.shape
    else:
        _, height, width, _ = info.shape
    free = None in (height, width)
    note = f"  # {TO_DO}: height and width are free in the file; {FREE}" if free else ""
    shape = f"shape = [1, {channels}, {height or 224}, {width or 224}]{note}"
    return "\n".join([*lines, 'kind = "image"', shape, *_photo_keys(channels)])


def _channels(info: TensorInfo) -> int | None:
    """Tell how many channels a photo has that goes into this tensor; None if none does."""
    if len(info.shape) != 4 or info.dtype not in ("float32", "uint8"):
        return None
    found = [size for size in (info.shape[1], info.shape[3]) if size in (1, 3)]
    return found[0] if found else None


def _photo_keys(channels: int) -> Iterator[str]:
    mean, std = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]) if channels == 3 else ([0.5], [0.5])
    if channels == 1:
        yield 'colour = "grey"'
    else:
        yield f'colour = "rgb"  # {TO_DO}: or "bgr", as the model was trained'
    yield f"mean = {mean}  # {TO_DO}: per channel on the 0…1 scale, as the model was trained"
    yield f"std = {std}  # {TO_DO}: likewise"
    yield 'resize = "stretch"  # or "letterbox" (pads), "crop" (cuts the centre)'


def _limits(section: type[TaskSection], task: str) -> dict[str, Known]:
    """Ask for the least that will do, and how much worse it may get where there is no default."""
    try:
        metric = section.model_validate(tomllib.loads(task)["task"]).known_metric()
    except ValidationError:
        return {}
    if metric is None:
        return {}
    floor = metric.better == "higher"
    most = f"the {'least' if floor else 'largest'} {metric.name} that will do"
    limits = {"min_accuracy" if floor else "max_error": Known(None, most)}
    if metric.unit != FRACTION:
        unit = metric.unit or "numbers of its own"
        limits["max_drop"] = Known(0.01, f"{metric.name} is in {unit}")
    return limits


def _data(section: type[TaskSection], inputs: Sequence[TensorInfo]) -> str:
    """Write the three sources of a kind that tells what the model and the task take."""
    others = [kind_of(each) for each in SOURCES]
    lines = [
        "# Three sources that share no sample: int8 ranges are set on calibration, every choice is "
        "made on\n# validation, test only reports. Kinds of data: " + ", ".join(others) + ".",
        "[data]",
    ]
    for part in ("calibration", "validation", "test"):
        lines.append(f"{part} = {as_toml(_source(section, inputs, part))}  # {TO_DO}")
    return "\n".join(lines)


def _source(section: type[TaskSection], inputs: Sequence[TensorInfo], part: str) -> dict[str, Any]:
    """Give the keys of a source, with names for files and columns that are easily made true."""
    told = section.usual_truth[0] if section.usual_truth else None
    truth = {} if told is None else {"truth": told}
    if len(inputs) > 1:
        columns = {info.name: info.name for info in inputs}
        return {"kind": "table", "path": f"{part}.csv", "input": columns, "truth": told or "truth"}
    if inputs and _channels(inputs[0]) is None:
        return {"kind": "arrays", "path": f"{part}.npz", "input": inputs[0].name, **truth}
    usual: dict[str | None, dict[str, Any]] = {
        "label": {"kind": "folder", "path": part},
        "mask": {"kind": "masks", "images": f"{part}/images", "masks": f"{part}/masks"},
        "objects": {"kind": "coco", "annotations": f"{part}.json", "images": part},
        None: {"kind": "generated", "factory": "data.py:samples", "split": part, "count": 100},
    }
    table = {"kind": "table", "path": f"{part}.csv", "input": "file", **truth}
    return usual.get(told, table)
