"""The rules of the I/O contract: what is given to tensors, and tensors to detections.

The spec states them, the sidecar `model.json` publishes them, `decant.contract.images` and
`decant.contract.decode` carry them out; nothing else may.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field


class Rule(BaseModel):
    """A frozen part of the contract, closed to keys it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
    )


def kind_of(section: type[Rule]) -> str:
    """Give what a section of a spec or a sidecar is called by: the value of its key `kind`."""
    return str(get_args(section.model_fields["kind"].annotation)[0])


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
            "bilinear" interpolates between two; either exactly, as `decant.contract.resample` does.
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


class ArrayRule(Rule):
    """How numbers become an input tensor: (number - mean) / std, in float32.

    Attributes:
        mean: One number, or one for each place of axis 1 in ONNX order; empty if none is
            subtracted.
        std: Likewise, all above 0; empty if by none is divided.
    """

    mean: tuple[float, ...] = array()
    std: tuple[float, ...] = array()


class AudioRule(Rule):
    """How a sound becomes an input tensor of samples, full scale being -1…1, in float32.

    Attributes:
        rate: Samples a second; a sound of another rate is resampled first.
        pad: Where a sound that is too short gets zeros: at its "end", or half of them at "both"
            ends, the odd one at the end.
        cut: Which part of a sound that is too long is taken: from its "start", or the "centre".
    """

    rate: int = Field(ge=1)
    pad: Literal["end", "both"]
    cut: Literal["start", "centre"]
