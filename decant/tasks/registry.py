"""The kinds of task that a spec may name; a new one is added here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from .classification import ClassificationSection
from .custom import CustomSection
from .detection import DetectionSection
from .embedding import EmbeddingSection
from .graded import graded
from .image import PictureSection
from .keypoints import KeypointsSection
from .quad_detection import QuadDetectionSection
from .regression import RegressionSection
from .section import TaskSection
from .segmentation import SegmentationSection
from .sequence import SequenceSection

if TYPE_CHECKING:
    from .task import Task

SECTIONS: tuple[type[TaskSection], ...] = (
    ClassificationSection,
    DetectionSection,
    QuadDetectionSection,
    RegressionSection,
    SegmentationSection,
    PictureSection,
    KeypointsSection,
    SequenceSection,
    EmbeddingSection,
    CustomSection,
)
"""By `kind`, what the section `[task]` may be."""

if TYPE_CHECKING:
    AnyTaskSection = TaskSection
else:
    AnyTaskSection = Annotated[Union[SECTIONS], Field(discriminator="kind")]  # noqa: UP007


def make_task(section: TaskSection, folder: Path = Path()) -> Task:
    """Make the task that a spec describes, with the user's own metric if it names one.

    Args:
        section: `task` of the spec.
        folder: Where the spec lies.

    Raises:
        SpecError: If code of the user's own cannot be used.
    """
    return graded(section.open(folder), section, folder)
