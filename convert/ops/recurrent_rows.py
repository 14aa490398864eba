"""Where the steps of a recurrent layer lie, when all of its directions run together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rows:
    """Numbers of the rows that a step reads of the gates, and that hold its outputs.

    Gates have a row for each [step of the sequence, N, direction], as one product makes them. The
    outputs have one for each [step as it is run, direction, N]; a backward direction runs from
    the last step of the sequence to the first.

    >>> both = Rows(steps=3, batch=1, backwards=(False, True))
    >>> both.of_steps(0, 3).tolist()
    [0, 5, 2, 3, 4, 1]
    >>> both.of_outputs().tolist()
    [0, 5, 2, 3, 4, 1]

    Attributes:
        steps: How many there are, T.
        batch: How many sequences there are, N.
        backwards: Of each direction, whether it begins with the last step.
    """

    steps: int
    batch: int
    backwards: Sequence[bool]

    @property
    def each(self) -> int:
        """Rows of a step."""
        return self.batch * len(self.backwards)

    def of_steps(self, first: int, count: int) -> NDArray[np.int32]:
        """Rows of the gates that so many steps read, [count * D * N]."""
        run, direction, sequence = self._numbers(range(first, first + count))
        step = np.where(np.take(self.backwards, direction), self.steps - 1 - run, run)
        return _flat((step * self.batch + sequence) * len(self.backwards) + direction)

    def to_next(self, count: int) -> NDArray[np.int32]:
        """What leads from the rows of some steps to those of as many behind, [count * D * N]."""
        return self.of_steps(count, count) - self.of_steps(0, count)

    def of_outputs(self) -> NDArray[np.int32]:
        """Rows of the outputs in the order of the sequence, [T * N * D]."""
        step, direction, sequence = self._numbers(range(self.steps))
        run = np.where(np.take(self.backwards, direction), self.steps - 1 - step, step)
        rows = (run * len(self.backwards) + direction) * self.batch + sequence
        return _flat(rows.transpose(0, 2, 1))

    def _numbers(self, steps: range) -> tuple[NDArray[Any], ...]:
        return np.ix_(steps, range(len(self.backwards)), range(self.batch))


def _flat(rows: NDArray[Any]) -> NDArray[np.int32]:
    return rows.ravel().astype(np.int32)
