"""What a student learns from a teacher: its logits, its features and its responses."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def logit_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Pull a classifier's probabilities to its teacher's, both softened (Hinton et al. 2015).

    T² KL(softmax(teacher / T) ‖ softmax(student / T)), arXiv:1503.02531, section 2: the square
    makes up for gradients that shrink with it, so that a weight holds for any temperature.

    Args:
        student: Logits [N, classes].
        teacher: Logits [N, classes].
        temperature: T; the higher, the more the teacher's small probabilities count.

    Returns:
        Scalar, 0 where both are equal, the mean over the samples.
    """
    mine, theirs = ((x.float() / temperature).log_softmax(1) for x in (student, teacher))
    apart = functional.kl_div(mine, theirs, reduction="batchmean", log_target=True)
    return apart * temperature**2


def feature_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Compare feature maps by shape, not by scale.

    Both are standardised per channel over batch and space, so that the loss is one minus their
    correlation (PKD, Cao et al. 2022, arXiv:2207.02039): the magnitudes of two architectures
    have nothing to say to each other.

    Args:
        student: [N, C, H, W], through its adapter.
        teacher: [N, C, H, W].

    Returns:
        Scalar, 0 (same up to scale) to 2.
    """
    return (_standardise(student) - _standardise(teacher)).square().mean() / 2


def _standardise(x: Tensor) -> Tensor:
    x = x.float()
    x = x - x.mean((0, 2, 3), keepdim=True)
    return x / (x.square().mean((0, 2, 3), keepdim=True) + 1e-6).sqrt()


def score_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Pull the student's score logits to the teacher's probabilities.

    Quality focal weighting (Li et al. 2020, arXiv:2006.04388): cells where they already agree
    don't drown the few where they don't. Scaled by the teacher's total score.

    Args:
        student: Logits of any shape.
        teacher: Logits of the same shape.
    """
    target = teacher.float().sigmoid()
    logits = student.float()
    gap = (target - logits.sigmoid()).square()
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (gap * entropy).sum() / target.sum().clamp(min=1.0)


def regression_loss(student: Tensor, teacher: Tensor, teacher_score: Tensor) -> Tensor:
    """Pull the student's regressed values to the teacher's where the teacher is sure.

    Smooth L1, weighted by the teacher's probability squared; below a tenth it counts for almost
    nothing, which leaves out the background, where the regressed values mean nothing.

    Args:
        student: [N, C, H, W].
        teacher: [N, C, H, W].
        teacher_score: Logits [N, 1, H, W].
    """
    weight = teacher_score.float().sigmoid().square()
    error = functional.smooth_l1_loss(
        student.float(), teacher.float(), beta=0.1, reduction="none"
    ).mean(1, keepdim=True)
    return (weight * error).sum() / weight.sum().clamp(min=1.0)
