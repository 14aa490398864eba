"""The inputs that a conversion is checked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx_ir as ir
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Sample = dict[str, Array]

MOST = 8
"""Each sample runs through up to four forms of the model; more than this adds time, not proof."""

RANDOM = 3
RAW_PIXEL = np.dtype(np.uint8)


def samples_for(
    inputs: Sequence[ir.Value], given: Mapping[str, Array] | None, *, raw: bool = False
) -> list[Sample]:
    """Cut given arrays into samples, or draw seeded random ones.

    Args:
        inputs: The model's inputs.
        given: Name → array; the first axis counts samples, each in ONNX order. A sample may have
            or lack the batch axis of size 1.
        raw: Whether the samples are uint8 pixels.

    Returns:
        At least two samples, at most `MOST`, each with the model's own batch axis. Where one
        sample is given, its mirror image is the second: a single one cannot show that the output
        depends on the input.

    Raises:
        DataError: A name, shape or element type does not fit, or there are NaNs or no samples.
    """
    if given is None:
        return [_random(inputs, seed, raw=raw) for seed in range(RANDOM)]
    _check_names(inputs, given)
    columns = {str(v.name): _cut(v, np.asarray(given[str(v.name)]), raw=raw) for v in inputs}
    counts = {name: len(column) for name, column in columns.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        raise DataError(f"Every input needs the same number of samples, at least one: {counts}.")
    rows = zip(*columns.values(), strict=True)
    samples = [dict(zip(columns, row, strict=True)) for row in rows][:MOST]
    if len(samples) == 1:
        samples.append({name: np.flip(array).copy() for name, array in samples[0].items()})
    return samples


def _check_names(inputs: Sequence[ir.Value], given: Mapping[str, Array]) -> None:
    names = [str(value.name) for value in inputs]
    missing = [name for name in names if name not in given]
    unknown = [name for name in given if name not in names]
    if missing or unknown:
        raise DataError(
            f"The model's inputs are {', '.join(names)}; the given arrays lack "
            f"{', '.join(missing) or 'none'} and have besides {', '.join(unknown) or 'none'}."
        )


def _cut(value: ir.Value, array: Array, *, raw: bool) -> list[Array]:
    """Cut one array into samples with the model's batch axis."""
    shape = [] if value.shape is None else list(value.shape)
    dtype = RAW_PIXEL if raw else _dtype(value)
    if array.ndim == len(shape) + 1:
        cut = list(array)
    elif array.ndim == len(shape) and shape:
        size = shape[0] if isinstance(shape[0], int) else 1
        cut = [array[i : i + size] for i in range(0, len(array) - size + 1, size)]
    else:
        cut = []
    if array.ndim < len(shape) or not all(_fits(shape, sample.shape) for sample in cut):
        raise DataError(
            f"Input {value.name} has shape {list(array.shape)}; {_wanted(shape)} is needed, "
            "samples first."
        )
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise DataError(
            f"Input {value.name} holds {array.dtype} but the model takes {dtype}"
            + (": give raw pixels 0…255, not normalised ones." if raw else ".")
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"Input {value.name} holds NaN or infinity; clean the data.")
    return [np.ascontiguousarray(sample, dtype) for sample in cut]


def _fits(shape: list[Any], given: tuple[int, ...]) -> bool:
    pairs = zip(shape, given, strict=True)
    return all(not isinstance(size, int) or size == have for size, have in pairs)


def _wanted(shape: list[Any]) -> str:
    sizes = [str(size) for size in shape]
    return f"[samples, {', '.join(sizes)}]"


def _random(inputs: Sequence[ir.Value], seed: int, *, raw: bool) -> Sample:
    """Draw one sample: normal floats, integers 0 or 1, pixels 0…255; free sizes are 1."""
    rng = np.random.default_rng(seed)
    sample = {}
    for value in inputs:
        if value.shape is None:
            raise DataError(f"Input {value.name} has no shape; give samples for it.")
        shape = [size if isinstance(size, int) else 1 for size in value.shape]
        dtype = RAW_PIXEL if raw else _dtype(value)
        if dtype.kind == "f":
            sample[str(value.name)] = rng.normal(size=shape).astype(dtype)
        else:
            sample[str(value.name)] = rng.integers(0, 256 if raw else 2, shape).astype(dtype)
    return sample


def _dtype(value: ir.Value) -> np.dtype[Any]:
    if value.dtype is None:
        raise DataError(f"Input {value.name} has no element type; export the model again.")
    return value.dtype.numpy()
