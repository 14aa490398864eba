"""Cost: the time of every operator of a network in each scheme, measured on the target."""

from .accuracy import Prediction, check, median_error
from .costs import Costs
from .measure import measure_costs
from .target import Host, Target

__all__ = [
    "Costs",
    "Host",
    "Prediction",
    "Target",
    "check",
    "measure_costs",
    "median_error",
]
