"""Quantization recipes: which operators take which form, as data with a JSON round trip."""

from __future__ import annotations

import logging
import math
import re
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from decant.artifacts import read_json
from decant.errors import SpecError
from decant.files import DYNAMIC_INT8_FILE, FLOAT16_FILE, RECIPE_SCHEMA, STATIC_INT8_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.paths import AnyPath
    from decant.spec import Spec

logger = logging.getLogger(__name__)

LIBRARY = "ai-edge-quantizer"

Scheme = Literal["float16", "dynamic_int8", "static_int8"]
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
        model_sha256: Of the float file that the ranges were measured on; "" if that is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: str = Field(pattern=r"^[\w.-]+\.tflite$")
    form: Scheme
    kinds: tuple[str, ...]
    keep_float: tuple[str, ...] = ()
    range_method: RangeMethod = "minmax"
    ranges: dict[str, tuple[float, float]] = Field(default_factory=dict)
    model_sha256: str = ""

    @field_validator("keep_float")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        return patterns

    @field_validator("ranges")
    @classmethod
    def _spans(cls, ranges: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for name, (low, high) in ranges.items():
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise ValueError(f"{name!r} has [{low}, {high}], which is no range")
        return ranges

    @property
    def needs_calibration(self) -> bool:
        """Whether ranges have to be measured."""
        return self.form == "static_int8" and not self.ranges


FLOAT16 = Recipe(name="float16", file=FLOAT16_FILE, form="float16", kinds=WEIGHTED_KINDS)
DYNAMIC_INT8 = Recipe(
    name="dynamic_int8",
    file=DYNAMIC_INT8_FILE,
    form="dynamic_int8",
    kinds=DYNAMIC_KINDS,
)
STATIC_INT8 = Recipe(
    name="static_int8", file=STATIC_INT8_FILE, form="static_int8", kinds=STATIC_KINDS
)
RECIPES = {recipe.name: recipe for recipe in (STATIC_INT8, DYNAMIC_INT8, FLOAT16)}


def default_recipes(*, calibrated: bool) -> tuple[tuple[Recipe, ...], tuple[Recipe, ...]]:
    """Give the recipes to make where none is asked for, and those left out for want of data."""
    wanted = tuple(RECIPES.values())
    if calibrated:
        return wanted, ()
    made = tuple(recipe for recipe in wanted if not recipe.needs_calibration)
    return made, tuple(recipe for recipe in wanted if recipe.needs_calibration)


class RecipeFile(BaseModel):
    """What `recipe.json` holds.

    Attributes:
        quantizer: Library and version that made the files; another one may write other bytes.
        recipes: With the ranges used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = RECIPE_SCHEMA
    quantizer: str
    recipes: tuple[Recipe, ...] = Field(min_length=1)


def load_recipes(path: AnyPath) -> tuple[Recipe, ...]:
    """Read a `recipe.json`: from it and the float file come the same bytes, without calibrating.

    Raises:
        DataError: The file is missing or is not JSON.
        SpecError: A key is unknown or missing, a value has a wrong type, or two recipes clash.
    """
    path = Path(path)
    document = read_json(path)
    try:
        file = RecipeFile.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SpecError(
            f"{path}: {where}: {first['msg']}; give a recipe.json that `decant quantize` wrote"
        ) from error
    if file.quantizer != quantizer_version():
        logger.warning(
            "%s was written with %s, this is %s: the files may differ in bytes",
            path,
            file.quantizer,
            quantizer_version(),
        )
    check_recipes(file.recipes)
    return file.recipes


def quantizer_version() -> str:
    """Name the quantizer library with its version."""
    return f"{LIBRARY} {metadata.version(LIBRARY)}"


def spec_recipes(spec: Spec) -> tuple[Recipe, ...]:
    """Give the recipes that a spec asks for.

    Raises:
        DataError: The recipe file that it names is missing or is not JSON.
        SpecError: That file is no recipe file.
    """
    section = spec.quantization
    if section.recipe is not None:
        return load_recipes(spec.path(section.recipe))
    return tuple(RECIPES[name] for name in section.recipes)


def check_recipes(recipes: Sequence[Recipe]) -> None:
    """Refuse recipes that would overwrite each other's candidates, and none at all.

    Raises:
        SpecError: There is none, or two have one name or one file.
    """
    if not recipes:
        raise SpecError("there is no quantization recipe; give at least one")
    for key in ("name", "file"):
        values = [getattr(recipe, key) for recipe in recipes]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise SpecError(f"two quantization recipes have {key} = {twice[0]!r}; rename one")


def recipes_document(recipes: Sequence[Recipe]) -> dict[str, Any]:
    """Lay out `recipe.json`."""
    file = RecipeFile(quantizer=quantizer_version(), recipes=tuple(recipes))
    return file.model_dump(mode="json")
