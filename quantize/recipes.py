"""Quantization recipes: which operators take which scheme, as data with a JSON round trip."""

from __future__ import annotations

import hashlib
import logging
import math
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from decant.artifacts import read_bytes, read_json
from decant.errors import DataError, SpecError
from decant.files import (
    CORRECTIONS,
    DYNAMIC_INT8_FILE,
    FLOAT16_FILE,
    FLOAT_FILE,
    INT8_WEIGHTS_FILE,
    INT16X8_FILE,
    PURE_INT8_FILE,
    RECIPE,
    RECIPE_SCHEMA,
    STATIC_INT8_FILE,
)
from decant.quantization import (
    BorderName,
    CalibratorChoice,
    Correction,
    Granularity,
    Group,
    Patterns,
    SchemeName,
)

from .contradictions import contradiction
from .schemes import PURE_KINDS, SCHEMES, holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from decant.paths import AnyPath
    from decant.spec import Spec

    from .schemes import Scheme

logger = logging.getLogger(__name__)

LIBRARY = "litert-quantizer"

# Of a recipe's key `calibrator` in files of up to 0.5.
OLD_CALIBRATOR = "range_method"


class Recipe(BaseModel):
    """How one candidate is made from the float file.

    Attributes:
        name: Of the candidate.
        file: Name of the candidate's file.
        form: Scheme of the operators of `kinds`.
        kinds: Operators (the schema's names) that take it; the others stay float.
        groups: Operators of other schemes; one in several belongs to the last of them.
        keep_float: Regular expressions; an operator that writes a tensor whose name holds a match
            stays float whatever its kind or group.
        granularity: Whether each output channel of a weight has a scale of its own, or the weight
            has one.
        symmetric: Whether activations have their zero in the middle: ranges reach as far to both
            sides.
        borders: What a file of known ranges takes and gives where the float file has floats.
        pure: Whether a file is refused in which any operator computes floats.
        calibrator: What makes the activation ranges of calibration samples; "auto" takes for each
            activation the one whose error is least on other samples.
        ranges: Tensor name → (low, high): ranges to use instead of calibrating, as an earlier run
            wrote them.
        model_sha256: Of the float file that the ranges were measured on; "" if that is not known.
        corrections: What is tried to make integers lose less; of a candidate, what was kept.
        corrections_sha256: Of the file of what they have found, beside the candidate's; "" where
            that is still to be found.
        found: Content of that file, which is no part of the JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: str = Field(pattern=r"^[\w.-]+\.tflite$")
    form: SchemeName
    kinds: tuple[str, ...]
    groups: tuple[Group, ...] = ()
    keep_float: Patterns = ()
    granularity: Granularity = "channel"
    symmetric: bool = False
    borders: BorderName = "float"
    pure: bool = False
    calibrator: CalibratorChoice = "auto"
    ranges: dict[str, tuple[float, float]] = Field(default_factory=dict)
    model_sha256: str = ""
    corrections: tuple[Correction, ...] = ()
    corrections_sha256: str = ""
    found: bytes = Field(default=b"", exclude=True, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, document: Any) -> Any:
        """Read files in which the key has its old name."""
        if not isinstance(document, dict) or OLD_CALIBRATOR not in document:
            return document
        rest = {key: value for key, value in document.items() if key != OLD_CALIBRATOR}
        return {"calibrator": document[OLD_CALIBRATOR], **rest}

    @field_validator("ranges")
    @classmethod
    def _spans(cls, ranges: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for name, (low, high) in ranges.items():
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise ValueError(f"{name!r} has [{low}, {high}], which is no range")
        return ranges

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        fault = contradiction(
            self._schemes,
            self.corrections,
            has_ranges=bool(self.ranges),
            has_found=bool(self.corrections_sha256),
        )
        if fault is not None:
            raise ValueError(f"recipe {self.name!r}: {fault}")
        return self

    @property
    def needs_calibration(self) -> bool:
        """Whether ranges have to be measured, or corrections to be found."""
        return self.asks_to_correct or (self.ranged and not self.ranges)

    @property
    def asks_to_correct(self) -> bool:
        """Whether corrections have to be found."""
        return bool(self.corrections) and not self.corrections_sha256

    @property
    def corrections_file(self) -> str:
        """Name of the file of what corrections have found."""
        return self.file.removesuffix(".tflite") + CORRECTIONS

    @property
    def ranged(self) -> bool:
        """Whether some operator needs the ranges of its activations."""
        return any(SCHEMES[name].ranged for name in self._schemes)

    @property
    def integer_weights(self) -> bool:
        """Whether some operator's weights are stored as integers."""
        return any(SCHEMES[name].weight_bits == 8 for name in self._schemes)

    @property
    def _schemes(self) -> tuple[SchemeName, ...]:
        return self.form, *(group.scheme for group in self.groups)

    def with_borders(self, borders: BorderName) -> Recipe:
        """Let its file take and give integers or floats; without ranges, floats."""
        return self.model_copy(update={"borders": borders if self.ranged else "float"})

    @property
    def rules(self) -> list[Group]:
        """What it says of operators: the last rule that fits one counts; float where none does."""
        own = [Group(scheme=self.form, kinds=self.kinds)] if self.kinds else []
        kept = [Group(scheme="float", tensors=self.keep_float)] if self.keep_float else []
        return [*own, *self.groups, *kept]

    def scheme_of(self, kind: str, written: str) -> Scheme:
        """Give the scheme of an operator.

        Args:
            kind: Of the operator.
            written: Names of the tensors that it writes, joined by semicolons.
        """
        fitting = (rule.scheme for rule in reversed(self.rules) if holds(rule, kind, written))
        return SCHEMES[next(fitting, "float")]


