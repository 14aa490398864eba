"""Reads a sidecar and the files it names, and refuses what does not belong together."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from ...artifacts import read_json, sha256
from ...errors import DataError
from ...files import SIDECAR_SCHEMA
from ...paths import unreadable
from ..decode import RULES
from .parts import TensorFile
from .schema import Sidecar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ...paths import AnyPath

# A union's tag stands in the path that pydantic gives, but not in the document.
TAGS = {rule.model_fields["kind"].default for rule in RULES}


def read_sidecar(path: AnyPath, renewal: str = "decant tflite MODEL") -> Sidecar:
    """Read a sidecar and check that the model files beside it are those it describes.

    Args:
        path: Of the sidecar.
        renewal: Command that makes it anew, for messages.

    Raises:
        DataError: If it is missing, of another format, contradicts itself, or describes other
            files; the message names the field.
    """
    path = Path(path)
    try:
        sidecar = parse_sidecar(read_json(path))
    except ValueError as error:
        raise DataError(f"{path}: {error}; make it anew with: {renewal}") from error
    for index, variant in enumerate(sidecar.variants):
        found = sha256(path.parent / variant.file)
        if found != variant.sha256:
            raise DataError(
                f"{path.parent / variant.file}: SHA-256 is {found[:12]}…, but {path.name} has "
                f"variants.{index}.sha256 = {variant.sha256[:12]}…; keep the files of one run "
                f"together, or make them anew with: {renewal}"
            )
        size_bytes = (path.parent / variant.file).stat().st_size
        if size_bytes != variant.size_bytes:
            raise DataError(
                f"{path}: variants.{index}.size_bytes: is {variant.size_bytes}, {variant.file} has "
                f"{size_bytes}; make it anew with: {renewal}"
            )
    return sidecar


def parse_sidecar(document: Any) -> Sidecar:
    """Read a sidecar's JSON document, apart from the files that it names.

    Raises:
        ValueError: If it is of another format or contradicts itself; the message begins with the
            path of the field.
    """
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != SIDECAR_SCHEMA:
        raise ValueError(f"schema_version: is {version!r}, not {SIDECAR_SCHEMA}")
    try:
        sidecar = Sidecar.model_validate(document)
    except ValidationError as error:
        raise ValueError(_fault(error)) from error
    absent = _absent(document, sidecar.model_dump(mode="json"))
    if absent is not None:
        raise ValueError(f"{absent}: is missing")
    return sidecar


def read_tensor(folder: AnyPath, file: TensorFile) -> NDArray[Any]:
    """Read a tensor of a golden example, in the model file's axis order.

    Raises:
        DataError: If its file is missing or not the one described.
    """
    path = Path(folder, file.file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {unreadable(path, error)}") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise DataError(f"{path}: is not the file that the sidecar describes; copy it again")
    dtype = np.dtype(file.dtype).newbyteorder("<")
    return np.frombuffer(content, dtype).reshape(file.shape).astype(file.dtype)


def _absent(document: Any, whole: Any, at: str = "") -> str | None:
    """Find a field that is left to its default: other readers have no defaults."""
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(whole, dict):
        pairs = whole.items()
    elif isinstance(whole, list):
        pairs = enumerate(whole)
    for key, value in pairs:
        here = f"{at}.{key}" if at else str(key)
        if isinstance(document, dict) and key not in document:
            return here
        found = _absent(document[key], value, here)
        if found is not None:
            return found
    return None


def _fault(error: ValidationError) -> str:
    """Say the first thing that is wrong as `field: reason`."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"] if part not in TAGS)
    reason = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {reason}" if where else reason
