"""Other converters, each run in an environment of its own: what they make of a model."""

from .attempt import Attempt, Limits, Outcome, attempt
from .environment import Environment, NoEnvironment
from .forms import Forms, forms_of
from .oldest import OLDEST_RUNTIME, runs_in_oldest
from .reference import Reference, reference_of
from .route import ROUTES, Route, chosen

__all__ = [
    "OLDEST_RUNTIME",
    "ROUTES",
    "Attempt",
    "Environment",
    "Forms",
    "Limits",
    "NoEnvironment",
    "Outcome",
    "Reference",
    "Route",
    "attempt",
    "chosen",
    "forms_of",
    "reference_of",
    "runs_in_oldest",
]
