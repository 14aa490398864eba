"""Photo to input tensor, by the image rule of the contract, and points back to the photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ..errors import DataError
from ..paths import unreadable
from .resample import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..paths import AnyPath
    from .rules import ImageRule


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the photo lies in the tensor: tensor xy = photo xy * scale + offset, in pixels.

    Attributes:
        scale: Horizontal and vertical.
        offset: Horizontal and vertical.
        size: Width and height of the photo.
        tensor: Width and height of the tensor; None where no rule is known.
    """

    scale: tuple[float, float]
    offset: tuple[float, float]
    size: tuple[int, int]
    tensor: tuple[int, int] | None = None

    def to_photo(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Map tensor coordinates `[..., 2]` to the photo's, without clipping."""
        mapped = (points - np.asarray(self.offset)) / np.asarray(self.scale)
        return np.asarray(mapped, np.float32)

    def to_tensor(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Map photo coordinates `[..., 2]` to the tensor's."""
        mapped = points * np.asarray(self.scale) + np.asarray(self.offset)
        return np.asarray(mapped, np.float32)


def load_image(path: AnyPath) -> NDArray[np.uint8]:
    """Read a picture file as `[H, W, 3] uint8` RGB, with its EXIF orientation applied.

    Raises:
        DataError: If the file is missing or is not a picture.
    """
    try:
        encoded = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DataError(f"{path}: {unreadable(path, error)}") from error
    image = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB) if encoded.size else None
    if image is None:
        raise DataError(f"{path}: not a picture that OpenCV can decode; replace or remove it")
    return np.asarray(image, np.uint8)


def place(size: tuple[int, int], rule: ImageRule) -> Placement:
    """Decide where a photo of `size` (width, height) lies in the tensor of `rule`."""
    width, height = size
    tensor = (rule.width, rule.height)
    across, down = rule.width / width, rule.height / height
    if rule.resize == "stretch":
        return Placement((across, down), (0.0, 0.0), size, tensor)
    if rule.resize == "letterbox":
        scale = min(across, down)
        # The resized photo has whole pixels, so the scale of each axis is what they make it.
        exact = (max(1, round(width * scale)) / width, max(1, round(height * scale)) / height)
        return Placement(exact, (0.0, 0.0), size, tensor)
    scale = max(across, down)
    new_width, new_height = round(width * scale), round(height * scale)
    offset = (-float((new_width - rule.width) // 2), -float((new_height - rule.height) // 2))
    return Placement((new_width / width, new_height / height), offset, size, tensor)


def resize(image: NDArray[np.uint8], rule: ImageRule) -> tuple[NDArray[np.uint8], Placement]:
    """Fit a photo `[H, W, 3] uint8` RGB into `[rule.height, rule.width, C] uint8`."""
    placement = place((image.shape[1], image.shape[0]), rule)
    width = round(image.shape[1] * placement.scale[0])
    height = round(image.shape[0] * placement.scale[1])
    fitted = resample(image, (width, height), area=rule.shrink == "area")
    if rule.resize == "crop":
        left, top = (round(-value) for value in placement.offset)
        fitted = fitted[top : top + rule.height, left : left + rule.width]
    canvas = np.full((rule.height, rule.width, 3), rule.padding, np.uint8)
    canvas[: fitted.shape[0], : fitted.shape[1]] = fitted
    return _to_colour(canvas, rule), placement


def to_tensor(
    pixels: NDArray[np.uint8], rule: ImageRule, *, raw: bool
) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Turn resized pixels [H, W, C] into what the file takes, [C, H, W].

    Args:
        pixels: From `resize`.
        rule: The image rule.
        raw: Whether the file takes raw pixels and normalises them itself.
    """
    if raw:
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))
    return normalise(pixels, rule)


def normalise(pixels: NDArray[np.uint8], rule: ImageRule) -> NDArray[np.float32]:
    """Turn `[H, W, C] uint8` pixels into the `[C, H, W] float32` tensor the network takes.

    Each value is (pixel / 255 - mean) / std, computed once for the 256 pixels there are: a fifth
    of the time of computing it for every pixel (0.2 against 1.1 ms at 320×320×3), and the same
    bits.
    """
    mean, std = (np.asarray(part, np.float32).reshape(-1, 1) for part in (rule.mean, rule.std))
    table = (np.arange(256, dtype=np.float32) / np.float32(255) - mean) / std
    planes = cv2.split(np.ascontiguousarray(pixels))
    looked_up = [cv2.LUT(plane, row) for plane, row in zip(planes, table, strict=True)]
    return np.asarray(np.stack(looked_up), np.float32)


def _to_colour(image: NDArray[np.uint8], rule: ImageRule) -> NDArray[np.uint8]:
    """Reorder RGB pixels to the rule's channels."""
    if rule.colour == "rgb":
        return image
    if rule.colour == "bgr":
        return np.ascontiguousarray(image[:, :, ::-1])
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)[:, :, np.newaxis]
