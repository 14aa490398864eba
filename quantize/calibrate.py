"""Reads and checks calibration samples, and measures every activation's range on them."""

from __future__ import annotations

import tokenize
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.errors import DataError
from decant.runtime import encode

from .flatbuffer import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.tensors import TensorInfo

Sample = dict[str, "NDArray[Any]"]

BINS = 2048
# Values of an activation that go into its histogram per sample, evenly spaced if it has more.
COUNTED_VALUES = 1 << 15
HELD_OUT_EVERY = 4
# What NumPy raises on damaged bytes: of the file, of a compressed entry, of an array's header.
UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    SyntaxError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one activation did over the calibration samples.

    Attributes:
        low: Smallest value.
        high: Largest value.
        counts: [BINS] int64, histogram over equal bins from low to high; empty if not asked for.
    """

    low: float
    high: float
    counts: NDArray[np.int64]


def load(path: Path) -> dict[str, NDArray[Any]]:
    """Read calibration arrays from an `.npz` file: per input name [samples, …] in ONNX order.

    Raises:
        DataError: The file is missing, damaged, not an `.npz`, or holds Python objects.
    """
    advice = "save it with numpy.savez(path, input_name=array)"
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise DataError(f"{path}: one bare array without an input's name; {advice}")
        with archive:
            return {name: archive[name] for name in archive.files}
    except UNREADABLE as error:
        raise DataError(
            f"{path}: cannot be read as calibration data ({error}); {advice}"
        ) from error


def samples_of(
    calibration: Mapping[str, NDArray[Any]], inputs: Sequence[TensorInfo]
) -> list[Sample]:
    """Check calibration data against a model's inputs and cut it into runs of the model.

    Args:
        calibration: Per input name [samples, …], each sample in ONNX axis order. Where a sample
            has the rank of the model's input without its first axis, the first axis of both is
            one and the same (the batch).
        inputs: The model file's inputs.

    Returns:
        Per run, input name → array in ONNX axis order.

    Raises:
        DataError: Wrong names, no samples, unequal counts, a shape that does not fit, NaN or
            infinity, or values that the input's element type does not hold.
    """
    wanted, given = [info.name for info in inputs], list(calibration)
    if set(wanted) != set(given):
        raise DataError(
            f"the calibration data holds {_listing(given)}, but the model's inputs are"
            f" {_listing(wanted)}; give one array per input under exactly these names"
        )
    columns = {info.name: _runs(np.asarray(calibration[info.name]), info) for info in inputs}
    counts = {name: len(runs) for name, runs in columns.items()}
    if len(set(counts.values())) > 1:
        raise DataError(
            f"the calibration arrays hold unequal numbers of samples ({counts}); give as many for"
            " every input"
        )
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def split(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Split into samples to calibrate on and samples to measure on.

    Every fourth sample (the last one if there are fewer than four) is held out for measuring; a
    single sample serves as both.
    """
    if len(samples) < 2:
        return list(samples), list(samples)
    if len(samples) < HELD_OUT_EVERY:
        return list(samples[:-1]), list(samples[-1:])
    last = HELD_OUT_EVERY - 1
    kept = [sample for at, sample in enumerate(samples) if at % HELD_OUT_EVERY != last]
    return kept, list(samples[last::HELD_OUT_EVERY])


def measure(
    model: bytes,
    inputs: Sequence[TensorInfo],
    samples: Sequence[Sample],
    *,
    histograms: bool = True,
) -> dict[str, Statistics]:
    """Run a float model and gather statistics of every float activation, by tensor name.

    Args:
        model: The float flatbuffer.
        inputs: Of the model.
        samples: To run it on; twice for histograms, which need the extremes first.
        histograms: Whether to count values as well.

    Raises:
        DataError: An activation is NaN or infinite on some sample.
    """
    graph = Graph.from_bytes(model)
    extremes: dict[str, tuple[float, float]] = {}
    for name, value in _activations(graph, model, inputs, samples):
        low, high = float(value.min()), float(value.max())
        if not np.isfinite(low) or not np.isfinite(high):
            raise DataError(
                f"activation {name!r} of the float model is NaN or infinite on the calibration"
                " data, so that it has no int8 range; repair the model"
            )
        known = extremes.get(name, (low, high))
        extremes[name] = min(known[0], low), max(known[1], high)
    counts = {name: np.zeros(BINS if histograms else 0, np.int64) for name in extremes}
    again = samples if histograms else []
    for name, value in _activations(graph, model, inputs, again):
        counts[name] += _histogram(value, *extremes[name])
    return {name: Statistics(*extremes[name], counts[name]) for name in extremes}


