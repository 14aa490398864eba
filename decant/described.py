"""What decant has written beside a model file of the file's tensors and their axis order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from .artifacts import read_json
from .errors import DataError
from .files import CONVERSION, QUANTIZATION, ROUTES, SIDECAR
from .tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Signature:
    """What goes into a model file and what comes out, in the file's own order."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


def described_beside(file: Path, own: Signature) -> Signature:
    """Describe a file's tensors as the stage that made it did; only that knows ONNX's axis order.

    Where no document beside the file is about it, its tensors are as the file itself has them.

    Args:
        file: The model file.
        own: What the file says of its tensors.
    """
    for name, tell in DOCUMENTS.items():
        try:
            told = tell(read_json(file.with_name(name)), file.name)
        except (DataError, KeyError, TypeError, ValidationError):
            continue
        if told is not None and _alike(told, own):
            return told
    return own


def _converted(document: Any, file: str) -> Signature | None:
    return _signature(document) if document["tflite"] == file else None


def _kept(document: Any, file: str) -> Signature | None:
    if document["kept"] != file:
        return None
    (best,) = (each for each in document["files"] if each["route"] == document["best"])
    return _signature(best)


def _quantized(document: Any, file: str) -> Signature | None:
    found = [each for each in document["candidates"] if each["file"] == file]
    return _signature(found[0]) if found else None


def _released(document: Any, file: str) -> Signature | None:
    files = [variant["file"] for variant in document["variants"]]
    return _signature(document) if file in files else None


DOCUMENTS: dict[str, Callable[[Any, str], Signature | None]] = {
    CONVERSION: _converted,
    ROUTES: _kept,
    QUANTIZATION: _quantized,
    SIDECAR: _released,
}


def _signature(document: Any) -> Signature:
    inputs, outputs = (
        tuple(TensorInfo.model_validate(each) for each in document[role])
        for role in ("inputs", "outputs")
    )
    return Signature(inputs, outputs)


def _alike(told: Signature, own: Signature) -> bool:
    """Whether two descriptions are of one file: names, shapes and types agree."""
    return all(
        [(info.name, info.shape, info.dtype) for info in ours]
        == [(info.name, info.shape, info.dtype) for info in theirs]
        for ours, theirs in ((told.inputs, own.inputs), (told.outputs, own.outputs))
    )
