"""Times every operator of `.tflite` files in LiteRT, those that XNNPACK runs included."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .errors import InternalError
from .isolation import run_isolated
from .litert_c import Runtime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .litert_c import ProfiledEvent

ROUNDS = (10, 50)
"""Runs of each file at least, and at most."""
SECONDS = 4.0
"""Of the runs of all files together, once each had the least of them."""
WARM_UP = 2


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """What an operator took.

    Attributes:
        name: XNNPACK's of its operator, such as "Convolution (NHWC, F32) IGEMM", or that of
            LiteRT's own kernel.
        delegated: Whether XNNPACK ran it.
        number: Of the node in the file, of a kernel of LiteRT's own; of an operator of XNNPACK its
            place in the delegate's part.
        ms: The least of the runs.
    """

    name: str
    delegated: bool
    number: int
    ms: float


@dataclass(frozen=True, slots=True)
class Profile:
    """What a file took.

    Attributes:
        operators: In the order in which they ran.
        whole_ms: Time of the processor that the whole run took, the least of those runs that were
            not profiled. Other work on the machine does not count, as it would on a clock.
    """

    operators: tuple[OperatorTime, ...]
    whole_ms: float

    @property
    def sum_ms(self) -> float:
        """What the operators took together."""
        return sum(operator.ms for operator in self.operators)


def profile_files(
    files: Mapping[str, bytes],
    *,
    threads: int = 1,
    rounds: tuple[int, int] = ROUNDS,
    seconds: float = SECONDS,
) -> dict[str, Profile]:
    """Time files in turns, so that what else the machine does meets all of them alike.

    Native code runs in a process of its own.

    Args:
        files: Name → flatbuffer with fixed sizes.
        threads: XNNPACK's.
        rounds: Runs of each file at least, and at most.
        seconds: After which there are no more rounds than at least.

    Raises:
        DataError: LiteRT refuses a file; the message names it.
        InternalError: LiteRT crashed.
    """
    return run_isolated(_profiled, dict(files), threads, rounds, seconds)


def _profiled(
    files: Mapping[str, bytes], threads: int, rounds: tuple[int, int], seconds: float
) -> dict[str, Profile]:
    """Do the work of `profile_files`; the whole life of a child process."""
    runs: dict[str, list[list[ProfiledEvent]]] = {name: [] for name in files}
    wholes: dict[str, list[float]] = {name: [] for name in files}
    least, most = rounds
    with Runtime() as runtime:
        compiled = {
            name: runtime.compiled(content, name, threads) for name, content in files.items()
        }
        for file in compiled.values():
            for _ in range(WARM_UP):
                file.run()
        end = time.monotonic() + seconds
        for number in range(most):
            if number >= least and time.monotonic() > end:
                break
            for name, file in compiled.items():
                runs[name].append(file.profile())
                wholes[name].append(file.run())
    return {name: _summary(name, runs[name], wholes[name]) for name in files}


def _summary(
    name: str, runs: Sequence[Sequence[ProfiledEvent]], wholes: Sequence[float]
) -> Profile:
    """Take the least of every operator over runs that all have the same operators."""
    first = runs[0]
    if any(len(run) != len(first) for run in runs):
        raise InternalError(f"{name}: the runs of one file differ in operators; time it again")
    least = np.min([[event.elapsed_us for event in run] for run in runs], axis=0)
    operators = tuple(
        OperatorTime(event.name, event.delegated, event.number, float(elapsed) / 1000)
        for event, elapsed in zip(first, least, strict=True)
    )
    return Profile(operators, min(wholes) * 1000)