def _runs(array: NDArray[Any], info: TensorInfo) -> list[NDArray[Any]]:
    """Cut [samples, …] into inputs of the model."""
    if array.size == 0:
        raise DataError(
            f"the calibration data for input {info.name!r} is empty (shape {list(array.shape)});"
            " give at least one sample, better a hundred"
        )
    expected = _onnx_shape(info)
    whole = array.ndim == len(expected) + 1
    batch = (expected[0] if expected else None) or 1
    shape = array.shape[1:] if whole else (batch, *array.shape[1:])
    fits = len(shape) == len(expected) and all(
        want in (None, have) for want, have in zip(expected, shape, strict=True)
    )
    if not fits or (not whole and len(array) % batch):
        wanted = ["?" if size is None else size for size in expected]
        raise DataError(
            f"the calibration data for input {info.name!r} has shape {list(array.shape)}, but the"
            f" model takes {wanted} in ONNX axis order; stack samples of that shape along the"
            " first axis"
        )
    _check_values(array, info)
    return list(array if whole else array.reshape(-1, *shape))


def _check_values(array: NDArray[Any], info: TensorInfo) -> None:
    if array.dtype.kind not in "fiub":
        raise DataError(
            f"the calibration data for input {info.name!r} has element type {array.dtype}, but the"
            f" model takes {info.dtype}; convert it"
        )
    broken = ~np.isfinite(array)
    if broken.any():
        first = [int(index) for index in np.argwhere(broken)[0]]
        raise DataError(
            f"the calibration data for input {info.name!r} holds {int(broken.sum())} values that"
            f" are NaN or infinite, the first at index {first}; leave such samples out"
        )
    if np.dtype(info.dtype).kind in "iub" and info.scale is None:
        with np.errstate(invalid="ignore"):
            held = array.astype(info.dtype)
        if not np.array_equal(held, array):
            raise DataError(
                f"the calibration data for input {info.name!r} holds values (from"
                f" {array.min():g} to {array.max():g}) that {info.dtype} cannot hold; give raw"
                " values, not normalised ones"
            )


def _onnx_shape(info: TensorInfo) -> tuple[int | None, ...]:
    if not info.channels_last:
        return info.shape
    first, *middle, last = info.shape
    return (first, last, *middle)


def _listing(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names) or "nothing"


def _activations(
    graph: Graph, model: bytes, inputs: Sequence[TensorInfo], samples: Sequence[Sample]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield name and value of every float activation for every sample."""
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the note that keeping all tensors takes memory
        interpreter = Interpreter(
            model_content=model, num_threads=1, experimental_preserve_all_tensors=True
        )
    computed = [int(index) for op in graph.operators for index in op.outputs]
    watched = [index for index in (*graph.inputs, *computed) if graph.is_float(index)]
    tensors = graph.signature_inputs()
    for sample in samples:
        arrays = {
            tensors[info.name]: encode(info, info.from_onnx_order(sample[info.name]))
            for info in inputs
        }
        for tensor, array in arrays.items():
            interpreter.resize_tensor_input(tensor, array.shape)
        interpreter.allocate_tensors()
        for tensor, array in arrays.items():
            interpreter.set_tensor(tensor, array)
        interpreter.invoke()
        for index in watched:
            value = interpreter.get_tensor(index)
            if value.size:
                yield graph.name(index), value


def _histogram(value: NDArray[np.float32], low: float, high: float) -> NDArray[np.int64]:
    """Count values over BINS equal bins from low to high."""
    values = value.ravel()[:: -(-value.size // COUNTED_VALUES)]
    per_unit = BINS / (high - low) if high > low else 0.0
    bins = ((values - low) * per_unit).astype(np.int64)
    return np.bincount(np.minimum(bins, BINS - 1), minlength=BINS)
