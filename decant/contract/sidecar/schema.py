"""The sidecar `model.json`: all that an app has to know to use the model files beside it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from ...errors import DataError
from ...files import SIDECAR, SIDECAR_SCHEMA
from ...tensors import TensorInfo
from ..decode import Decode
from ..rules import ArrayRule, AudioRule, Rule, array
from .agreement import (
    check_arrays,
    check_files,
    check_image,
    check_names,
    check_tensor_file,
    check_tensor_files,
    check_tensors,
    check_verdicts,
)
from .parts import Accelerator, Golden, ImageInput, Sha256, Variant, Verdict


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
        arrays: By input name, how numbers go in.
        sounds: By input name, how a sound goes in: one channel is their mean.
        labels: By index.
        decode: How outputs become predictions.
        golden: Examples.
        licences: SPDX expressions by what they are for, such as "model" or "training data".
        verdicts: The requirements, and what was measured.
        made_from: SHA-256 of each section of the spec with the files that it names, and of all code
            that took part ("code"); empty where nobody said.
    """

    schema_version: Literal[4] = SIDECAR_SCHEMA
    model: str = Field(min_length=1)
    variants: tuple[Variant, ...] = Field(strict=False, min_length=1)
    inputs: tuple[TensorInfo, ...] = Field(strict=False, min_length=1)
    outputs: tuple[TensorInfo, ...] = Field(strict=False, min_length=1)
    image: ImageInput | None = None
    arrays: dict[str, ArrayRule] = Field(default_factory=dict)
    sounds: dict[str, AudioRule] = Field(default_factory=dict)
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
        raise DataError(f"{SIDECAR}: variants has no file for {accelerator}; it has {known}")

    @model_validator(mode="after")
    def _check_agreement(self) -> Sidecar:
        """Check that all parts speak of the same tensors; a message begins with the field."""
        check_tensors(self.inputs, self.outputs)
        check_files(self.variants, self.outputs)
        if self.image is not None:
            check_image(self.image, self.inputs)
        photo = None if self.image is None else self.image.name
        check_arrays(self.arrays, [info for info in self.inputs if info.name != photo])
        names = {info.name for info in self.inputs} - {photo, *self.arrays}
        check_names("sounds", self.sounds, names)
        if self.decode is not None:
            self.decode.check_tensors(self.outputs, self.labels)
        for index, golden in enumerate(self.golden):
            _check_golden(f"golden.{index}", golden, self)
        check_verdicts(self.verdicts)
        return self


def _check_golden(path: str, golden: Golden, sidecar: Sidecar) -> None:
    """Check that an example has every tensor, in the shape and type of the model files."""
    image = sidecar.image
    given = [info for info in sidecar.inputs if image is None or info.name != image.name]
    check_tensor_files(f"{path}.inputs", golden.inputs, given)
    if (golden.pixels is None) != (image is None):
        raise ValueError(f"{path}.pixels: goes with image, both or neither")
    if image is not None and golden.pixels is not None:
        shape = (image.rule.height, image.rule.width, image.rule.channels)
        check_tensor_file(f"{path}.pixels", golden.pixels, shape, "uint8")
    if (golden.photo is None) != (golden.photo_sha256 is None):
        raise ValueError(f"{path}.photo_sha256: goes with photo, both or neither")
    accelerators = {variant.accelerator for variant in sidecar.variants}
    if golden.outputs.keys() != accelerators:
        raise ValueError(f"{path}.outputs: must be for {', '.join(sorted(accelerators))}")
    for accelerator, files in golden.outputs.items():
        check_tensor_files(f"{path}.outputs.{accelerator}", files, sidecar.outputs)
    for index, found in enumerate(golden.predictions):
        where = f"{path}.predictions.{index}"
        free = sidecar.decode is not None and sidecar.decode.free_labels
        if not free and found.label not in sidecar.labels:
            raise ValueError(f'{where}.label: "{found.label}" is not among labels')
        corners = 0 if sidecar.decode is None else sidecar.decode.corners
        if len(found.quad) != corners:
            raise ValueError(f"{where}.quad: must have {corners} corners by the decode rule")


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of `model.json`, for readers in other languages."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:decant:model.json:{SIDECAR_SCHEMA}",
        **Sidecar.model_json_schema(mode="serialization"),
    }
