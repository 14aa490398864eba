"""Teaching a small network from a large one."""

from .loop import DistillableRecipe, Plan, distill, plan_of

__all__ = ["DistillableRecipe", "Plan", "distill", "plan_of"]
