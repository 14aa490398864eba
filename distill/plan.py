"""What a student takes over from its teacher: as its recipe says, or a classifier's logits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from .swap import SwappedRecipe

Own = Callable[[Any, Any, Any], Mapping[str, Tensor]]


@dataclass(frozen=True, slots=True)
class FeaturePair:
    """Two modules whose outputs [N, C, H, W] are compared, by dotted path, of equal H and W."""

    student: str
    teacher: str


@dataclass(frozen=True, slots=True)
class Response:
    """A dense score output and the output it vouches for, by name, the same in both models."""

    score: str
    regression: str


@dataclass(frozen=True, slots=True)
class Logits:
    """A classifier's only output [N, classes], compared as Hinton et al. (2015) do.

    Attributes:
        temperature: Softens both models' probabilities.
        alpha: Weight of the teacher's answer; the recipe's own loss keeps the rest.
    """

    temperature: float = 4.0
    alpha: float = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What is distilled and how much each kind counts.

    Attributes:
        features: Counted beside the recipe's own loss.
        responses: Likewise.
        logits: Share the whole with the recipe's own loss; None where a model is no classifier.
        own: The recipe's `distillation`.
        feature_weight: Of the mean over the feature pairs.
        score_weight: Of the mean over the responses' scores.
        regression_weight: Of the mean over what the scores vouch for.
    """

    features: tuple[FeaturePair, ...] = ()
    responses: tuple[Response, ...] = ()
    logits: Logits | None = None
    own: Own | None = None
    feature_weight: float = 1.0
    score_weight: float = 1.0
    regression_weight: float = 1.0


@runtime_checkable
class PairsFeatures(Protocol):
    """A recipe whose student also learns from feature maps inside its teacher."""

    def feature_pairs(self) -> tuple[tuple[str, str], ...]:
        """Give the (student, teacher) module paths to compare."""


@runtime_checkable
class PairsResponses(Protocol):
    """A recipe whose models give dense scores, each vouching for another output."""

    def responses(self) -> tuple[tuple[str, str], ...]:
        """Give the (score, regression) output names to compare."""


@runtime_checkable
class Distils(Protocol):
    """A recipe that compares student and teacher itself, for whatever its task is."""

    def distillation(self, outputs: Any, taught: Any, batch: Any) -> Mapping[str, Tensor]:
        """Give parts of the loss, beside the recipe's own, that pull outputs to the teacher's."""


def plan_of(recipe: object, logits: Logits | None = None) -> Plan:
    """Build the plan a recipe asks for, with the default weights.

    One with neither `responses` nor `distillation` is taken to train a classifier, whose logits are
    compared.

    Args:
        recipe: With or without the methods of the protocols above.
        logits: How they are compared, instead of as usual.
    """
    if isinstance(recipe, SwappedRecipe):
        plan = plan_of(recipe.recipe, logits)
        alike = tuple(FeaturePair(pair.student, pair.student) for pair in plan.features)
        return replace(plan, features=alike)
    responses = recipe.responses() if isinstance(recipe, PairsResponses) else ()
    own = recipe.distillation if isinstance(recipe, Distils) else None
    says = isinstance(recipe, PairsResponses | Distils)
    pairs = recipe.feature_pairs() if isinstance(recipe, PairsFeatures) else ()
    return Plan(
        tuple(FeaturePair(*pair) for pair in pairs),
        tuple(Response(*pair) for pair in responses),
        None if says else logits or Logits(),
        own,
    )
