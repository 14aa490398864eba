"""The inputs that a conversion is checked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.errors import DataError
from decant.inputs import cut_runs
from decant.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx_ir as ir
    from numpy.typing import NDArray

    from decant.inputs import Run

    Array = NDArray[Any]

MOST = 8
"""Each sample runs through up to four forms of the model; more than this adds time, not proof."""

RANDOM = 3
RAW_PIXEL = "uint8"


def samples_for(
    inputs: Sequence[ir.Value], given: Mapping[str, Array] | None, *, raw: bool = False
) -> list[Run]:
    """Cut given arrays into samples, or draw seeded random ones.

    Args:
        inputs: The model's inputs.
        given: Name → array; the first axis counts samples, each in ONNX order. A sample may have
            or lack the batch axis of size 1.
        raw: Whether the samples are uint8 pixels.

    Returns:
        At least two samples, at most `MOST`, taken evenly from all. Where one sample is given, its
        mirror image is the second: a single one cannot show that the output depends on the input.

    Raises:
        DataError: A name, shape or element type does not fit, or there are NaNs or no samples.
    """
    infos = [_described(value, raw=raw) for value in inputs]
    if given is None:
        return [_random(infos, seed) for seed in range(RANDOM)]
    runs = cut_runs(given, infos)
    samples = [runs[at * len(runs) // MOST] for at in range(MOST)] if len(runs) > MOST else runs
    if len(samples) == 1:
        samples.append({name: np.flip(array).copy() for name, array in samples[0].items()})
    return samples


def _described(value: ir.Value, *, raw: bool) -> TensorInfo:
    """Describe an input of the ONNX model as what its samples have to be."""
    if value.shape is None:
        raise DataError(f"Input {value.name} has no shape; export the model again with one.")
    if value.dtype is None:
        raise DataError(f"Input {value.name} has no element type; export the model again.")
    return TensorInfo(
        name=str(value.name),
        shape=tuple(size if isinstance(size, int) else None for size in value.shape),
        dtype=RAW_PIXEL if raw else value.dtype.numpy().name,
    )


def _random(infos: Sequence[TensorInfo], seed: int) -> Run:
    """Draw one sample: normal floats, integers 0 or 1, pixels 0…255; free sizes are 1."""
    rng = np.random.default_rng(seed)
    sample = {}
    for info in infos:
        shape = [1 if size is None else size for size in info.shape]
        dtype = np.dtype(info.dtype)
        if dtype.kind == "f":
            sample[info.name] = rng.normal(size=shape).astype(dtype)
        else:
            top = 256 if info.dtype == RAW_PIXEL else 2
            sample[info.name] = rng.integers(0, top, shape).astype(dtype)
    return sample