def _whole(name: SchemeName, file: str) -> Recipe:
    """Give every operator that a scheme is for that scheme."""
    return Recipe(name=name, file=file, form=name, kinds=SCHEMES[name].kinds)


FLOAT16 = _whole("float16", FLOAT16_FILE)
DYNAMIC_INT8 = _whole("dynamic_int8", DYNAMIC_INT8_FILE)
STATIC_INT8 = _whole("static_int8", STATIC_INT8_FILE)
PURE_INT8 = Recipe(
    name="pure_int8", file=PURE_INT8_FILE, form="static_int8", kinds=PURE_KINDS, pure=True
)
RECIPES = {recipe.name: recipe for recipe in (STATIC_INT8, DYNAMIC_INT8, FLOAT16)}
"""Those that are made where none is asked for."""
OFFERED = {
    **RECIPES,
    "int16x8": _whole("int16x8", INT16X8_FILE),
    "weight_only_int8": _whole("weight_only_int8", INT8_WEIGHTS_FILE),
    "pure_int8": PURE_INT8,
}
"""All that can be asked for by name."""


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
        DataError: The file is missing or is not JSON, or one that corrections need is missing or
            another.
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
    return tuple(_with_found(recipe, path.parent) for recipe in file.recipes)


def _with_found(recipe: Recipe, folder: Path) -> Recipe:
    """Add to a recipe what its corrections have found, from the file beside."""
    if not recipe.corrections_sha256:
        return recipe
    path = folder / recipe.corrections_file
    try:
        content = read_bytes(path)
    except DataError as error:
        raise DataError(
            f"{error}. Recipe {recipe.name!r} needs it for its corrections: restore it beside"
            f" {RECIPE}, or take corrections and corrections_sha256 out of the recipe and quantize"
            " again with calibration data"
        ) from error
    if hashlib.sha256(content).hexdigest() != recipe.corrections_sha256:
        raise DataError(
            f"{path}: is not the file that recipe {recipe.name!r} was written with (its SHA-256 is"
            f" not corrections_sha256); restore the one of the same run, or take both keys out of"
            " the recipe and quantize again with calibration data"
        )
    return recipe.model_copy(update={"found": content})


def quantizer_version() -> str:
    """Name the quantizer library with its version."""
    return f"{LIBRARY} {metadata.version(LIBRARY)}"


def spec_recipes(spec: Spec, *, pure: bool = False) -> tuple[Recipe, ...]:
    """Give the recipes that a spec asks for.

    Args:
        spec: Whose section counts.
        pure: Whether a file of integers alone is asked for, as the objective of the spec's plan
            asks too; nothing else is made then.

    Raises:
        DataError: The recipe file that it names is missing or is not JSON.
        SpecError: That file is no recipe file.
    """
    section = spec.quantization
    if section.recipe is not None:
        return load_recipes(spec.path(section.recipe))
    pure = pure or (section.plan is not None and section.plan.pure)
    return tuple(
        OFFERED[name]
        .model_copy(
            update={
                "keep_float": section.keep_float,
                "granularity": section.granularity,
                "symmetric": section.symmetric,
                "calibrator": section.calibrator,
                "corrections": section.corrections if OFFERED[name].integer_weights else (),
                "groups": section.groups.get(name, ()),
            }
        )
        .with_borders(section.borders)
        for name in (("pure_int8",) if pure else section.recipes)
    )


def check_recipes(recipes: Sequence[Recipe]) -> None:
    """Refuse recipes that would overwrite each other's candidates, and none at all.

    Raises:
        SpecError: There is none, two have one name or one file, or one would overwrite the float
            file.
    """
    if not recipes:
        raise SpecError("there is no quantization recipe; give at least one")
    for recipe in recipes:
        if recipe.file == FLOAT_FILE:
            raise SpecError(
                f"quantization recipe {recipe.name!r} has file = {recipe.file!r}, which is the"
                " float file's name; give it another"
            )
    for key in ("name", "file"):
        values = [getattr(recipe, key) for recipe in recipes]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise SpecError(f"two quantization recipes have {key} = {twice[0]!r}; rename one")


def recipes_document(recipes: Sequence[Recipe]) -> dict[str, Any]:
    """Lay out `recipe.json`."""
    file = RecipeFile(quantizer=quantizer_version(), recipes=tuple(recipes))
    return file.model_dump(mode="json")
