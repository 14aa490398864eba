"""Keeps measured costs on the disk, by all that they depend on."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from decant.artifacts import read_json, sha256_text, write_json
from decant.errors import DataError
from decant.files import OPERATOR_COSTS, OPERATOR_COSTS_SCHEMA

from ..schemes import SCHEMES
from .borders import SIZES, Passing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from decant.flatbuffer.graph import Graph
    from decant.quantization import SchemeName

    from ..ranges import Range

Kernel = Literal["xnnpack", "litert", "part", "none"]


class Cost(BaseModel):
    """What an operator takes in a scheme.

    Attributes:
        ms: Its time; 0 where it has no kernel of its own.
        kernel: Whose it is: XNNPACK's, LiteRT's own (outside of the delegate), "part" where it is
            part of another operator's or left out, "none" where it does not take the scheme.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ms: float
    kernel: Kernel


NONE = Cost(ms=0.0, kernel="none")


class _Measured(BaseModel):
    """All of one target."""

    target: dict[str, Any]
    operators: dict[str, Cost]
    borders: dict[Passing, tuple[float, ...]]


class _File(BaseModel):
    """What the file of costs holds."""

    schema_version: Literal[1] = OPERATOR_COSTS_SCHEMA
    targets: dict[str, _Measured]


class Store:
    """The costs of one target that were measured before, in a file in a folder."""

    def __init__(self, folder: Path | None, identity: Mapping[str, Any]) -> None:
        """Read what is there.

        Args:
            folder: Where the file lies; nothing is kept if None.
            identity: Of the target.
        """
        self._path = None if folder is None else folder / OPERATOR_COSTS
        self._key = sha256_text(json.dumps(identity, sort_keys=True))
        self._others = self._read()
        empty = _Measured(target=dict(identity), operators={}, borders={})
        self._own = self._others.pop(self._key, empty)

    def _read(self) -> dict[str, _Measured]:
        """Read the file; one that is damaged, or of another version, counts as empty."""
        if self._path is None or not self._path.exists():
            return {}
        try:
            return _File.model_validate(read_json(self._path)).targets
        except (DataError, ValidationError):
            return {}

    def operator(self, key: str) -> Cost | None:
        """Give the cost of an operator, if it is known."""
        return self._own.operators.get(key)

    def border(self, passing: Passing) -> tuple[float, ...] | None:
        """Give the times of a way of passing, if they are known."""
        times = self._own.borders.get(passing, ())
        return times if len(times) == len(SIZES) else None

    def keep(
        self, operators: Mapping[str, Cost], borders: Mapping[Passing, tuple[float, ...]]
    ) -> None:
        """Add what was measured, and write the file.

        Raises:
            DataError: It cannot be written.
        """
        self._own.operators.update(operators)
        self._own.borders.update(borders)
        if self._path is not None:
            file = _File(targets={**self._others, self._key: self._own})
            write_json(self._path, file.model_dump(mode="json"))


def operator_keys(graph: Graph, scheme: SchemeName, ranges: Mapping[str, Range]) -> list[str]:
    """Name everything that the time of each operator depends on in a network in one scheme.

    Besides the operator itself these are the kinds of its neighbours, with which XNNPACK may join
    it, and in int8 how wide it reads and writes, roughly: XNNPACK takes no ADD or MUL of which one
    operand's step is far smaller than the sum's. Weights' values are not among them.

    Args:
        graph: The float graph, of fixed sizes.
        scheme: Of the network.
        ranges: Of the activations.
    """
    ranged = SCHEMES[scheme].ranged
    writers = {tensor: graph.kind(each) for tensor, each in graph.writers().items()}
    readers = graph.readers()
    keys = []
    for operator in graph.operators:
        inputs, outputs = ([int(t) for t in side] for side in (operator.inputs, operator.outputs))
        described = {
            "kind": graph.kind(operator),
            "options": _plain(operator.builtinOptions),
            "inputs": [_tensor(graph, tensor) for tensor in inputs],
            "outputs": [_tensor(graph, tensor) for tensor in outputs],
            "after": [writers.get(tensor) for tensor in inputs],
            "before": [sorted(graph.kind(each) for each in readers.get(t, [])) for t in outputs],
            "widths": [_width(graph, t, ranges) for t in (*inputs, *outputs)] if ranged else [],
            "scheme": scheme,
        }
        keys.append(sha256_text(json.dumps(described, sort_keys=True)))
    return keys


def _width(graph: Graph, tensor: int, ranges: Mapping[str, Range]) -> int | None:
    """Give the order of magnitude, base 16, that an activation or a single number reaches."""
    ends: Sequence[float] = ranges.get(graph.name(tensor), ()) if tensor >= 0 else ()
    value = graph.constant(tensor)
    if value is not None and value.size == 1:
        ends = [float(value.ravel()[0])]
    largest = max(map(abs, ends), default=0.0)
    return round(math.log2(largest) / 4) if largest > 0 and math.isfinite(largest) else None


def _tensor(graph: Graph, tensor: int) -> list[Any] | None:
    if tensor < 0:
        return None
    constant = graph.constant(tensor) is not None
    return [list(graph.shape(tensor)), str(graph.dtype(tensor)), constant]


def _plain(value: Any) -> Any:
    """Write an options object as JSON has it."""
    if hasattr(value, "__dict__"):
        return {name: _plain(each) for name, each in vars(value).items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return value.item()
    return value.decode(errors="replace") if isinstance(value, bytes) else value
