"""Teaching a small network from a large one."""

from .comparison import VARIANTS, ComparedRun, Gain, paired_gains, short, train_variant
from .loop import distill, rehearse
from .plan import (
    Distils,
    FeaturePair,
    Logits,
    PairsFeatures,
    PairsResponses,
    Plan,
    Response,
    plan_of,
)
from .swap import SwappedRecipe

__all__ = [
    "VARIANTS",
    "ComparedRun",
    "Distils",
    "FeaturePair",
    "Gain",
    "Logits",
    "PairsFeatures",
    "PairsResponses",
    "Plan",
    "Response",
    "SwappedRecipe",
    "distill",
    "paired_gains",
    "plan_of",
    "rehearse",
    "short",
    "train_variant",
]
