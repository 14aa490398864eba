"""Measures what every activation does on calibration samples."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

from decant.files import STATISTICS
from decant.flatbuffer.graph import Graph
from decant.isolation import run_checked
from decant.progress import track
from decant.runtime import encode, tensor_of

from .calibration import Statistics
from .calibration.kept_statistics import KeptStatistics, chunk_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from decant.inputs import Run, Runs
    from decant.tensors import TensorInfo

logger = logging.getLogger(__name__)

HELD_OUT_EVERY = 4
MEASURED_SAMPLES = 64
"""Most samples to measure on, whose outputs are held in memory."""
CHUNK = 256
"""Samples that one process runs; after each of them those who watch hear how far it is."""


def split(runs: Runs) -> tuple[Runs, Runs]:
    """Split into samples to calibrate on and samples to measure on.

    Every fourth sample (the last one if there are fewer than four) is held out for measuring, or
    of many as few as make `MEASURED_SAMPLES`; a single sample serves as both.
    """
    count = len(runs)
    if count < 2:
        return runs, runs
    every = min(max(HELD_OUT_EVERY, -(-count // MEASURED_SAMPLES)), count)
    held_out = range(every - 1, count, every)
    return runs.taken([at for at in range(count) if at not in held_out]), runs.taken(held_out)


def few(runs: Runs) -> Runs:
    """Take as many as are measured on, evenly spaced."""
    return runs.taken(range(0, len(runs), -(-len(runs) // MEASURED_SAMPLES)))


def measure_in_chunks(
    model: bytes,
    inputs: Sequence[TensorInfo],
    runs: Runs,
    what: str,
    folder: Path | None = None,
) -> dict[str, Statistics]:
    """Do as `measure` in processes of their own, telling those who watch how far it is.

    Args:
        model: See `measure`.
        inputs: See `measure`.
        runs: See `measure`.
        what: Names the work, and its file in the folder.
        folder: Where statistics are kept after each chunk, from which the same call goes on;
            nothing is kept if None.

    Raises:
        DataError: They cannot be kept.
        InternalError: LiteRT crashed.
    """
    starts = range(0, len(runs), CHUNK)
    kept = KeptStatistics(None if folder is None else folder / f"{what}{STATISTICS}")
    keys = [] if folder is None else chunk_keys(model, inputs, runs, starts, __file__)
    known, before = kept.read()
    done = keys.index(known) + 1 if known in keys else 0
    found = before if done else {}
    if done:
        logger.info("%s: %d of %d chunks are known", what, done, len(starts))
    for number in track(range(done, len(starts)), what, len(starts) - done):
        start = starts[number]
        found = run_checked(measure, model, inputs, runs[start : start + CHUNK], found)
        if keys:
            kept.write(keys[number], found)
    return found


def measure(
    model: bytes,
    inputs: Sequence[TensorInfo],
    samples: Sequence[Run],
    before: Mapping[str, Statistics] | None = None,
) -> dict[str, Statistics]:
    """Run a float model and gather statistics of every float activation, by tensor name.

    Nothing is kept per sample.

    Args:
        model: The float flatbuffer.
        inputs: Of the model.
        samples: To run it on, once.
        before: Statistics of other samples, to go on with.
    """
    graph = Graph.from_bytes(model)
    _show_unread(graph)
    found = dict(before or {})
    for name, value in activations(graph, graph.to_bytes(), inputs, samples):
        found.setdefault(name, Statistics()).add(value)
    return found


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
