"""Quantization recipes: which operators take which form, as data with a JSON round trip."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from decant.errors import SpecError

Form = Literal["float16", "dynamic_int8", "static_int8"]
RangeMethod = Literal["minmax", "mse"]

# Operators whose weights XNNPACK multiplies after quantizing the activations on the fly; it has no
# such kernel for depthwise convolutions, which would leave the delegate.
DYNAMIC_KINDS = ("CONV_2D", "FULLY_CONNECTED")
WEIGHTED_KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
# What gains from int8 in XNNPACK or only moves data. Everything else stays float between a
# DEQUANTIZE and a QUANTIZE: XNNPACK runs a chain of unary ones among them as one 256-entry table,
# and has float kernels but no int8 ones for HARD_SWISH, GELU, SOFTMAX, AVERAGE_POOL_2D, DIV, SQRT,
# RSQRT, SQUARED_DIFFERENCE, BATCH_MATMUL, MAXIMUM and a lone RELU.
STATIC_KINDS = (
    "ADD",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "GATHER",
    "LOGISTIC",
    "MAX_POOL_2D",
    "MEAN",
    "MIRROR_PAD",
    "MUL",
    "PACK",
    "PAD",
    "PADV2",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "SLICE",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "STRIDED_SLICE",
    "SUB",
    "SUM",
    "TANH",
    "TRANSPOSE",
    "TRANSPOSE_CONV",
    "UNPACK",
)


class Recipe(BaseModel):
    """How one candidate is made from the float file.

    Attributes:
        name: Of the candidate.
        file: Name of the candidate's file.
        form: What the operators of `kinds` become.
        kinds: Operators (the schema's names) that take the form; the others stay float.
        keep_float: Regular expressions; an operator that writes a tensor whose name holds a match
            stays float whatever its kind.
        range_method: How a static recipe gets activation ranges from calibration.
        ranges: Tensor name → (low, high): ranges to use instead of calibrating, as an earlier run
            wrote them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: str
    form: Form
    kinds: tuple[str, ...]
    keep_float: tuple[str, ...] = ()
    range_method: RangeMethod = "minmax"
    ranges: dict[str, tuple[float, float]] = Field(default_factory=dict)

    @field_validator("keep_float")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        return patterns

    @property
    def needs_calibration(self) -> bool:
        """Whether ranges have to be measured."""
        return self.form == "static_int8" and not self.ranges

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as a JSON document."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, document: Any) -> Recipe:
        """Read what `to_json` wrote.

        Raises:
            SpecError: A key is unknown or missing, or a value has a wrong type.
        """
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the recipe"
            raise SpecError(f"quantization recipe: {where}: {first['msg']}") from error


FLOAT16 = Recipe(name="float16", file="model_fp16.tflite", form="float16", kinds=WEIGHTED_KINDS)
DYNAMIC_INT8 = Recipe(
    name="dynamic_int8",
    file="model_int8_dynamic.tflite",
    form="dynamic_int8",
    kinds=DYNAMIC_KINDS,
)
STATIC_INT8 = Recipe(
    name="static_int8", file="model_int8.tflite", form="static_int8", kinds=STATIC_KINDS
)
RECIPES = {recipe.name: recipe for recipe in (STATIC_INT8, DYNAMIC_INT8, FLOAT16)}
