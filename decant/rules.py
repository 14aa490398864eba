"""The rules of the I/O contract: image to tensor, and tensors to detections.

The spec states them, the sidecar `model.json` publishes them, `decant.images` and
`decant.decode` carry them out; nothing else may.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Rule(BaseModel):
    """A frozen part of the contract, closed to keys it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
    )


def array(length: int | None = None) -> Any:
    """Declare a tuple field that TOML and JSON write as an array."""
    return Field(strict=False, min_length=length, max_length=length)


class ImageRule(Rule):
    """How a photo becomes the input tensor.

    Attributes:
        height: Of the tensor, in pixels.
        width: Of the tensor, in pixels.
        colour: Channel order of the tensor.
        mean: Per channel, on the 0…1 scale; value = (pixel / 255 - mean) / std.
        std: Per channel, on the 0…1 scale.
        resize: "letterbox" keeps the aspect ratio and pads the right and the bottom;
            "stretch" does not keep it; "crop" keeps it and cuts the centre.
        padding: Grey level 0…255 of the letterbox border.
        shrink: How an axis that gets shorter is resized: "area" averages the pixels covered,
            "bilinear" interpolates between two; either exactly, as `decant.resample` does.
        grow: The same for an axis that gets longer.
        pixel_centres: "half": pixel i has its centre at i + 0.5.
        rotation: "upright": the photo is turned as its EXIF orientation, or the camera's
            rotation, says before anything else.
    """

    height: int = Field(ge=1)
    width: int = Field(ge=1)
    colour: Literal["rgb", "bgr", "grey"]
    mean: tuple[float, ...] = array()
    std: tuple[float, ...] = array()
    resize: Literal["letterbox", "stretch", "crop"]
    padding: int = Field(ge=0, le=255)
    shrink: Literal["area", "bilinear"]
    grow: Literal["bilinear"] = "bilinear"
    pixel_centres: Literal["half"] = "half"
    rotation: Literal["upright"] = "upright"

    @property
    def channels(self) -> int:
        """Number of channels of the tensor."""
        return 1 if self.colour == "grey" else 3


class QuadGridRule(Rule):
    """How grids of scores and corner offsets become quads.

    For each stride s the model gives `scores_s{s}` [N, K, H/s, W/s], logits, and `corners_s{s}`
    [N, 8, H/s, W/s]: x and y of the top-left, top-right, bottom-right and bottom-left corner,
    relative to the cell's centre, in units of s.

    Attributes:
        strides: Pixels per cell of each level.
        score_activation: Makes a score of a logit.
        score_threshold: Lower scores are dropped.
        display_threshold: Lower scores are not shown to a user; they are for measuring.
        nms_iou: A box that overlaps a better one by more than this is dropped.
        max_candidates: Cells looked at for overlaps, best first: a trained head fires on a dozen
            around each object.
        max_detections: Kept per image, best first.
    """

    kind: Literal["quad_grid"] = "quad_grid"
    strides: tuple[Annotated[int, Field(ge=1)], ...] = Field(strict=False, min_length=1)
    score_activation: Literal["sigmoid"] = "sigmoid"
    score_threshold: float = Field(default=0.05, gt=0, lt=1)
    display_threshold: float = Field(default=0.5, gt=0, lt=1)
    nms_iou: float = Field(default=0.6, gt=0, le=1)
    max_candidates: int = Field(default=1000, ge=1)
    max_detections: int = Field(default=100, ge=1)

    @model_validator(mode="after")
    def _check_levels(self) -> QuadGridRule:
        if len(set(self.strides)) < len(self.strides):
            raise ValueError(f"strides = {list(self.strides)} names a level twice")
        if self.display_threshold < self.score_threshold:
            raise ValueError(
                f"display_threshold = {self.display_threshold} is below score_threshold = "
                f"{self.score_threshold}, so some of what is to be shown would be dropped"
            )
        return self


class ArgmaxRule(Rule):
    """The only output, [N, K], scores the K labels: the largest wins."""

    kind: Literal["argmax"] = "argmax"
