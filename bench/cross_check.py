"""Holds our figures against a library's, so that none ever rests on our code alone.

Our own is what resamples a thousand times; the library computes the point value once per model, of
average precision in less than a second for 1,000 photos.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from decant.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.tasks import Evidence, Task
    from decant.tasks.task import Outcome

TOLERANCE = 1e-6


def check_figures(task: Task, evidence: Evidence, outcomes: Sequence[Outcome]) -> None:
    """Compute a task's metrics again with the libraries that it knows.

    Args:
        task: That compares predictions.
        evidence: Of one model.
        outcomes: What the evidence was gathered from.

    Raises:
        InternalError: If the two differ.
    """
    theirs = task.library_figures(outcomes)
    ours = task.figures(evidence) if theirs else {}
    for name, value in theirs.items():
        if not abs(ours[name][0] - value) <= TOLERANCE:
            raise InternalError(
                f"{name} is {ours[name][0]:.8f} by decant and {value:.8f} by another library "
                f"on the same {len(outcomes)} samples; one of them is wrong"
            )
