"""Measures what every activation does on calibration samples."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from decant.flatbuffer.graph import Graph
from decant.runtime import encode, tensor_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from decant.inputs import Run
    from decant.tensors import TensorInfo

BINS = 2048
# Values of an activation that go into its histogram per sample, evenly spaced if it has more.
COUNTED_VALUES = 1 << 15
HELD_OUT_EVERY = 4


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one activation did over the calibration samples.

    Attributes:
        low: Smallest value; NaN if it was NaN or infinite on some sample.
        high: Largest value; likewise.
        counts: [BINS] int64, histogram over equal bins from low to high; empty if not asked for.
    """

    low: float
    high: float
    counts: NDArray[np.int64]


def split(samples: Sequence[Run]) -> tuple[list[Run], list[Run]]:
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
    samples: Sequence[Run],
    *,
    histograms: bool = True,
) -> dict[str, Statistics]:
    """Run a float model and gather statistics of every float activation, by tensor name.

    Args:
        model: The float flatbuffer.
        inputs: Of the model.
        samples: To run it on; twice for histograms, which need the extremes first.
        histograms: Whether to count values as well.
    """
    graph = Graph.from_bytes(model)
    _show_unread(graph)
    model = graph.to_bytes()
    extremes: dict[str, tuple[float, float]] = {}
    for name, value in activations(graph, model, inputs, samples):
        low, high = float(value.min()), float(value.max())
        if not np.isfinite([low, high]).all():
            low = high = np.nan
        known = extremes.get(name, (low, high))
        # Unlike min and max, these keep NaN whichever side it is on.
        extremes[name] = float(np.minimum(known[0], low)), float(np.maximum(known[1], high))
    counts = {name: np.zeros(BINS if histograms else 0, np.int64) for name in extremes}
    again = samples if histograms else []
    for name, value in activations(graph, model, inputs, again):
        if np.isfinite(extremes[name][0]):
            counts[name] += _histogram(value, *extremes[name])
    return {name: Statistics(*extremes[name], counts[name]) for name in extremes}


def _show_unread(graph: Graph) -> None:
    """Make outputs of the results that nothing reads, such as a part of a SPLIT.

    XNNPACK computes them only then, and the quantizer wants a range for them as well.
    """
    read = {*graph.readers(), *graph.outputs}
    computed = [int(index) for op in graph.operators for index in op.outputs]
    graph.subgraph.outputs = [*graph.outputs, *(index for index in computed if index not in read)]


def activations(
    graph: Graph, model: bytes, inputs: Sequence[TensorInfo], samples: Sequence[Run]
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
            value = tensor_of(interpreter, index)
            if value.size:
                yield graph.name(index), value


def _histogram(value: NDArray[np.float32], low: float, high: float) -> NDArray[np.int64]:
    """Count values over BINS equal bins from low to high."""
    values = value.ravel()[:: -(-value.size // COUNTED_VALUES)]
    per_unit = BINS / (high - low) if high > low else 0.0
    bins = ((values - low) * per_unit).astype(np.int64)
    return np.bincount(np.minimum(bins, BINS - 1), minlength=BINS)
