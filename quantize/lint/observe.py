"""Runs a float file on calibration samples and notes what each activation and channel does."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.flatbuffer.graph import Graph
from decant.runtime import encode, tensor_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from decant.inputs import Run
    from decant.tensors import TensorInfo

    Floats = NDArray[np.float64]
    Infos = Sequence[TensorInfo]
    Outputs = dict[str, NDArray[Any]]

# Values of all outputs together that are kept to be judged; the rest of the samples is not.
KEPT_VALUES = 1 << 24
# Rows, such as pixels, of a sample that means and variances are taken of, evenly spaced.
SUMMED_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Activation:
    """What one activation did.

    Attributes:
        lows: [samples] smallest finite value of each sample.
        highs: [samples] largest finite value of each sample.
        unbounded: Values that were NaN or infinite, of all samples together.
        channel_lows: [channels] smallest finite value of each index of the last axis.
        channel_highs: [channels] largest one.
        channel_variances: [channels] of the values around the channel's mean, without rows that
            hold NaN or infinity.
        channel_means: [channels] of the same values.
    """

    lows: Floats
    highs: Floats
    unbounded: int
    channel_lows: Floats
    channel_highs: Floats
    channel_variances: Floats
    channel_means: Floats

    @property
    def low(self) -> float:
        """Smallest finite value; infinity if there is none."""
        return float(self.lows.min())

    @property
    def high(self) -> float:
        """Largest finite value; less than the smallest if there is none."""
        return float(self.highs.max())

    @property
    def reaches(self) -> Floats:
        """[channels] the largest magnitude of each."""
        return np.maximum(np.abs(self.channel_lows), np.abs(self.channel_highs))

    @property
    def channel_powers(self) -> Floats:
        """[channels] mean of the squares."""
        return self.channel_variances + self.channel_means**2

    @property
    def constant(self) -> bool:
        """Whether it was one and the same value throughout."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Observed:
    """What a float file did on calibration samples.

    Attributes:
        activations: By tensor, of all that hold floats and were computed or given.
        outputs: Of some samples, by name in ONNX axis order.
    """

    activations: Mapping[int, Activation]
    outputs: Sequence[Outputs]


