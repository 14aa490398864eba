"""Finds the files beside an ONNX file that hold its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import LONGEST_PATH, DataError, shortened
from .paths import is_file

if TYPE_CHECKING:
    from pathlib import Path


def check_external(onnx_file: Path) -> tuple[str, ...]:
    """Name the files of weights as `external_files` does.

    Raises:
        DataError: If one is missing.
    """
    names = external_files(onnx_file)
    for name in names:
        if not is_file(onnx_file.parent / name):
            told = shortened(name, LONGEST_PATH)
            raise DataError(
                f"{onnx_file}: its weights lie in {told}, which is not there; copy it beside the "
                "model, or export the model again"
            )
    return names


def external_files(onnx_file: Path) -> tuple[str, ...]:
    """Name the files of weights that an ONNX file refers to, relative to its folder.

    Returns:
        Each once, in alphabetical order; none where the file is no ONNX model.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.external_data_helper import ExternalDataInfo, _get_all_tensors, uses_external_data

    try:
        model = onnx.load(onnx_file, load_external_data=False)
    except (DecodeError, OSError):
        return ()
    tensors = filter(uses_external_data, _get_all_tensors(model))
    return tuple(sorted({ExternalDataInfo(tensor).location for tensor in tensors}))
