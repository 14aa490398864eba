"""What a spec says of quantization: which candidates there are, and what computes in what."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from .contract.rules import Rule
from .tasks.section import distinct

WholeSchemeName = Literal["static_int8", "dynamic_int8", "float16", "int16x8", "weight_only_int8"]
RecipeName = Literal[WholeSchemeName, "pure_int8"]
SchemeName = Literal[WholeSchemeName, "float"]
CalibratorName = Literal["minmax", "moving_average", "percentile", "mse", "entropy"]
CalibratorChoice = Literal["auto", CalibratorName]
Granularity = Literal["channel", "tensor"]
Objective = Literal["latency", "size", "memory", "pure_int8"]
BorderName = Literal["float", "int8"]
Correction = Literal["equalisation", "bias", "rounding"]


def _compiled(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no regular expression.

    Raises:
        ValueError: One does not compile; the message says why.
    """
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return patterns


Patterns = Annotated[tuple[str, ...], AfterValidator(_compiled)]


class Group(Rule):
    """Operators that compute in another scheme than the rest of a candidate.

    Those belong to it for which all that is given fits.

    Attributes:
        scheme: What they compute in.
        kinds: Names of operators in TFLite's schema; all that the scheme is for if left out.
        tensors: Regular expressions, of which one matches within the name of a tensor that the
            operator writes.
        modules: Regular expressions, of which one matches within the path of the PyTorch module
            that the operator comes from.
    """

    scheme: SchemeName
    kinds: tuple[str, ...] = Field(default=(), strict=False)
    tensors: Patterns = Field(default=(), strict=False)
    modules: Patterns = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _check_some(self) -> Group:
        if not (self.kinds or self.tensors or self.modules):
            raise ValueError("give kinds, tensors or modules; a group of all operators is a recipe")
        return self


SECONDS = {"s": 1, "m": 60, "h": 3600}


def seconds(duration: str) -> float:
    """Read a duration such as "90s", "10m" or "1.5h".

    Raises:
        ValueError: It is none.

    >>> seconds("10m"), seconds("1.5h")
    (600.0, 5400.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", duration.strip())
    if found is None or float(found[1]) == 0:
        raise ValueError(f'{duration!r} is no duration; give one such as "90s", "10m" or "1h"')
    return float(found[1]) * SECONDS[found[2]]


def _duration(text: str) -> str:
    seconds(text)
    return text


class Plan(Rule):
    """How a mixed file is searched for: which operator computes in which scheme.

    Attributes:
        budget: Time for measuring and searching, such as "10m"; what is found until then counts.
        objective: What the file shall have little of; "pure_int8" searches for nothing: the recipe
            of that name alone is made.
        min_snr_db: Signal-to-noise ratio in dB that every part of every output has to keep.
        max_drop: Of the metric on calibration data with truth, against the float file.
        seed: Of the order in which values are measured.
    """

    budget: Annotated[str, AfterValidator(_duration)] = "10m"
    objective: Objective = "latency"
    min_snr_db: float | None = Field(default=None, allow_inf_nan=False)
    max_drop: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0)

    @property
    def pure(self) -> bool:
        """Whether a file of integers alone is wanted, which leaves no plan to search for."""
        return self.objective == "pure_int8"

    @property
    def budget_s(self) -> float:
        """The time in seconds."""
        return seconds(self.budget)


class Quantization(Rule):
    """Which candidates are made.

    Attributes:
        recipes: In the order that breaks a tie of latency and size.
        recipe: The `recipe.json` of an earlier run, relative to the spec, instead: its recipes
            and activation ranges make the same files again on any machine, without calibrating.
        keep_float: Regular expressions; an operator stays float in every candidate that writes a
            tensor within whose name one of them matches.
        granularity: Whether each output channel of a weight has a scale of its own.
        symmetric: Whether the ranges of activations reach as far to both sides of zero.
        borders: What files of known ranges take and give where the float file has floats.
        calibrator: What makes activation ranges of calibration samples; "auto" takes for each
            activation the one whose error is least on samples that are held out.
        corrections: What is tried to make integers lose less, and kept where it helps.
        groups: By recipe, its operators of other schemes; one in several belongs to the last.
        plan: How mixed files are searched for, beside the recipes; none are if it is left out.
        qdq: Whether candidates with integer weights are written as ONNX too.
    """

    recipes: Annotated[tuple[RecipeName, ...], AfterValidator(distinct)] = Field(
        default=("static_int8", "dynamic_int8", "float16"), strict=False, min_length=1
    )
    recipe: str | None = None
    keep_float: Patterns = Field(default=(), strict=False)
    granularity: Granularity = "channel"
    symmetric: bool = False
    borders: BorderName = "float"
    calibrator: CalibratorChoice = "auto"
    corrections: Annotated[tuple[Correction, ...], AfterValidator(distinct)] = Field(
        default=(), strict=False
    )
    groups: dict[RecipeName, Annotated[tuple[Group, ...], Field(strict=False)]] = Field(
        default_factory=dict
    )
    plan: Plan | None = None
    qdq: bool = False

    @model_validator(mode="before")
    @classmethod
    def _refuse_planned_groups(cls, document: Any) -> Any:
        groups = document.get("groups") if isinstance(document, dict) else None
        if isinstance(groups, dict) and "plan" in groups:
            raise ValueError(
                "groups.plan: a plan finds its groups itself; to decide some of them, edit the"
                " recipe.json that it writes, and name that as recipe"
            )
        return document

    @model_validator(mode="after")
    def _check_choice(self) -> Quantization:
        others = sorted(self.model_fields_set - {"recipe", "qdq"})
        if self.recipe is not None and others:
            raise ValueError(
                f"give either {others[0]} or recipe; a recipe file says which candidates there are"
            )
        idle = [name for name in self.groups if name not in self.recipes]
        if idle:
            raise ValueError(f"groups.{idle[0]} is of no recipe in recipes; add it there")
        return self
