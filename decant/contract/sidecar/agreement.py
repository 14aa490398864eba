"""Checks that the parts of a sidecar speak of the same tensors.

Each check raises ValueError; its message begins with the path of the field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ...tensors import TensorInfo
    from ..rules import ArrayRule
    from .parts import ImageInput, TensorFile, Variant, Verdict


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


def check_arrays(rules: Mapping[str, ArrayRule], inputs: Sequence[TensorInfo]) -> None:
    """Check that each rule of numbers is for a float input that is no photo, and fits its sizes."""
    check_names("arrays", rules, {info.name for info in inputs})
    for info in inputs:
        rule = rules.get(info.name)
        for key, numbers in () if rule is None else (("mean", rule.mean), ("std", rule.std)):
            if len(numbers) > 1 and info.onnx_shape[1:2] != (len(numbers),):
                raise ValueError(
                    f"arrays.{info.name}.{key}: has {len(numbers)} numbers; {info.name} is "
                    f"{list(info.shape)}"
                )
        if rule is not None and min(rule.std, default=1) <= 0:
            raise ValueError(f"arrays.{info.name}.std: must be above 0")


def check_names(path: str, found: Iterable[str], known: Collection[str]) -> None:
    """Check that there is an input for each name."""
    for name in found:
        if name not in known:
            raise ValueError(f"{path}.{name}: is no input of its own")


def check_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Check that only what was measured was judged."""
    for index, verdict in enumerate(verdicts):
        if verdict.measured is None and verdict.met is not None:
            raise ValueError(f"verdicts.{index}.met: goes with measured, which is null")


def check_tensor_files(
    path: str, files: Mapping[str, TensorFile], infos: Sequence[TensorInfo]
) -> None:
    """Check that there is a file for each tensor, of its shape and type."""
    _same_names(path, files, infos)
    for info in infos:
        check_tensor_file(f"{path}.{info.name}", files[info.name], info.shape, info.dtype)


def check_tensor_file(
    path: str, file: TensorFile, shape: tuple[int | None, ...], dtype: str
) -> None:
    """Check that a file has a shape and a type."""
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
