"""Chooses the calibrator of each activation by what its range does on other samples.

Nothing here is of the test set: ranges come from the samples to calibrate on, and are judged on
those that are held out of them. How much is tried follows from the size of the network and not from
the clock, so that a second run makes the same file.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from decant.errors import DataError, InternalError
from decant.isolation import run_checked

from .calibration import CALIBRATORS
from .judge import Judge
from .ranges import choose, least_local_errors
from .schemes import SCHEMES
from .simulate import simulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from decant.fidelity import Part
    from decant.flatbuffer.graph import Graph
    from decant.inputs import Run
    from decant.tensors import TensorInfo

    from .calibration import Range, Statistics

    Infos = tuple[TensorInfo, ...]
    Outputs = dict[str, NDArray[Any]]
    Choice = dict[str, str]

logger = logging.getLogger(__name__)

# Multiplications of weights that trials may take: about twenty seconds of one core with AVX-512.
TRIAL_MULTIPLICATIONS = 6e11
FEWEST_RUNS = 4
# Bits per output by which plans may differ that are equal: a tenth more or less of noise.
EQUAL_BITS = 0.07


@dataclass(frozen=True)
class Calibration:
    """What is known of activations.

    Attributes:
        graph: The float graph.
        signature: Its inputs and outputs.
        statistics: On the samples that ranges are made from.
        held_out: On other samples.
        runs: Those other samples.
    """

    graph: Graph
    signature: tuple[Infos, Infos]
    statistics: Mapping[str, Statistics]
    held_out: Mapping[str, Statistics]
    runs: Sequence[Run]


def choose_calibrators(known: Calibration) -> Choice:
    """Name a calibrator for each activation.

    Where trials at the outputs crash or cannot be made, the error of the activation itself decides.
    """
    local = least_local_errors(known.graph, known.statistics, known.held_out)
    if not known.runs or not all(seen.usable for seen in known.statistics.values()):
        return local
    try:
        return run_checked(by_outputs, known, local)
    except (DataError, InternalError) as error:
        logger.warning("calibrators are chosen by the activations' own errors: %s", error)
        return local


def by_outputs(known: Calibration, local: Choice) -> Choice:
    """Try at the outputs what the activations' own errors say, and one calibrator for all.

    All activations and weights are rounded together: what a range does when rounded alone, one
    activation after another, chose worse on the detector (18.3 dB where this gives 18.7), since
    what clipping does adds up otherwise than what rounding does.

    Args:
        known: Of the activations.
        local: Each activation's calibrator by its own error; it counts if it is nearly the best.
    """
    plans: list[str | Choice] = [local, *CALIBRATORS]
    affordable = TRIAL_MULTIPLICATIONS / (len(plans) * max(multiplications(known.graph), 1))
    trial = _Trial(known, _spread(known.runs, max(FEWEST_RUNS, int(affordable))))
    kept = [trial.information(choose(known.graph, known.statistics, plan)) for plan in plans]
    most = max(kept) - EQUAL_BITS
    best = next(plan for plan, bits in zip(plans, kept, strict=True) if bits >= most)
    return dict.fromkeys(local, best) if isinstance(best, str) else best


class _Trial:
    """Rounds all activations and weights of what a static file computes in int8."""

    def __init__(self, known: Calibration, runs: Sequence[Run]) -> None:
        self._known, self._runs = known, runs
        self._tensors = _integers(known.graph)
        kinds = SCHEMES["static_int8"].kinds
        self._weighted = [
            at
            for at, operator in enumerate(known.graph.operators)
            if known.graph.kind(operator) in kinds
        ]
        with simulator(known.graph, *known.signature) as simulation:
            self._judge = Judge(simulation.run(runs))

    def information(self, ranges: Mapping[str, Range]) -> float:
        """Bits per value that are left at the outputs, on average."""
        spans = {at: ranges[name] for name, at in self._tensors.items() if name in ranges}
        with simulator(self._known.graph, *self._known.signature) as simulation:
            outputs = simulation.run(self._runs, activations=spans, weights=self._weighted)
        return information(self._judge.parts(outputs, {}))


def _integers(graph: Graph) -> dict[str, int]:
    """Map the names of activations that a static file holds in int8 to tensors."""
    kinds = SCHEMES["static_int8"].kinds
    found = {}
    for operator in graph.operators:
        if graph.kind(operator) in kinds:
            for tensor in (int(each) for each in (*operator.inputs, *operator.outputs)):
                if tensor >= 0 and graph.is_float(tensor) and graph.constant(tensor) is None:
                    found[graph.name(tensor)] = tensor
    return found


def information(parts: Iterable[Part]) -> float:
    """Give the bits per value that outputs keep, averaged over the parts of each and over all.

    A Gaussian channel carries log2(1 + S/N) / 2 of them. So a part of which nothing can be saved,
    such as one far beside larger ones in one tensor, does not outweigh what others would lose.
    """
    bits: dict[str, list[float]] = {}
    for part in parts:
        bits.setdefault(part.output, []).append(math.log2(1 + 10 ** (part.snr_db / 10)) / 2)
    return fmean(fmean(each) for each in bits.values())


def multiplications(graph: Graph) -> int:
    """Count those of a graph's weights with activations in one run."""
    total = 0
    for operator in graph.operators:
        constants = [graph.shape(int(at)) for at in operator.inputs[1:2] if int(at) >= 0]
        if graph.kind(operator) in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            values = math.prod(graph.shape(int(operator.outputs[0])))
            weights = math.prod(constants[0])
            channels = graph.shape(int(operator.outputs[0]))[-1]
            total += values * weights // max(channels, 1)
    return total


def _spread(runs: Sequence[Run], most: int) -> list[Run]:
    """Take runs evenly, so many at most."""
    return [runs[at * len(runs) // most] for at in range(most)] if len(runs) > most else [*runs]
