"""Gives a picture: a larger one, a matte, or how far everything is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import cv2
import numpy as np
from pydantic import Field, model_validator

from ..contract.decode.maps import view
from ..contract.decode.rule import Reading
from ..errors import DataError
from ..metrics.similarity import psnr, ssim
from .evidence import weights_or_ones
from .marks import Mark, jpeg
from .section import TaskSection, one_of
from .task import Metric, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from .evidence import Evidence
    from .task import Outcome, Outputs

PSNR = Metric("psnr", "mean over the samples of the peak signal-to-noise ratio", "dB")
SSIM = Metric("ssim", "mean over the samples of the structural similarity; 1 where equal")
ABSREL = Metric(
    "absrel",
    "mean over the samples of the error of the depth, over the true depth",
    better="lower",
)
CHANNELS = (1, 3)

Family = Literal["super_resolution", "matting", "depth"]


class PictureSection(TaskSection):
    """Gives a picture; metrics `psnr`, `ssim`, of depth `absrel`, `rmse`."""

    kind: Literal["image"]
    family: Family
    metric: str
    peak: float = Field(default=1.0, gt=0)
    level: float | None = Field(default=None, gt=0)
    colour: Literal["rgb", "bgr"] = "rgb"
    unit: str = ""

    @model_validator(mode="after")
    def _check_keys(self) -> PictureSection:
        try:
            one_of(self.metric, *self.open_keys().metrics)
        except ValueError as error:
            raise ValueError(f"metric: {error} with family = {self.family!r}") from error
        if self.family == "depth" and "peak" not in self.model_fields_set:
            raise ValueError("peak: missing; give the depth that the report draws as the farthest")
        if self.family != "depth" and self.unit:
            raise ValueError(f'unit = "{self.unit}" is of depth; of {self.family} leave it out')
        return self

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Leave what the picture is for to the owner."""
        families = ", ".join(f'"{each}"' for each in get_args(Family))
        note = f'{families}: "psnr" or "ssim", but of depth "absrel" or "rmse", and peak'
        keys = {"family": get_args(Family)[0], "metric": PSNR.name}
        return (Reading(keys, ("family", "metric"), note=note),)

    def open_keys(self) -> Pictures:
        """Make the task, which needs no folder."""
        return Pictures(self.family, self.peak, self.level, self.colour == "bgr", self.unit)

    def open(self, folder: Path) -> Pictures:
        """Make the task."""
        return self.open_keys()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network gives for one photo.

    Attributes:
        values: [C, h, w] float32, over the whole tensor.
        placement: Where the photo lies in the tensor.
    """

    values: NDArray[np.float32]
    placement: Placement | None


@dataclass(frozen=True, slots=True)
class Pictures(Task):
    """The task `image`.

    A truth is a picture [H, W, C] float32 in the units of the output, of the photo's size or a
    multiple of it; the answer is interpolated at its pixels. Of depth, what is not above 0 is not
    known and not judged.

    Its evidence holds a figure [n] for each metric, 0 where nothing is known, and `known` [n].
    """

    family: Family
    peak: float = 1.0
    level: float | None = None
    reversed: bool = False
    unit: str = ""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """How alike pictures are, or how far off depths."""
        if self.family != "depth":
            return (PSNR, SSIM)
        wording = "mean over the samples of the root of the mean squared error of the depth"
        return (ABSREL, Metric("rmse", wording, self.unit, "lower"))

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """The picture that is wanted."""
        return ("target",)

    def read_truth(self, fields: Mapping[str, Any]) -> NDArray[np.float32]:
        """Take a picture [H, W] or [H, W, C]: levels of 8 or 16 bits, or floats as they are."""
        target = np.asarray(fields["target"])
        target = target[:, :, np.newaxis] if target.ndim == 2 else target
        if target.ndim != 3 or target.shape[2] not in CHANNELS or not target.size:
            raise ValueError(f"the target is {list(target.shape)}; give [H, W] or [H, W, 3]")
        if target.dtype.kind not in "buif":
            raise ValueError(f"the target holds {target.dtype}; give numbers")
        if target.dtype.kind == "f":
            if not np.isfinite(target).all():
                known = "0 where no depth is known" if self.family == "depth" else "numbers"
                raise ValueError(f"the target holds NaN or infinity; give {known}")
            return target.astype(np.float32)
        return (target * self._level(target.dtype)).astype(np.float32)

    def _level(self, dtype: np.dtype[Any]) -> float:
        """Say what one level of a picture is worth in the output's units."""
        if self.level is not None:
            return self.level
        if self.family == "depth" or dtype.kind == "i":
            raise ValueError(
                f"the target holds {dtype}; say in task.level what one of them is worth, such as "
                "0.001 of millimetres where the network gives metres"
            )
        return self.peak / (1 if dtype.kind == "b" else np.iinfo(dtype).max)

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Ask for one output, a picture of one or three channels."""
        if len(shapes) != 1:
            raise DataError(
                f'kind = "image" takes one output, this model has {sorted(shapes)}; return only '
                "the picture from the model's forward"
            )
        ((name, shape),) = shapes.items()
        single = len(shape) == 3
        if not single and (len(shape) != 4 or shape[1] not in (None, *CHANNELS)):
            raise DataError(
                f"output {name!r} {list(shape)} is no picture: [N, h, w], or [N, C, h, w] of 1 or "
                "3 channels; return it channels first"
            )

    def predict(self, outputs: Outputs, placements: Sequence[Placement | None]) -> list[Answer]:
        """Take each picture as it is."""
        self.check_outputs({name: array.shape for name, array in outputs.items()})
        (several,) = outputs.values()
        several = several[:, np.newaxis] if several.ndim == 3 else several
        pairs = zip(several, placements, strict=True)
        return [Answer(np.asarray(each, np.float32), where) for each, where in pairs]

    def judge(self, prediction: Answer, truth: NDArray[np.float32]) -> Outcome:
        """Compare the answer with the target where the network saw the photo.

        Raises:
            DataError: If they have not the same channels and proportions.
        """
        self._check_fit(prediction, truth)
        found, wanted = self._seen(prediction, truth)
        figures = (
            self._depth(found, wanted) if self.family == "depth" else self._alike(found, wanted)
        )
        known = figures is not None
        figures = figures or dict.fromkeys((each.name for each in self.metrics), 0.0)
        return {
            **{name: np.asarray(value, np.float64) for name, value in figures.items()},
            "known": np.asarray(known),
        }

    def _check_fit(self, prediction: Answer, truth: NDArray[np.float32]) -> None:
        height, width, channels = truth.shape
        if channels != len(prediction.values):
            raise DataError(
                f"a target has {channels} channels, the model's picture {len(prediction.values)}; "
                "make targets and model agree"
            )
        where = prediction.placement
        across, down = prediction.values.shape[:0:-1] if where is None else where.size
        # A size that is no whole multiple was rounded.
        if abs(width / across * down - height) > 1:
            raise DataError(
                f"a target is {width}×{height}, its photo {across}×{down}; give targets of the "
                "photo's size or a multiple of it"
            )

    def _seen(
        self, prediction: Answer, truth: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give answer and target [H, W, C] where the network saw the photo."""
        drawn = self._drawn(prediction, truth.shape[:2])
        through = view(prediction.values.shape[1:], prediction.placement, truth.shape[:2])
        return drawn[through.seen], truth[through.seen]

    def _drawn(self, prediction: Answer, size: tuple[int, int]) -> NDArray[np.float32]:
        """Interpolate an answer at the pixels of the photo, [H, W, C]."""
        through = view(prediction.values.shape[1:], prediction.placement, size)
        planes = [through.sample(plane) for plane in prediction.values]
        return np.stack(planes[::-1] if self.reversed else planes, -1)

    def _alike(self, found: NDArray[np.float32], wanted: NDArray[np.float32]) -> dict[str, float]:
        """Compare pictures as they are shown: what is beyond black or white is black or white."""
        shown = np.clip(found, 0, self.peak)
        return {"psnr": psnr(shown, wanted, self.peak), "ssim": ssim(shown, wanted, self.peak)}

    def _depth(
        self, found: NDArray[np.float32], wanted: NDArray[np.float32]
    ) -> dict[str, float] | None:
        known = wanted > 0
        if not known.any():
            return None
        depth = wanted[known].astype(np.float64)
        error = found[known] - depth
        return {
            "absrel": float(np.mean(np.abs(error) / depth)),
            "rmse": float(np.sqrt(np.mean(error**2))),
        }

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Average the samples of which anything is known."""
        known = np.asarray(evidence.arrays["known"], np.float64)
        weighted = weights_or_ones(evidence, weights) * known
        with np.errstate(invalid="ignore"):
            return {
                each.name: weighted @ self._values(evidence, each.name) / weighted.sum(1)
                for each in self.metrics
            }

    @staticmethod
    def _values(evidence: Evidence, name: str) -> NDArray[np.float64]:
        return cast("NDArray[np.float64]", evidence.arrays[name])

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Grade by SSIM; depth by how much of it is right."""
        if self.family != "depth":
            return self._values(evidence, "ssim")
        return 1 - self._values(evidence, "absrel")

    def draw_truth(self, truth: NDArray[np.float32]) -> tuple[Mark, ...]:
        """Show the target."""
        return (Mark(picture=jpeg(self._shown(truth))),)

    def draw_prediction(self, prediction: Answer) -> tuple[Mark, ...]:
        """Show the answer in its own size, without the border of a letterbox."""
        height, width = prediction.values.shape[1:]
        where = prediction.placement
        if where is not None and where.tensor is not None:
            height = round(where.size[1] * where.scale[1] * height / where.tensor[1])
            width = round(where.size[0] * where.scale[0] * width / where.tensor[0])
        drawn = self._drawn(prediction, (max(1, height), max(1, width)))
        return (Mark(picture=jpeg(self._shown(drawn))),)

    def _shown(self, picture: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Turn a picture [H, W, C] into RGB; depth into colours, from near to far."""
        levels = np.rint(np.clip(picture / self.peak, 0, 1) * 255).astype(np.uint8)
        if self.family == "depth":
            coloured = cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS)
            return np.ascontiguousarray(coloured[:, :, ::-1])
        return np.repeat(levels, 3, 2) if levels.shape[2] == 1 else levels
