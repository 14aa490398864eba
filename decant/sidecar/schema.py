"""The sidecar `model.json`: all that an app has to know to use the model files beside it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from ..errors import DataError
from ..rules import ArgmaxRule, ImageRule, QuadGridRule, Rule, array
from ..tensors import TensorInfo
from .agreement import (
    check_decode,
    check_files,
    check_golden,
    check_image,
    check_tensors,
    check_verdicts,
)

SCHEMA: Final = 3
NAME = "model.json"

Accelerator = Literal["cpu", "gpu", "npu"]
Decode = Annotated[QuadGridRule | ArgmaxRule, Field(discriminator="kind")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _below(name: str) -> str:
    """Refuse a file name that leads out of the sidecar's folder."""
    if "\\" in name or {"", ".", ".."} & set(name.split("/")):
        raise ValueError(f'"{name}" is not a file below the sidecar\'s folder')
    return name


Point = Annotated[tuple[float, float], Field(strict=False)]
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


class Prediction(Rule):
    """One thing that the decode rule finds, in pixels of the upright photo."""

    label: str
    score: float
    quad: tuple[Point, ...] = Field(default=(), strict=False)


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


class Sidecar(Rule):
    """A whole `model.json`.

    Attributes:
        schema_version: Of this format.
        model: Name of the model.
        variants: One model file per accelerator; the one for "cpu" is the release that was chosen
            and measured.
        inputs: Of every variant, in the signature's order.
        outputs: Of every variant, in the signature's order.
        image: How a photo goes in.
        labels: By index.
        decode: How outputs become predictions.
        golden: Examples.
        licences: SPDX expressions by what they are for, such as "model" or "training data".
        verdicts: The requirements, and what was measured.
        made_from: SHA-256 of each section of the spec with the files that it names, and of all code
            that took part ("code"); empty where nobody said.
    """

    schema_version: Literal[3] = SCHEMA
    model: str = Field(min_length=1)
    variants: tuple[Variant, ...] = Field(strict=False, min_length=1)
    inputs: tuple[TensorInfo, ...] = Field(strict=False, min_length=1)
    outputs: tuple[TensorInfo, ...] = Field(strict=False, min_length=1)
    image: ImageInput | None = None
    labels: tuple[str, ...] = array()
    decode: Decode | None = None
    golden: tuple[Golden, ...] = array()
    licences: dict[str, str] = Field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = Field(default=(), strict=False)
    made_from: dict[str, Sha256] = Field(default_factory=dict)

    def variant(self, accelerator: Accelerator = "cpu") -> Variant:
        """Give the file for an accelerator.

        Raises:
            DataError: If there is none.
        """
        for variant in self.variants:
            if variant.accelerator == accelerator:
                return variant
        known = ", ".join(variant.accelerator for variant in self.variants)
        raise DataError(f"{NAME}: variants has no file for {accelerator}; it has {known}")

    @model_validator(mode="after")
    def _check_agreement(self) -> Sidecar:
        """Check that all parts speak of the same tensors; a message begins with the field."""
        check_tensors(self.inputs, self.outputs)
        check_files(self.variants, self.outputs)
        if self.image is not None:
            check_image(self.image, self.inputs)
        if self.decode is not None:
            check_decode(self.decode, self.outputs, self.labels)
        for index, golden in enumerate(self.golden):
            check_golden(f"golden.{index}", golden, self)
        check_verdicts(self.verdicts)
        return self


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of `model.json`, for readers in other languages."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:decant:model.json:{SCHEMA}",
        **Sidecar.model_json_schema(mode="serialization"),
    }
