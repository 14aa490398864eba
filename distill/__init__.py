"""Teaching a small network from a large one."""

from .comparison import VARIANTS, Gain, Run, paired_gains, short, train_variant
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

__all__ = [
    "VARIANTS",
    "Distils",
    "FeaturePair",
    "Gain",
    "Logits",
    "PairsFeatures",
    "PairsResponses",
    "Plan",
    "Response",
    "Run",
    "distill",
    "paired_gains",
    "plan_of",
    "rehearse",
    "short",
    "train_variant",
]
