"""The parts of a sidecar: files, the image input, tensors, golden examples and verdicts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ...errors import shortened
from ..decode import Prediction
from ..rules import ImageRule, Rule, array

Accelerator = Literal["cpu", "gpu", "npu"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


LONGEST_NAME = 255
"""Bytes of a file's name on the file systems of Linux and Android."""


def _below(name: str) -> str:
    """Refuse a file name that leads out of the sidecar's folder, or that no file can have."""
    parts = name.split("/")
    if {"\\", "\0"} & {*name} or {"", ".", ".."} & {*parts}:
        raise ValueError(f"{shortened(name)} is not a file below the sidecar's folder")
    if max(len(part.encode()) for part in parts) > LONGEST_NAME:
        raise ValueError(f"{shortened(name)} is longer than the name of a file can be")
    return name


FileName = Annotated[str, AfterValidator(_below)]


class Variant(Rule):
    """The model file for one accelerator.

    Attributes:
        accelerator: Whose file it is.
        name: Of the candidate in the report, such as "static_int8".
        file: Relative to the sidecar.
        sha256: Of the file.
        size_bytes: Of the file.
        tolerance: By output name, how far the accelerator's output may lie from the golden one:
            the largest absolute difference, in the output's real units.
    """

    accelerator: Accelerator
    name: str
    file: FileName
    sha256: Sha256
    size_bytes: int = Field(ge=1)
    tolerance: dict[str, Annotated[float, Field(ge=0)]]


class ImageInput(Rule):
    """Which input takes the photo, and how.

    Attributes:
        name: Of the input.
        rule: How a photo becomes its tensor.
        normalised_by: "app": mean and std are the caller's to apply; "file": the file takes raw
            pixels 0…255 and applies them itself.
    """

    name: str
    rule: ImageRule
    normalised_by: Literal["app", "file"]


class TensorFile(Rule):
    """A tensor in a file of its own: raw little-endian elements in C order.

    Attributes:
        file: Relative to the sidecar.
        sha256: Of the file.
        dtype: NumPy name of the element type.
        shape: In the model file's axis order.
    """

    file: FileName
    sha256: Sha256
    dtype: str
    shape: tuple[Annotated[int, Field(ge=1)], ...] = array()


class Golden(Rule):
    """An example to check an implementation against.

    Attributes:
        photo: Picture file that `pixels` was made from by the image rule.
        photo_sha256: Of that file.
        pixels: What the image input is made from, [H, W, C] uint8: the photo resized, padded and
            in the rule's channel order, but not normalised.
        inputs: By name, the inputs other than the image.
        outputs: By accelerator and output name, what LiteRT gave for that variant's file on the
            processor of the machine that built it.
        predictions: What the decode rule makes of the outputs for "cpu", best first.
    """

    photo: FileName | None = None
    photo_sha256: Sha256 | None = None
    pixels: TensorFile | None = None
    inputs: dict[str, TensorFile]
    outputs: dict[Accelerator, dict[str, TensorFile]]
    predictions: tuple[Prediction, ...] = Field(default=(), strict=False)


class Verdict(Rule):
    """How a requirement came out on the offline test set.

    Attributes:
        requirement: Its key in the spec.
        subject: What was measured, in words.
        unit: Of `limit` and `measured`.
        limit: What was asked for.
        measured: What was found; nothing where it was not measured.
        met: Whether that satisfies it; nothing where it was not measured.
    """

    requirement: str
    subject: str
    unit: str
    limit: float
    measured: float | None
    met: bool | None
