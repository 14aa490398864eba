"""Makes what data sets of the user's hold into what an input takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..inputs import Reader

PICTURE_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"})
"""Of Pillow, with at most 8 bits per channel: others would be clipped."""
NO_NUMBERS = (TypeError, ValueError, RuntimeError, OverflowError)
"""What NumPy and Torch raise on what they cannot make an array of."""


def plain(value: Any, reader: Reader, folder: Path) -> Any:
    """Make a value of a sample into what an input takes.

    A path is read, a picture of Pillow's becomes [H, W, 3] uint8, a waveform of Hugging Face's
    samples with their rate, a tensor of Torch's an array.

    Args:
        value: What the data set holds.
        reader: Of the input.
        folder: Where relative paths start.

    Raises:
        DataError: If a file is missing or damaged.
        ValueError: If no array of numbers or texts can be made of it.
    """
    from PIL import Image, ImageOps

    if isinstance(value, str | Path):
        return reader.read(folder / value)
    if isinstance(value, Image.Image):
        if value.mode not in PICTURE_MODES:
            raise ValueError(f"is a picture of Pillow's mode {value.mode}; give 8 bits per channel")
        upright = ImageOps.exif_transpose(value)
        # An input of "channels" takes as many as the picture has.
        if getattr(reader, "colour", "rgb") == "channels":
            return np.atleast_3d(np.asarray(upright))
        return np.asarray(upright.convert("RGB"))
    if hasattr(value, "keys") and {*value.keys()} >= {"array", "sampling_rate"}:
        return as_array(value["array"]), listed(value["sampling_rate"])
    if isinstance(value, tuple):
        return tuple(as_array(each) for each in value)
    return as_array(value)


def as_array(value: Any) -> NDArray[Any]:
    """Make an array of a number, a tensor, or lists of these.

    Raises:
        ValueError: If that cannot be done.
    """
    try:
        found = np.asarray(listed(value))
    except NO_NUMBERS as error:
        raise ValueError(f"cannot be made an array ({error}); give numbers of one shape") from error
    if found.dtype.kind == "O":
        raise ValueError(f"is a {type(value).__name__}, of which no array of numbers can be made")
    return found


def listed(value: Any) -> Any:
    """Take tensors of Torch's for their numbers; a single number for what it is in Python."""
    if hasattr(value, "detach"):
        value = _numbers(value)
    if isinstance(value, list):
        return [listed(each) for each in value]
    return value.item() if isinstance(value, np.ndarray | np.generic) and not value.ndim else value


def _numbers(tensor: Any) -> NDArray[Any]:
    """Read a tensor that NumPy may have no form of: sparse, or of another float."""
    import torch

    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_floating_point() and tensor.dtype not in (torch.float16, torch.float64):
        tensor = tensor.float()
    found: NDArray[Any] = tensor.numpy(force=True)
    return found
