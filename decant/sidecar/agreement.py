"""Checks that the parts of a sidecar speak of the same tensors.

Each check raises ValueError; its message begins with the path of the field.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ..rules import QuadGridRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..rules import ArgmaxRule
    from ..tensors import TensorInfo
    from .schema import Golden, ImageInput, Sidecar, TensorFile, Variant, Verdict

CORNERS = 4
CORNER_VALUES = 2 * CORNERS
LEVEL = re.compile(r"(?:scores|corners)_s(\d+)")


def check_tensors(inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]) -> None:
    """Check that names are unique and sizes fixed."""
    for role, infos in (("inputs", inputs), ("outputs", outputs)):
        _unique(role, [info.name for info in infos])
        for index, info in enumerate(infos):
            if not all(info.shape):
                raise ValueError(
                    f"{role}.{index}.shape: {list(info.shape)} has a size that is not fixed"
                )
            if (info.scale is None) != (info.zero_point is None):
                raise ValueError(f"{role}.{index}.scale: goes with zero_point, both or neither")


def check_files(variants: Sequence[Variant], outputs: Sequence[TensorInfo]) -> None:
    """Check that there is a file for the CPU, and a tolerance for every output of every file."""
    accelerators = [variant.accelerator for variant in variants]
    _unique("variants", accelerators)
    if "cpu" not in accelerators:
        raise ValueError("variants: has no file for cpu")
    for index, variant in enumerate(variants):
        _same_names(f"variants.{index}.tolerance", variant.tolerance, outputs)


def check_image(image: ImageInput, inputs: Sequence[TensorInfo]) -> None:
    """Check that the image rule makes the tensor of the image input."""
    info = next((each for each in inputs if each.name == image.name), None)
    if info is None:
        raise ValueError(f'image.name: no input is called "{image.name}"')
    rule, channels = image.rule, image.rule.channels
    if info.onnx_shape[1:] != (channels, rule.height, rule.width):
        made = f"{rule.height}×{rule.width} with {channels} channels"
        raise ValueError(f"image.rule: makes {made}; {info.name} is {list(info.shape)}")
    for name, values in (("mean", rule.mean), ("std", rule.std)):
        if len(values) != channels:
            raise ValueError(f"image.rule.{name}: needs {channels} numbers, one per channel")
    if min(rule.std) <= 0:
        raise ValueError("image.rule.std: must be above 0")
    if image.normalised_by == "file" and info.dtype != "uint8":
        raise ValueError(f'image.normalised_by: "file" needs a uint8 input, not {info.dtype}')


def check_decode(
    rule: QuadGridRule | ArgmaxRule, outputs: Sequence[TensorInfo], labels: Sequence[str]
) -> None:
    """Check that the outputs are those that the decode rule reads."""
    if isinstance(rule, QuadGridRule):
        shapes = {info.name: info.onnx_shape for info in outputs}
        for stride in rule.strides:
            _check_level(stride, shapes, len(labels))
        for name in shapes:
            level = LEVEL.fullmatch(name)
            if level and int(level[1]) not in rule.strides:
                raise ValueError(f"decode.strides: lacks {level[1]}, so nothing reads {name}")
        return
    scores = math.prod(size or 0 for size in outputs[0].onnx_shape[1:]) if len(outputs) == 1 else 0
    if scores != len(labels) or not labels:
        raise ValueError("decode.kind: argmax needs one output with a score for every label")


def _check_level(stride: int, shapes: Mapping[str, tuple[int | None, ...]], labels: int) -> None:
    names = f"scores_s{stride}", f"corners_s{stride}"
    for name in names:
        if name not in shapes:
            raise ValueError(f"decode.strides: has {stride}, but no output is called {name}")
    scores, corners = (shapes[name] for name in names)
    fits = len(scores) == 4 and scores[1] == labels
    if not fits or corners != (scores[0], CORNER_VALUES, *scores[2:]):
        raise ValueError(
            f"decode.strides: has {stride}, but {names[0]} {list(scores)} and {names[1]} "
            f"{list(corners)} do not hold {labels} scores and {CORNER_VALUES} corner offsets for "
            "the same cells"
        )


def check_golden(path: str, golden: Golden, sidecar: Sidecar) -> None:
    """Check that an example has every tensor, in the shape and type of the model files."""
    image = sidecar.image
    given = [info for info in sidecar.inputs if image is None or info.name != image.name]
    _check_tensor_files(f"{path}.inputs", golden.inputs, given)
    if (golden.pixels is None) != (image is None):
        raise ValueError(f"{path}.pixels: goes with image, both or neither")
    if image is not None and golden.pixels is not None:
        shape = (image.rule.height, image.rule.width, image.rule.channels)
        _check_tensor_file(f"{path}.pixels", golden.pixels, shape, "uint8")
    if (golden.photo is None) != (golden.photo_sha256 is None):
        raise ValueError(f"{path}.photo_sha256: goes with photo, both or neither")
    accelerators = {variant.accelerator for variant in sidecar.variants}
    if golden.outputs.keys() != accelerators:
        raise ValueError(f"{path}.outputs: must be for {', '.join(sorted(accelerators))}")
    for accelerator, files in golden.outputs.items():
        _check_tensor_files(f"{path}.outputs.{accelerator}", files, sidecar.outputs)
    for index, found in enumerate(golden.predictions):
        where = f"{path}.predictions.{index}"
        if found.label not in sidecar.labels:
            raise ValueError(f'{where}.label: "{found.label}" is not among labels')
        corners = CORNERS if isinstance(sidecar.decode, QuadGridRule) else 0
        if len(found.quad) != corners:
            raise ValueError(f"{where}.quad: must have {corners} corners by the decode rule")


def check_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Check that only what was measured was judged."""
    for index, verdict in enumerate(verdicts):
        if verdict.measured is None and verdict.met is not None:
            raise ValueError(f"verdicts.{index}.met: goes with measured, which is null")


def _check_tensor_files(
    path: str, files: Mapping[str, TensorFile], infos: Sequence[TensorInfo]
) -> None:
    _same_names(path, files, infos)
    for info in infos:
        _check_tensor_file(f"{path}.{info.name}", files[info.name], info.shape, info.dtype)


def _check_tensor_file(
    path: str, file: TensorFile, shape: tuple[int | None, ...], dtype: str
) -> None:
    if file.shape != shape:
        raise ValueError(f"{path}.shape: is {list(file.shape)}, not {list(shape)}")
    if file.dtype != dtype:
        raise ValueError(f"{path}.dtype: is {file.dtype}, not {dtype}")


def _same_names(path: str, found: Mapping[str, object], infos: Sequence[TensorInfo]) -> None:
    names = [info.name for info in infos]
    if found.keys() != set(names):
        raise ValueError(f"{path}: must have {', '.join(names) or 'nothing'}, and nothing else")


def _unique(path: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'{path}: has "{name}" twice')
