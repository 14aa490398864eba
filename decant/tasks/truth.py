"""Writes truth as bytes, so that two data sets can be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ..errors import DataError


def truth_bytes(truth: Any) -> bytes:
    """Write a truth as bytes that are the same on every machine, whatever it is made of.

    Raises:
        DataError: If it is made of something else than numbers, texts, arrays and containers.
    """
    if isinstance(truth, np.ndarray):
        little = np.ascontiguousarray(truth, truth.dtype.newbyteorder("<"))
        return f"{little.dtype.str}{list(truth.shape)}".encode() + little.tobytes()
    if is_dataclass(truth):
        return b"".join(truth_bytes(getattr(truth, each.name)) for each in fields(truth))
    if isinstance(truth, Mapping):
        return b"{" + b"".join(truth_bytes([*pair]) for pair in truth.items()) + b"}"
    if isinstance(truth, list | tuple):
        return b"[" + b"".join(map(truth_bytes, truth)) + b"]"
    if isinstance(truth, str | int | float | bool | np.generic) or truth is None:
        return f"{truth!r};".encode()
    raise DataError(
        f"a truth is a {type(truth).__name__}, which cannot be hashed; let the task's read_truth "
        "give numbers, texts, arrays, dataclasses or lists of these"
    )