@dataclass(slots=True)
class _Watch:
    """Gathers what one activation does, sample by sample."""

    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    unbounded: int = 0
    counts: Floats = field(default_factory=lambda: np.zeros(1))
    channel_lows: Floats = field(default_factory=lambda: np.full(1, np.inf))
    channel_highs: Floats = field(default_factory=lambda: np.full(1, -np.inf))
    # Sums of differences from the first sample's mean, which cost fewer digits.
    origin: Floats = field(default_factory=lambda: np.zeros(1))
    sums: Floats = field(default_factory=lambda: np.zeros(1))
    squares: Floats = field(default_factory=lambda: np.zeros(1))

    def see(self, value: NDArray[np.float32]) -> None:
        """Take one sample's values."""
        rows = value.reshape(-1, value.shape[-1] if value.ndim else 1)
        if not self.lows:
            self._begin(rows.shape[1])
        elif rows.shape[1] != self.counts.size:
            # The last axis is free, so that its indices are no channels.
            self._forget_channels()
        rows = rows.reshape(-1, self.counts.size)
        lows, highs = rows.min(0), rows.max(0)
        if not (np.isfinite(lows) & np.isfinite(highs)).all():
            finite = np.isfinite(rows)
            self.unbounded += int((~finite).sum())
            lows = np.where(finite, rows, np.inf).min(0)
            highs = np.where(finite, rows, -np.inf).max(0)
            rows = np.where(finite, rows, np.nan)
        self._add(rows, lows, highs)

    def _begin(self, channels: int) -> None:
        self.counts, self.sums, self.squares = (np.zeros(channels) for _ in range(3))
        self.channel_lows = np.full(channels, np.inf)
        self.channel_highs = np.full(channels, -np.inf)
        self.origin = np.zeros(channels)

    def _add(self, rows: NDArray[np.float32], lows: Any, highs: Any) -> None:
        self.channel_lows = np.minimum(self.channel_lows, lows)
        self.channel_highs = np.maximum(self.channel_highs, highs)
        picked = rows[:: -(-len(rows) // SUMMED_ROWS)]
        if self.unbounded:
            picked = picked[np.isfinite(picked).all(1)]
        elif not self.lows:
            self.origin = picked.mean(0, dtype=np.float64)
        self.lows.append(float(lows.min()))
        self.highs.append(float(highs.max()))
        apart = picked - self.origin.astype(np.float32)
        self.counts += len(apart)
        self.sums += apart.sum(0)
        self.squares += np.square(apart).sum(0)

    def _forget_channels(self) -> None:
        if self.counts.size == 1:
            return
        origin = float(self.origin.mean())
        moved = self.origin - origin
        squares = self.squares + 2 * moved * self.sums + moved**2 * self.counts
        self.squares = squares.sum(keepdims=True)
        self.sums = (self.sums + moved * self.counts).sum(keepdims=True)
        self.counts = self.counts.sum(keepdims=True)
        self.origin = np.array([origin])
        self.channel_lows = self.channel_lows.min(keepdims=True)
        self.channel_highs = self.channel_highs.max(keepdims=True)

    def activation(self) -> Activation:
        """Give what was seen."""
        counts = np.maximum(self.counts, 1)
        means = self.sums / counts
        return Activation(
            lows=np.array(self.lows),
            highs=np.array(self.highs),
            unbounded=self.unbounded,
            channel_lows=self.channel_lows,
            channel_highs=self.channel_highs,
            channel_variances=np.maximum(self.squares / counts - means**2, 0.0),
            channel_means=self.origin + means,
        )


def observe(content: bytes, inputs: Infos, outputs: Infos, samples: Sequence[Run]) -> Observed:
    """Run a float file and note what it does; for a child process.

    Args:
        content: The float flatbuffer.
        inputs: Of the file.
        outputs: Of the file.
        samples: What to run it on, in ONNX axis order.
    """
    graph = Graph.from_bytes(content)
    named = graph.signature_outputs()
    watches: dict[int, _Watch] = {}
    kept: list[Outputs] = []
    size = 0
    watched = _show_everything(graph)
    for interpreter in _runs(graph, inputs, samples):
        for tensor in filter(graph.is_float, watched):
            value = tensor_of(interpreter, tensor)
            if value.size:
                watches.setdefault(tensor, _Watch()).see(np.asarray(value, np.float32))
        found = {
            info.name: info.to_onnx_order(tensor_of(interpreter, named[info.name]))
            for info in outputs
            if named.get(info.name) in watched
        }
        size += sum(value.size for value in found.values())
        if not kept or size < KEPT_VALUES:
            kept.append(found)
    return Observed({tensor: each.activation() for tensor, each in watches.items()}, kept)


def _runs(graph: Graph, inputs: Infos, samples: Sequence[Run]) -> Iterator[Any]:
    """Yield the interpreter after each sample, with the values of all tensors in it."""
    from ai_edge_litert.interpreter import Interpreter

    named = graph.signature_inputs()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the note that keeping all tensors takes memory
        interpreter = Interpreter(
            model_content=graph.to_bytes(), num_threads=1, experimental_preserve_all_tensors=True
        )
    for sample in samples:
        arrays = {
            named[info.name]: encode(info, info.from_onnx_order(sample[info.name]))
            for info in inputs
        }
        for tensor, array in arrays.items():
            interpreter.resize_tensor_input(tensor, array.shape)
        interpreter.allocate_tensors()
        for tensor, array in arrays.items():
            interpreter.set_tensor(tensor, array)
        interpreter.invoke()
        yield interpreter


def _show_everything(graph: Graph) -> list[int]:
    """Make outputs of what nothing reads, which XNNPACK computes only then; lists all tensors."""
    computed = [int(index) for op in graph.operators for index in op.outputs if index >= 0]
    read = {*graph.readers(), *graph.outputs}
    graph.subgraph.outputs = [*graph.outputs, *(each for each in computed if each not in read)]
    return list(dict.fromkeys((*graph.inputs, *computed)))
