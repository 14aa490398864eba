"""Picks test samples on which the shipped file got worse, and what each model says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from decant.artifacts import read_json
from decant.errors import DataError
from decant.tasks import Mark

from .accuracy import worst_regressions
from .preview import preview
from .schema import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from decant.samples import Sample
    from decant.tasks import Task

    from .accuracy import Accuracy, PreparedSet

PICTURES = 12


class Picture(Part):
    """One test sample.

    Attributes:
        id: Of the sample.
        tags: Its slices.
        width: Of the photo in pixels, which marks are measured in; 0 without a photo.
        height: The same.
        jpeg: The photo made smaller, base64.
        curve: Of a sample without a photo, numbers that give an idea of it.
        truth: What is there.
        answers: Model → what it says.
        grades: Model → how right it is on this sample alone; more is better.
    """

    id: str
    tags: tuple[str, ...]
    width: int
    height: int
    jpeg: str = ""
    curve: tuple[float, ...] = ()
    truth: tuple[Mark, ...]
    answers: dict[str, tuple[Mark, ...]]
    grades: dict[str, float]

    @property
    def curves(self) -> dict[str, tuple[float, ...]]:
        """The lines to compare with each other: "truth" or model → numbers."""
        said = {"truth": self.truth, **self.answers}
        return {name: mark.curve for name, marks in said.items() for mark in marks if mark.curve}


class Gallery(Part):
    """Test samples, those that got worst first.

    Attributes:
        before: The model that is compared with.
        after: The model that is shown.
        worse: On how many test samples it is worse.
        shown_score: The display threshold: weaker detections matter to AP's tail, but an app does
            not show them. None where all are drawn.
        pictures: Worst regressions first, then evenly spread over the rest of the set.
    """

    before: str
    after: str
    worse: int
    shown_score: float | None
    pictures: tuple[Picture, ...]

    @property
    def drawn(self) -> bool:
        """Whether the answers lie on the photos, so that the two models are shown side by side."""
        return any(mark.drawn for mark in self._marks())

    @property
    def curved(self) -> bool:
        """Whether the answers are lines, which are drawn below the photos."""
        return any(mark.curve for mark in self._marks())

    @property
    def layered(self) -> bool:
        """Whether the truth covers the photos, so that it is shown beside the two models."""
        return any(mark.mask or mark.picture for mark in self._marks(truth=True))

    @property
    def legend(self) -> dict[str, str]:
        """What the colours of masks stand for: label → "#rrggbb"."""
        return {mark.label: mark.colour for mark in self._marks() if mark.colour}

    def _marks(self, *, truth: bool = False) -> Iterator[Mark]:
        for picture in self.pictures:
            for said in (picture.truth, *(() if truth else picture.answers.values())):
                yield from said


def make_gallery(
    task: Task,
    prepared: PreparedSet,
    pair: Mapping[str, Accuracy],
    ask: Callable[[str, int], Any],
) -> Gallery:
    """Compare two models sample by sample.

    Args:
        task: That made the evidence.
        prepared: The test set.
        pair: The model compared with, then the one shown, by name.
        ask: Asks the model of that name about the sample of that number once more.
    """
    before, after = pair
    # What rounding alone moves is no worse to whoever reads the grades.
    worse = [
        each
        for each in worst_regressions(task, pair[before].evidence, pair[after].evidence)
        if _shown(each.after) < _shown(each.before)
    ]
    position = {sample.id: index for index, sample in enumerate(prepared.samples)}
    picked = [position[each.id] for each in worse[:PICTURES]]
    spread = np.linspace(0, len(prepared) - 1, PICTURES).astype(int).tolist()
    picked += [index for index in dict.fromkeys(spread) if index not in picked]
    grades = {name: task.per_sample(each.evidence) for name, each in pair.items()}
    pictures = []
    for index in picked[:PICTURES]:
        answers = {name: task.draw_prediction(ask(name, index)) for name in pair}
        grade = {name: _shown(float(each[index])) for name, each in grades.items()}
        pictures.append(_picture(task, prepared.samples[index], answers, grade))
    return Gallery(
        before=before,
        after=after,
        worse=len(worse),
        shown_score=task.display_threshold,
        pictures=tuple(pictures),
    )


def _shown(grade: float) -> float:
    return round(grade, 4)


def load_gallery(path: Path) -> Gallery | None:
    """Read a gallery; None where there is none, as for a file without a spec.

    Raises:
        DataError: If the file is damaged.
    """
    if not path.exists():
        return None
    try:
        return Gallery.model_validate(read_json(path))
    except ValidationError as error:
        raise DataError(f"{path}: not a gallery; run the bench again") from error


def _picture(
    task: Task,
    sample: Sample,
    answers: Mapping[str, tuple[Mark, ...]],
    grades: Mapping[str, float],
) -> Picture:
    shown = preview(sample.load())
    return Picture(
        id=sample.id,
        tags=tuple(sorted(sample.tags)),
        width=shown.width,
        height=shown.height,
        jpeg=shown.jpeg,
        curve=shown.curve,
        truth=task.draw_truth(sample.truth),
        answers=dict(answers),
        grades=dict(grades),
    )
