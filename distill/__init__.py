"""Teaching a small network from a large one."""

from .comparison import VARIANTS, Gain, Run, paired_gains, short, train_variant
from .loop import DistillableRecipe, Plan, distill, plan_of

__all__ = [
    "VARIANTS",
    "DistillableRecipe",
    "Gain",
    "Plan",
    "Run",
    "distill",
    "paired_gains",
    "plan_of",
    "short",
    "train_variant",
]
