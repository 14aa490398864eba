"""Graph rewrites applied before emission.

A rewrite is tried only when none before it applies: what is recognised as one operator is
recognised before its constants are folded into the neighbours.
"""

from __future__ import annotations

from decant.graph.rewrite import Rewrites

from . import (
    activations,
    attention,
    branches,
    broadcasts,
    cleanup,
    clips,
    constants,
    control,
    folding,
    folding_inputs,
    fused,
    fused_attention,
    movement,
    norm_parameters,
    norms,
    quantized,
    sequences,
)

REWRITES = Rewrites(
    constants.RULES,
    control.RULES,
    sequences.RULES,
    fused.RULES,
    fused_attention.RULES,
    quantized.RULES,
    cleanup.RULES,
    broadcasts.RULES,
    clips.RULES,
    activations.RULES,
    norms.RULES,
    norm_parameters.RULES,
    movement.RULES,
    folding.RULES,
    attention.RULES,
    folding_inputs.RULES,
    branches.RULES,
)

__all__ = ["REWRITES"]
