"""What every recipe works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from decant.errors import InternalError
    from decant.flatbuffer.graph import Graph
    from decant.inputs import Run
    from decant.tensors import TensorInfo

    from .calibration import Statistics
    from .judge import Judge

    Infos = tuple[TensorInfo, ...]
    Outputs = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Job:
    """What every recipe works with.

    Attributes:
        graph: The float graph after rewrites.
        modules: Of the model: tensor's name → PyTorch module's path.
        float_file: Where it lies.
        model_sha256: Of the float file.
        inputs: Of the float file.
        outputs: Of the float file.
        statistics: Per activation, over the calibration samples; what went wrong if they could not
            be measured.
        held_out: The runs to measure on.
        reference: The float file's outputs on them.
        judge: By those outputs; None where the runs are no real data, on which ratios say nothing.
        samples: The runs to calibrate on; none where no recipe asks for it.
        calibrators: Per activation, the name of the one that "auto" takes.
        scoring: The metric; None where there is none.
    """

    graph: Graph
    modules: Mapping[str, str]
    float_file: Path
    model_sha256: str
    inputs: Infos
    outputs: Infos
    statistics: Mapping[str, Statistics] | InternalError
    held_out: Sequence[Run]
    reference: Sequence[Outputs]
    judge: Judge | None
    samples: Sequence[Run] = ()
    calibrators: Mapping[str, str] = field(default_factory=dict)
    scoring: Scoring | None = None

    @property
    def signature(self) -> tuple[Infos, Infos]:
        """Inputs and outputs of the float file."""
        return self.inputs, self.outputs


@dataclass(frozen=True, slots=True)
class Scoring:
    """The task's metric on calibration data with truth.

    Attributes:
        runs: What it is measured on.
        figure: From the outputs of those runs, in their order, to the metric; more is better.
        reference: Of the float file.
    """

    runs: Sequence[Run]
    figure: Callable[[Sequence[Outputs]], float]
    reference: float
