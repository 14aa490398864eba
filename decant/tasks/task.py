"""The interface of a task, and which class carries out which section of the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from .. import spec
from .classification import Classification
from .quad_detection import QuadDetection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..decode import Detections
    from ..images import Placement
    from ..samples import Sample
    from .evidence import Evidence

Prediction: TypeAlias = "Detections | NDArray[np.float32]"
"""What a model says of one photo: detections in its pixels, or a score per label."""

Shapes: TypeAlias = "Mapping[str, tuple[int | None, ...]]"


class Task(Protocol):
    """Turns raw outputs into predictions, and predictions into metrics."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What there is to tell apart."""

    @property
    def display_threshold(self) -> float | None:
        """The lowest score that an app shows; None if it shows every answer."""

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The names of the metrics, all fractions of which more is better."""

    def check_outputs(self, shapes: Shapes, image: tuple[int, int]) -> None:
        """Check, before anything runs, that a model gives what the task decodes.

        Args:
            shapes: Of the model's outputs by name, in ONNX axis order; None where a size is free.
            image: Height and width of the model's input.

        Raises:
            DataError: If it does not.
        """

    def predict(
        self, outputs: Mapping[str, NDArray[np.float32]], placements: Sequence[Placement]
    ) -> Sequence[Prediction]:
        """Decode a batch of outputs, in ONNX axis order, into one prediction per photo.

        Raises:
            DataError: If the outputs are not what the task decodes.
        """

    def evidence(self, predictions: Sequence[Prediction], samples: Sequence[Sample]) -> Evidence:
        """Compare predictions with the truth, image by image."""

    def metrics(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Compute every metric for each resample.

        Args:
            evidence: From the same task.
            weights: [b, n] how often each image occurs in each resample; each once if None.

        Returns:
            For each metric [b] fractions; NaN where the images drawn do not define it.
        """

    def per_image(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade each image by itself: [n], 1 is perfect."""

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the true objects, or the images, of each label: [labels]."""

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Judge each label by itself: figure → [labels] fractions, NaN where it is not defined."""

    def confusion(self, evidence: Evidence) -> NDArray[np.int64] | None:
        """Count the answers: [true label, label named]; None where an image has more than one."""


def make_task(section: spec.Task) -> Task:
    """Make the task that a spec describes.

    Raises:
        SpecError: If its metric cannot be computed with its labels.
    """
    if isinstance(section, spec.DetectionTask):
        return QuadDetection(section.labels, section.decode)
    return Classification(section.labels, section.metric)
