"""All that is looked for, in the order in which it is told of what is equally grave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import activations, data, normalisation, outputs, structure, weights

if TYPE_CHECKING:
    from .check import Check

CHECKS: tuple[Check, ...] = (
    *data.CHECKS,
    *normalisation.CHECKS,
    *weights.CHECKS,
    *activations.CHECKS,
    *outputs.CHECKS,
    *structure.CHECKS,
)
TITLES = {check.code: check.title for check in CHECKS}
