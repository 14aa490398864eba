"""Finds out what goes into and comes out of a float file where the caller does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from decant.artifacts import read_json
from decant.errors import DataError
from decant.isolation import run_isolated
from decant.runtime import describe
from decant.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Infos = tuple[TensorInfo, ...]

CONVERSION = "convert.json"


def border_of(
    tflite: Path, inputs: Sequence[TensorInfo] | None, outputs: Sequence[TensorInfo] | None
) -> tuple[Infos, Infos]:
    """Describe the inputs and outputs of a float file.

    What is not given comes from the conversion's report beside the file, which knows the axis order
    of the ONNX model; where there is none, or it is another file's, from the file's own signature,
    and the axes are taken as they are.

    Raises:
        DataError: The file is missing, damaged or cannot be run by LiteRT.
    """
    if inputs is not None and outputs is not None:
        return tuple(inputs), tuple(outputs)
    found = run_isolated(describe, tflite)
    own = found.inputs, found.outputs
    converted = _converted(tflite)
    border = converted if converted is not None and _alike(converted, own) else own
    return (
        border[0] if inputs is None else tuple(inputs),
        border[1] if outputs is None else tuple(outputs),
    )


def _converted(tflite: Path) -> tuple[Infos, Infos] | None:
    """Read what the conversion's report beside a file says of it, if there is one."""
    path = tflite.with_name(CONVERSION)
    if not path.is_file():
        return None
    try:
        report = read_json(path)
        if report["tflite"] != tflite.name:
            return None
        return _infos(report["inputs"]), _infos(report["outputs"])
    except (DataError, KeyError, TypeError, ValidationError):
        return None


def _infos(documents: Sequence[object]) -> Infos:
    return tuple(TensorInfo.model_validate(document) for document in documents)


def _alike(one: tuple[Infos, Infos], other: tuple[Infos, Infos]) -> bool:
    """Whether two borders are of one file: names, shapes and types agree."""
    return all(
        [(info.name, info.shape, info.dtype) for info in ours]
        == [(info.name, info.shape, info.dtype) for info in theirs]
        for ours, theirs in zip(one, other, strict=True)
    )
