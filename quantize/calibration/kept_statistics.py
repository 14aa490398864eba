"""Keeps statistics of activations between runs, so that an interrupted calibration goes on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from decant.artifacts import write_bytes

from . import histogram, statistics
from .histogram import Histogram
from .statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from decant.inputs import Runs
    from decant.tensors import TensorInfo

MADE_FROM = "made_from"
NAMES = "names"


@dataclass(frozen=True, slots=True)
class KeptStatistics:
    """A file of statistics.

    Attributes:
        path: Of the file; None to keep nothing.
    """

    path: Path | None

    def read(self) -> tuple[str, dict[str, Statistics]]:
        """Give what the statistics were made from, and these; "" and none where it is damaged."""
        if self.path is None or not self.path.exists():
            return "", {}
        try:
            with safe_open(self.path, framework="np") as file:
                described = file.metadata()
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return described[MADE_FROM], dict(_unpacked(json.loads(described[NAMES]), arrays))
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            return "", {}

    def write(self, made_from: str, found: Mapping[str, Statistics]) -> None:
        """Keep statistics.

        Raises:
            DataError: The file cannot be written.
        """
        if self.path is None:
            return
        each = [*found.values()]
        ends = [(s.low, s.high, s.average_low, s.average_high) for s in each]
        counts = [(s.samples, s.zeros, s.histogram.exponent, s.histogram.first) for s in each]
        bins = [s.histogram.counts for s in each]
        arrays = {
            "ends": np.array(ends, np.float64).reshape(-1, 4),
            "counts": np.array(counts, np.int64).reshape(-1, 4),
            "lengths": np.array([len(one) for one in bins], np.int64),
            "bins": np.concatenate([np.zeros(0, np.int64), *bins]),
        }
        described = {MADE_FROM: made_from, NAMES: json.dumps([*found])}
        write_bytes(self.path, save(arrays, metadata=described))


def _unpacked(
    names: Sequence[str], arrays: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]
) -> Iterator[tuple[str, Statistics]]:
    """Yield the statistics of each activation.

    Raises:
        KeyError: An array is missing.
        ValueError: Arrays are of unlike lengths.
    """
    stops = np.cumsum(arrays["lengths"])
    bins = np.split(arrays["bins"], stops[:-1]) if len(names) else []
    rows = (arrays["ends"].tolist(), arrays["counts"].tolist(), bins)
    for name, ends, counts, counted in zip(names, *rows, strict=True):
        low, high, average_low, average_high = ends
        samples, zeros, exponent, first = counts
        counted_values = np.array(counted, np.int64)
        yield (
            name,
            Statistics(
                *(low, high, average_low, average_high, samples, zeros),
                Histogram(exponent, first, counted_values),
            ),
        )


def chunk_keys(
    model: bytes, inputs: Sequence[TensorInfo], runs: Runs, starts: range, *code: str
) -> list[str]:
    """Name everything that statistics depend on after each of some runs in a row.

    Args:
        model: The float flatbuffer.
        inputs: Of the model.
        runs: All of them; each is read once.
        starts: Number of the first run of each row.
        *code: Files of code that counts beside this package's.
    """
    digest = hashlib.sha256(model)
    digest.update(f"{metadata.version('ai-edge-litert')} {[*inputs]!r}".encode())
    for module in (*code, histogram.__file__, statistics.__file__):
        digest.update(Path(module).read_bytes())
    keys = []
    for start in starts:
        for run in runs[start : start + starts.step]:
            for name, array in sorted(run.items()):
                digest.update(f"{name} {array.dtype} {array.shape}".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        keys.append(digest.hexdigest())
    return keys
