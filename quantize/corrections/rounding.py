"""Learns which weights of a layer to round up and which down (AdaRound).

Nagel et al. 2020 (arXiv 2004.10568): rounding each weight to the nearest integer is not what
disturbs a layer's output least. Their equation 25 is minimised per layer: the mean square of what
rounding does to the output, and a term that drives each weight's choice to up or down. The output
is linear in the weights, so that the first is a quadratic form in the layer's second moments of
what it reads (their equation 20), and no sample is needed any more once those are measured. What
gradient descent has chosen is gone over weight by weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .weights import error, fixed, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

DESCENTS = 300
LEARNING_RATE = 0.05
# The stretched sigmoid of the paper's equation 23.
LOW, HIGH = -0.1, 1.1
# Of all descents, the share after which the choices are driven apart.
FREE = 0.2
# The exponent of equation 24 falls from the first to the second, which lets go of more and more.
SHARPNESS = (20.0, 2.0)
# Weighs equation 24 against the disturbance, in squares of what one whole step disturbs.
REGULARITY = 0.1
# How often each choice is gone over at the end; most stay after the second time.
SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Rounding:
    """What was learned of a layer.

    Attributes:
        up: [groups, outputs, values], whether each weight is rounded up.
        before: Mean square of the disturbance of an output by nearest rounding.
        after: By the learned one.
    """

    up: NDArray[np.bool_]
    before: float
    after: float


def learn(weights: Floats, steps: Floats, moments: Floats, *, descend: bool = True) -> Rounding:
    """Learn the rounding of a layer's weights.

    Args:
        weights: [groups, outputs, values].
        steps: Of the weights, of the same shape or one that broadcasts to it.
        moments: [groups, values, values], second moments of what an output reads; about the mean
            where the bias takes the mean error away.
        descend: Whether to begin with gradient descent, which takes nearly all of the time; without
            it, nearest rounding is improved weight by weight.

    Returns:
        What was learned, which disturbs no more than nearest rounding.
    """
    plain, still = nearest(weights, steps), fixed(weights, steps)
    starts = [plain]
    if descend:
        starts.append(np.where(still, plain, _descend(weights / steps, moments)))
    layer = weights, np.broadcast_to(steps, weights.shape), moments
    settled = [_settled(start, still, layer) for start in starts]
    before, *after = (_disturbance(error(weights, steps, up), moments) for up in (plain, *settled))
    best = int(np.argmin(after))
    return Rounding(settled[best], before, after[best])


def _disturbance(of_weights: Floats, moments: Floats) -> float:
    """Mean square over all outputs of what an error of the weights does to them."""
    return float((np.matmul(of_weights, moments) * of_weights).sum(-1).mean(dtype=np.float64))


def _descend(scaled: Floats, moments: Floats) -> NDArray[np.bool_]:
    """Minimise by gradient descent (Adam) from the weights as they are; scaled: in steps.

    Outputs are alone with their steps, so that each is taken in its own.
    """
    import torch

    torch.set_num_threads(1)  # others wait for each other longer than these products take
    rest = torch.from_numpy(scaled - np.floor(scaled))
    loudness = np.trace(moments, axis1=-2, axis2=-1)[:, None, None] / moments.shape[-1]
    form = torch.from_numpy(np.asarray(moments / np.maximum(loudness, 1e-30), np.float32))
    choice = _inverse(rest).requires_grad_()
    adam = torch.optim.Adam([choice], lr=LEARNING_RATE)
    for descent in range(DESCENTS):
        up = torch.clamp(torch.sigmoid(choice) * (HIGH - LOW) + LOW, 0, 1)
        off = up - rest
        loss = (torch.matmul(off, form) * off).sum() + _undecided(up, descent / DESCENTS)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return np.asarray(choice.detach().numpy() > 0)


def _settled(
    start: NDArray[np.bool_], still: NDArray[np.bool_], layer: tuple[Floats, Floats, Floats]
) -> NDArray[np.bool_]:
    """Turn single choices over as long as that disturbs an output less.

    Args:
        start: [groups, outputs, values], the choices.
        still: Which of them stay.
        layer: Weights, their steps, and moments.
    """
    weights, steps, moments = layer
    up = start.copy()
    slopes = np.matmul(error(weights, steps, up), moments)
    curves = np.diagonal(moments, axis1=-2, axis2=-1)
    for _ in range(SWEEPS):
        turned = 0
        for at in range(up.shape[-1]):
            change = np.where(up[..., at], -steps[..., at], steps[..., at])
            gain = 2 * change * slopes[..., at] + np.square(change) * curves[:, None, at]
            turn = (gain < 0) & ~still[..., at]
            if turn.any():
                turned += int(turn.sum())
                up[..., at] ^= turn
                slopes += (change * turn)[..., None] * moments[:, None, at]
        if not turned:
            break
    return up


def _undecided(up: Any, progress: float) -> Any:
    """Count the choices that are neither up nor down (the paper's equation 24)."""
    if progress < FREE:
        return 0.0
    fallen = (1 - math.cos(math.pi * (progress - FREE) / (1 - FREE))) / 2
    sharpness = SHARPNESS[0] + (SHARPNESS[1] - SHARPNESS[0]) * fallen
    return REGULARITY * (1 - (2 * up - 1).abs().pow(sharpness)).sum()


def _inverse(rest: Any) -> Any:
    """Give the choices at which the stretched sigmoid leaves the weights as they are."""
    import torch

    share = torch.clamp((rest - LOW) / (HIGH - LOW), 1e-4, 1 - 1e-4)
    return torch.log(share / (1 - share))
