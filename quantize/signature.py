"""Finds out what goes into and comes out of a float file where the caller does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from decant.described import described_beside
from decant.isolation import run_isolated
from decant.runtime import describe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from decant.tensors import TensorInfo

    Infos = tuple[TensorInfo, ...]


def signature_of(
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
    found = described_beside(tflite, run_isolated(describe, tflite))
    return (
        found.inputs if inputs is None else tuple(inputs),
        found.outputs if outputs is None else tuple(outputs),
    )
