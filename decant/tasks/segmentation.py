"""Labels every pixel of a photo."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field, field_validator, model_validator

from ..contract.decode import SegmentationRule
from ..contract.decode.segmentation import UNSEEN, check_maps, label_mask
from ..errors import DataError
from .evidence import gather, weights_or_ones
from .marks import region
from .section import Labels, TaskSection, one_of
from .task import LabelWording, Metric, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode import DecodeRule
    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from ..samples import Sample
    from .evidence import Evidence
    from .marks import Mark
    from .task import Outcome, Outputs

MIOU = Metric(
    "miou",
    "mean over the labels of the pixels that truth and answer share, over those of either "
    "(intersection over union, IoU)",
)
PIXEL_ACCURACY = Metric("pixel_accuracy", "share of the pixels whose label is right")


class SegmentationSection(TaskSection):
    """Labels every pixel; metrics `miou`, `pixel_accuracy`."""

    usual_truth: ClassVar[tuple[str, ...]] = ("mask",)
    decode_rules: ClassVar[tuple[type[DecodeRule], ...]] = (SegmentationRule,)
    kind: Literal["segmentation"]
    labels: Labels = Field(strict=False, min_length=2)
    metric: str = "miou"
    ignore_label: int | None = Field(default=None, ge=0)
    decode: SegmentationRule = SegmentationRule()

    @field_validator("metric")
    @classmethod
    def _check_metric(cls, metric: str) -> str:
        return one_of(metric, MIOU, PIXEL_ACCURACY)

    @model_validator(mode="after")
    def _check_ignored(self) -> SegmentationSection:
        if self.ignore_label is not None and self.ignore_label < len(self.labels) < 3:
            raise ValueError(
                f"ignore_label = {self.ignore_label} is one of two labels, so that one is left "
                "to tell from nothing; give the value of pixels that are of neither, such as 255"
            )
        return self

    def open(self, folder: Path) -> Segmentation:
        """Make the task."""
        return Segmentation(self.labels, self.decode, self.ignore_label)


@dataclass(frozen=True, slots=True)
class Segmentation(Task):
    """The task `segmentation`.

    A truth is a mask [H, W] int32 of the photo's size; a prediction one of int16, -1 where a crop
    cut the photo away. Neither those pixels nor those of `ignore_label` are judged.

    Its evidence holds, in pixels, `shared`, `named` and `true` [n, labels] int64: right ones,
    those given a label, those that have it; and `confusion` [labels, labels] of the whole set.
    """

    labels: tuple[str, ...] = field()
    rule: SegmentationRule = field()
    ignore_label: int | None = None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The mean IoU of the labels, and the share of pixels that are right."""
        return (MIOU, PIXEL_ACCURACY)

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """A mask of the photo's size."""
        return ("mask",)

    @property
    def label_wording(self) -> LabelWording:
        """IoU, recall and precision."""
        return LabelWording(
            "pixels",
            {
                "iou": "pixels that truth and answer share, over those of either",
                "recall": "share of the pixels of a label that are given it",
                "precision": "share of the pixels given a label that have it",
            },
        )

    def read_truth(self, fields: Mapping[str, Any]) -> NDArray[np.int32]:
        """Check a mask [H, W] of whole numbers."""
        mask = np.asarray(fields["mask"])
        if mask.ndim == 3 and mask.shape[2] == 1:
            mask = mask[:, :, 0]
        if mask.ndim != 2 or not mask.size:
            raise ValueError(f"the mask is {list(mask.shape)}; give one label per pixel, [H, W]")
        if mask.dtype.kind == "f" and np.isnan(mask).any():
            raise ValueError(
                "the mask holds NaN; give task.ignore_label's value where nobody knows the label"
            )
        if mask.dtype.kind not in "biu":
            raise ValueError(f"the mask holds {mask.dtype}; give whole numbers, a label's index")
        self._check_range(mask)
        return mask.astype(np.int32)

    def _check_range(self, mask: NDArray[np.generic]) -> None:
        known = np.isin(mask, [*range(len(self.labels)), *self._ignored])
        if not known.all():
            row, column = np.argwhere(~known)[0]
            ignored = "" if self._ignored else ", or task.ignore_label of what is not to be judged"
            raise ValueError(
                f"the mask is {mask[row, column]} at x = {column}, y = {row} ({(~known).sum():,} "
                f"such pixels), but task.labels are 0 to {len(self.labels) - 1}; correct it, list "
                f"its levels as values of the data source, add the label{ignored}"
            )

    @property
    def _ignored(self) -> tuple[int, ...]:
        return () if self.ignore_label is None else (self.ignore_label,)

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Ask for a map for each label, or one of the second of two."""
        check_maps(shapes, len(self.labels), self.rule)

    def predict(
        self, outputs: Outputs, placements: Sequence[Placement | None]
    ) -> list[NDArray[np.int16]]:
        """Label every pixel of each photo."""
        check_maps({k: array.shape for k, array in outputs.items()}, len(self.labels), self.rule)
        (maps,) = outputs.values()
        pairs = zip(np.asarray(maps), placements, strict=True)
        return [label_mask(each, self.rule, placement) for each, placement in pairs]

    def judge(self, prediction: NDArray[np.int16], truth: NDArray[np.int32]) -> Outcome:
        """Count the pixels of each pair of labels there is.

        Raises:
            DataError: If the mask is not of the photo's size.
        """
        if prediction.shape != truth.shape:
            raise DataError(
                f"a mask is {truth.shape[1]}×{truth.shape[0]} pixels, its photo "
                f"{prediction.shape[1]}×{prediction.shape[0]}; give masks of the photo's size"
            )
        judged = (prediction != UNSEEN) & ~np.isin(truth, self._ignored)
        pairs = truth[judged] * len(self.labels) + prediction[judged]
        found, pixels = np.unique(pairs, return_counts=True)
        return {"pairs": found.astype(np.int32), "pixels": pixels.astype(np.int64)}

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Add the pixels up by label, sample by sample.

        Raises:
            DataError: If no pixel is judged at all.
        """
        count, labels = len(outcomes), len(self.labels)
        arrays = {k: np.zeros((count, labels), np.int64) for k in ("shared", "named", "true")}
        confusion = np.zeros((labels, labels), np.int64)
        for index, outcome in enumerate(outcomes):
            truth, named = np.divmod(outcome["pairs"], labels)
            pixels, right = outcome["pixels"], truth == named
            np.add.at(arrays["true"][index], truth, pixels)
            np.add.at(arrays["named"][index], named, pixels)
            np.add.at(arrays["shared"][index], truth[right], pixels[right])
            np.add.at(confusion, (truth, named), pixels)
        if not confusion.any():
            raise DataError(
                f"none of the {count} masks has a pixel to be judged, so that no metric is "
                "defined; give masks whose pixels are not all task.ignore_label"
            )
        return gather(samples, {**arrays, "confusion": confusion})

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Add the pixels of the samples drawn up, then divide.

        A label that neither truth nor answer has in a resample does not count in it.
        """
        counts = _Counts.read(evidence).drawn(weights_or_ones(evidence, weights))
        with np.errstate(invalid="ignore"):
            accuracy = counts.shared.sum(1) / counts.true.sum(1)
        return {"miou": self._mean_iou(counts), "pixel_accuracy": accuracy}

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by the sample's own mean IoU; nothing to judge is perfect."""
        alone = self._mean_iou(_Counts.read(evidence))
        return np.where(np.isnan(alone), 1.0, alone)

    def _mean_iou(self, counts: _Counts) -> NDArray[np.float64]:
        """Average over the labels that there are, [b]."""
        iou = counts.iou()
        if self.ignore_label is not None and self.ignore_label < len(self.labels):
            iou[:, self.ignore_label] = np.nan
        with np.errstate(invalid="ignore"):
            return np.asarray(np.nansum(iou, 1) / (~np.isnan(iou)).sum(1))

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count the pixels of each label."""
        return np.asarray(self.confusion(evidence).sum(1))

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Give each label's IoU, recall and precision."""
        counts = _Counts.read(evidence).drawn(weights_or_ones(evidence, None))
        with np.errstate(invalid="ignore"):
            return {
                "iou": counts.iou()[0],
                "recall": (counts.shared / counts.true)[0],
                "precision": (counts.shared / counts.named)[0],
            }

    def confusion(self, evidence: Evidence) -> NDArray[np.int64]:
        """Count, in pixels, how often each label was named for each."""
        return cast("NDArray[np.int64]", evidence.arrays["confusion"])

    def draw_truth(self, truth: NDArray[np.int32]) -> tuple[Mark, ...]:
        """Colour the labels."""
        return self._draw(truth)

    def draw_prediction(self, prediction: NDArray[np.int16]) -> tuple[Mark, ...]:
        """Colour the labels; the photo shows through the first, which mostly is the background."""
        return self._draw(prediction)

    def _draw(self, mask: NDArray[np.integer]) -> tuple[Mark, ...]:
        regions = ((k, mask == k) for k in range(1, len(self.labels)))
        return tuple(region(where, k, self.labels[k]) for k, where in regions if where.any())


@dataclass(frozen=True, slots=True)
class _Counts:
    """Pixels by label of some samples or resamples: [n or b, labels] each."""

    shared: NDArray[np.float64]
    named: NDArray[np.float64]
    true: NDArray[np.float64]

    @classmethod
    def read(cls, evidence: Evidence) -> _Counts:
        arrays = cast("dict[str, NDArray[np.int64]]", evidence.arrays)
        return cls(*(arrays[name].astype(np.float64) for name in ("shared", "named", "true")))

    def drawn(self, weights: NDArray[np.integer]) -> _Counts:
        """Add up the samples of each resample: floats hold whole numbers to 2**53 exactly."""
        each = weights.astype(np.float64)
        return _Counts(each @ self.shared, each @ self.named, each @ self.true)

    def iou(self) -> NDArray[np.float64]:
        """Divide what is shared by what is either's; NaN where neither is."""
        with np.errstate(invalid="ignore"):
            return self.shared / (self.named + self.true - self.shared)
