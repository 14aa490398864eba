"""The input kind `image`: a photo, fitted and normalised."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from ..contract.images import Placement, load_image, place, resize, to_tensor
from ..contract.rules import ImageRule, array
from ..errors import DataError
from ..paths import unreadable
from .runs import UNREADABLE
from .section import InputSection, check_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..paths import AnyPath

PICTURES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


class ImageSection(InputSection):
    """The image input and how a photo becomes it.

    Attributes:
        shape: `[1, C, H, W]` as the PyTorch model takes it: a photo at a time.
        colour: Channel order the model was trained on; "channels" for pictures of any number of
            channels, which stay as the file has them (`.npy` [H, W, C], or a PNG or TIFF).
        mean: Per channel, on the 0…1 scale.
        std: Per channel, on the 0…1 scale.
        resize: "letterbox" keeps the aspect ratio and pads; "stretch" does not keep it;
            "crop" keeps it and cuts the centre.
        antialias: Average over the source pixels when the image shrinks.
        padding: Grey level 0…255 of the letterbox border.
        dtype: What the TFLite file takes: normalised "float32", or raw camera "uint8".
    """

    suffixes: ClassVar[frozenset[str]] = PICTURES | {".npy"}
    kind: Literal["image"] = "image"
    shape: tuple[int, int, int, int] = array(4)
    colour: Literal["rgb", "bgr", "grey", "channels"] = "rgb"
    mean: tuple[float, ...] = array()
    std: tuple[float, ...] = array()
    resize: Literal["letterbox", "stretch", "crop"] = "stretch"
    antialias: bool = True
    padding: int = Field(default=114, ge=0, le=255)
    dtype: Literal["float32", "uint8"] = "float32"

    @property
    def onnx_shape(self) -> tuple[int, ...]:
        """Sizes of the tensor."""
        return self.shape

    @property
    def file_dtype(self) -> Literal["float32", "uint8"]:
        """What the file takes."""
        return self.dtype

    @property
    def normalization(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation per channel, on the 0…1 scale."""
        return self.mean, self.std

    @property
    def rule(self) -> ImageRule:
        """The image rule that the sidecar publishes; of "channels" it publishes none."""
        fields = self.model_dump(include={*ImageRule.model_fields} & {*ImageSection.model_fields})
        if self.colour == "channels":
            fields["colour"] = "rgb"
        shrink: Literal["area", "bilinear"] = "area" if self.antialias else "bilinear"
        return ImageRule(height=self.shape[2], width=self.shape[3], shrink=shrink, **fields)

    def read(self, path: AnyPath) -> NDArray[np.uint8]:
        """Read a picture: [H, W, 3] uint8 RGB, or all channels of the file.

        Raises:
            DataError: If it is missing or is no such picture.
        """
        return load_image(path) if self.colour != "channels" else _all_channels(Path(path))

    def prepare(self, value: Any) -> tuple[NDArray[np.generic], Placement]:
        """Resize a picture to the input's size: [H, W, C] uint8."""
        channels = self.shape[1] if self.colour == "channels" else 3
        fits = isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3
        if not fits or value.shape[2] != channels or not value.size:
            raise ValueError(
                f"input {self.name} takes pictures [H, W, {channels}] uint8, not "
                f"{_described(value)}"
            )
        if self.colour != "channels":
            return resize(value, self.rule)
        return _resized(value, self.rule)

    def tensor(self, prepared: NDArray[np.generic], *, raw: bool = False) -> NDArray[np.generic]:
        """Normalise pixels: [C, H, W] float32, or uint8 if raw."""
        return to_tensor(np.asarray(prepared, np.uint8), self.rule, raw=raw)

    @model_validator(mode="after")
    def _check_channels(self) -> ImageSection:
        channels = self.shape[1]
        check_sizes(self.shape)
        wanted = {"grey": 1, "channels": channels}.get(self.colour, 3)
        if channels != wanted:
            raise ValueError(f'shape has {channels} channels, but colour = "{self.colour}"')
        for key in ("mean", "std"):
            if len(getattr(self, key)) != channels:
                given = list(getattr(self, key))
                raise ValueError(f"{key} = {given} needs {channels} numbers, one per channel")
        if min(self.std) <= 0:
            raise ValueError(f"std = {list(self.std)} must be above 0")
        if max(map(abs, self.mean)) > 1:
            raise ValueError(
                f"mean = {list(self.mean)} is not on the 0…1 scale; divide mean and std by 255"
            )
        return self


class PhotoReader:
    """Reads photos where no spec says what the model's input is."""

    suffixes = PICTURES

    def read(self, path: AnyPath) -> NDArray[np.uint8]:
        """Read a picture as [H, W, 3] uint8 RGB."""
        return load_image(path)


def _all_channels(path: Path) -> NDArray[np.uint8]:
    """Read a picture of any number of channels: [H, W, C] uint8."""
    try:
        if path.suffix.lower() == ".npy":
            pixels = np.load(path, allow_pickle=False)
        else:
            content = np.fromfile(path, np.uint8)
            pixels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    except UNREADABLE as error:
        reason = unreadable(path, error) if isinstance(error, OSError) else error
        raise DataError(f"{path}: cannot be read as a picture ({reason}); replace it") from error
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise DataError(f"{path}: not a picture of 8 bits per channel; replace or remove it")
    return np.ascontiguousarray(pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis])


def _resized(image: NDArray[np.uint8], rule: ImageRule) -> tuple[NDArray[np.uint8], Placement]:
    """Resize pictures of any number of channels, three at a time as `resize` does."""
    planes = [
        resize(np.repeat(image[:, :, [channel]], 3, 2), rule)[0][:, :, :1]
        for channel in range(image.shape[2])
    ]
    return np.concatenate(planes, 2), place((image.shape[1], image.shape[0]), rule)


def _described(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return f"a {type(value).__name__}"
    return f"{list(value.shape)} {value.dtype}"
