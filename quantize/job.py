"""What every recipe works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from decant.errors import InternalError
    from decant.flatbuffer.graph import Graph
    from decant.inputs import Run
    from decant.tensors import TensorInfo

    from .calibrate import Statistics
    from .judge import Judge

    Infos = tuple[TensorInfo, ...]
    Outputs = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Job:
    """What every recipe works with.

    Attributes:
        graph: The float graph after rewrites.
        modules: Of the model: tensor's name → PyTorch module's path.
        model_sha256: Of the float file.
        inputs: Of the float file.
        outputs: Of the float file.
        statistics: Per activation, over the calibration samples; what went wrong if they could not
            be measured.
        held_out: The runs to measure on.
        reference: The float file's outputs on them.
        judge: By those outputs; None where the runs are no real data, on which ratios say nothing.
        samples: The runs to calibrate on; none where no recipe asks for it.
    """

    graph: Graph
    modules: Mapping[str, str]
    model_sha256: str
    inputs: Infos
    outputs: Infos
    statistics: Mapping[str, Statistics] | InternalError
    held_out: Sequence[Run]
    reference: Sequence[Outputs]
    judge: Judge | None
    samples: Sequence[Run] = ()
