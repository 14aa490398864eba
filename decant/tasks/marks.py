"""What the report draws on a sample: of the truth, and of what a model says."""

from __future__ import annotations

import base64
import colorsys
from typing import TYPE_CHECKING

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from numpy.typing import NDArray

Points = tuple[tuple[float, float], ...]

LONG_SIDE = 560
MASK_OPACITY = 150
"""Of 255."""
GOLDEN_ANGLE = 0.381966
"""Of a turn of the colour wheel: hues that far apart stay apart, however many there are."""
JPEG_QUALITY = 72


class Mark(BaseModel):
    """Something said of a sample; whatever is given is drawn.

    Attributes:
        label: A word for it.
        score: How sure the model is, 0…1.
        polygon: Corners of a region, in pixels of the photo.
        points: Single places, in pixels of the photo.
        mask: A PNG that lies over the photo, base64, see-through where there is nothing.
        colour: Of the mask, as "#rrggbb", for a legend.
        picture: A JPEG that stands in place of the photo, base64.
        text: What was read, or a number as it is to be shown.
        curve: Numbers to draw as a line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: str = ""
    score: float | None = None
    polygon: Points = ()
    points: Points = ()
    mask: str = ""
    colour: str = ""
    picture: str = ""
    text: str = ""
    curve: tuple[float, ...] = ()

    @property
    def drawn(self) -> bool:
        """Whether it lies on the photo, and not below it."""
        return bool(self.polygon or self.points or self.mask or self.picture)

    @property
    def said(self) -> str:
        """What is written below the photo."""
        return self.text or ("" if self.drawn or self.curve else self.label)


def rounded(points: NDArray[np.floating]) -> Points:
    """Write points [k, 2] to a tenth of a pixel."""
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in points)


def mask_colour(index: int) -> tuple[int, int, int]:
    """Give a colour (RGB) to a label that its neighbours do not have."""
    light = (0.95, 0.7)[index // 8 % 2]
    red, green, blue = colorsys.hsv_to_rgb(index * GOLDEN_ANGLE % 1, 0.85, light)
    return round(255 * red), round(255 * green), round(255 * blue)


def region(where: NDArray[np.bool_], index: int, label: str) -> Mark:
    """Colour the pixels [H, W] of one label."""
    colour = mask_colour(index)
    layer = np.zeros((*where.shape, 4), np.uint8)
    layer[where] = (*colour, MASK_OPACITY)
    return Mark(label=label, mask=png(layer), colour="#{:02x}{:02x}{:02x}".format(*colour))


def jpeg(image: NDArray[np.uint8]) -> str:
    """Shrink a photo [H, W, 3] RGB and write it as base64 JPEG."""
    small = _shrunk(image, cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return base64.b64encode(encoded.tobytes()).decode()


def png(image: NDArray[np.uint8]) -> str:
    """Shrink a picture [H, W, 4] RGBA and write it as base64 PNG."""
    small = _shrunk(image, cv2.INTER_NEAREST)
    _, encoded = cv2.imencode(".png", cv2.cvtColor(small, cv2.COLOR_RGBA2BGRA))
    return base64.b64encode(encoded.tobytes()).decode()


def _shrunk(image: NDArray[np.uint8], interpolation: int) -> NDArray[np.uint8]:
    scale = min(1.0, LONG_SIDE / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)
