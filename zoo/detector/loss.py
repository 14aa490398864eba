"""The detector's training loss: task-aligned assignment, quality focal scores, corners, envelopes.

Every cell of every level is one point. A formula is assigned to the points that lie in it and
already score and fit best (after TOOD, Feng et al. 2021, arXiv:2108.07755), so wide short
formulas find their own level. A small prior decides while the predictions are still noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .model import STRIDES

POINTS_PER_FORMULA = 12
PRIOR_WEIGHT = 1e-3
# A formula of about 4x4 cells in area is at home on a level.
CELLS_PER_FORMULA = 4.0
# Error of a corner is relative to the formula's own width and height, but never to less than this.
SMALLEST_SIDE = 8.0
WEIGHTS = {"score": 1.0, "envelope": 2.0, "corner": 1.0}


@dataclass(frozen=True, slots=True)
class Formulas:
    """All formulas of a batch, flattened.

    Attributes:
        quads: [T, 4, 2] float32, pixels; top-left, top-right, bottom-right, bottom-left.
        owner: [T] int64, index of the image in the batch.
    """

    quads: Tensor
    owner: Tensor


@dataclass(frozen=True, slots=True)
class Points:
    """Predictions of a batch, all levels in a row.

    Attributes:
        logits: [N, A].
        quads: [N, A, 4, 2], pixels.
        centres: [A, 2], pixels.
        strides: [A], pixels.
    """

    logits: Tensor
    quads: Tensor
    centres: Tensor
    strides: Tensor


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which point answers for which formula, P pairs.

    Attributes:
        formula: [P] index into the batch's formulas.
        point: [P] index into the points of the formula's image.
        target: [P] the score to aim at, 0…1.
    """

    formula: Tensor
    point: Tensor
    target: Tensor


@dataclass(frozen=True, slots=True)
class Frame:
    """The reading frame of quads [T, 4, 2]: centre, unit axes and side lengths."""

    centre: Tensor
    axes: Tensor
    sides: Tensor


def flatten(outputs: Mapping[str, Tensor]) -> Points:
    """Lay the levels of the model's outputs in a row and turn offsets into pixels."""
    logits, quads, centres, strides = [], [], [], []
    for stride in STRIDES:
        scores = outputs[f"scores_s{stride}"].float()
        count, _, height, width = scores.shape
        row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        centre = (torch.stack((column, row), -1).reshape(-1, 2) + 0.5) * stride
        offsets = outputs[f"corners_s{stride}"].float().flatten(2).transpose(1, 2)
        quads.append(centre[:, None] + offsets.reshape(count, -1, 4, 2) * stride)
        logits.append(scores.flatten(1))
        centres.append(centre)
        strides.append(torch.full((height * width,), float(stride)))
    return Points(torch.cat(logits, 1), torch.cat(quads, 1), torch.cat(centres), torch.cat(strides))


def frame(quads: Tensor) -> Frame:
    """Measure the reading frame of quads [T, 4, 2]."""
    top_left, top_right, bottom_right, bottom_left = quads.unbind(1)
    across = (top_right + bottom_right - top_left - bottom_left) / 2
    down = (bottom_left + bottom_right - top_left - top_right) / 2
    sides = torch.stack((across.norm(dim=1), down.norm(dim=1)), 1).clamp(min=1.0)
    along = across / sides[:, :1]
    # The second axis is the normal, so that the two errors don't mix in a sheared quad.
    normal = torch.stack((-along[:, 1], along[:, 0]), 1)
    return Frame(quads.mean(1), torch.stack((along, normal), 1), sides)


def envelopes(quads: Tensor) -> Tensor:
    """Give upright boxes [..., 4] (xyxy) around quads [..., 4, 2]."""
    return torch.cat((quads.amin(-2), quads.amax(-2)), -1)


def overlap(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Give the IoU and the generalised IoU (Rezatofighi et al. 2019) of boxes [..., 4] xyxy."""
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(
        min=0
    )
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    area_a, area_b = ((box[..., 2:] - box[..., :2]).prod(-1) for box in (a, b))
    intersection, enclosed = shared.prod(-1), hull.prod(-1).clamp(min=1e-6)
    union = (area_a + area_b - intersection).clamp(min=1e-6)
    iou = intersection / union
    return iou, iou - (enclosed - union) / enclosed


def inside(quads: Tensor, points: Points) -> Tensor:
    """Tell which points lie in which quad grown by half a cell: [T, A] bool."""
    verdict = torch.ones(len(quads), len(points.strides), dtype=torch.bool)
    for corner in range(4):
        start, end = quads[:, corner], quads[:, (corner + 1) % 4]
        edge = (end - start) / (end - start).norm(dim=1, keepdim=True).clamp(min=1e-3)
        # Distance of a point from the edge, positive on the inner side of a clockwise quad.
        normal = torch.stack((-edge[:, 1], edge[:, 0]), 1)
        distance = points.centres @ normal.T - (start * normal).sum(1)
        verdict &= (distance >= -points.strides[:, None] / 2).T
    return verdict


def prior(quads: Tensor, points: Points) -> Tensor:
    """Score points [T, A] by nearness to the formula's centre and by level, 0…1."""
    shape = frame(quads)
    local = torch.einsum("tka,tca->tkc", points.centres - shape.centre[:, None], shape.axes)
    near = (local / (shape.sides / 2).clamp(min=SMALLEST_SIDE / 2)[:, None]).square().sum(-1)
    ideal = (shape.sides.prod(1).sqrt() / CELLS_PER_FORMULA).clamp(STRIDES[0], STRIDES[-1])
    level = (points.strides / ideal[:, None]).log2().square()
    return torch.exp(-near - level)


@torch.no_grad()
def assign(points: Points, formulas: Formulas) -> Assignment:
    """Choose the points that answer for each formula and the score each should give."""
    owner, boxes = formulas.owner, envelopes(formulas.quads)
    iou, _ = overlap(envelopes(points.quads)[owner], boxes[:, None])
    metric = points.logits.sigmoid()[owner].sqrt() * iou.pow(3)
    metric = metric + PRIOR_WEIGHT * prior(formulas.quads, points)
    metric = metric.masked_fill(~inside(formulas.quads, points), 0)
    best, index = metric.topk(POINTS_PER_FORMULA, dim=1)
    formula = torch.arange(len(owner))[:, None].expand_as(index)
    # A point that several formulas want goes to the one it fits best.
    claims = torch.zeros_like(points.logits).flatten()
    cell = (owner[formula] * points.logits.shape[1] + index).flatten()
    claims.scatter_reduce_(0, cell, best.flatten(), "amax")
    won = ((best.flatten() == claims[cell]) & (best.flatten() > 0)).view_as(best)
    reached = iou.gather(1, index).masked_fill(~won, 0).amax(1, keepdim=True)
    target = reached * best / best.masked_fill(~won, 0).amax(1, keepdim=True).clamp(min=1e-9)
    return Assignment(formula[won], index[won], target[won].clamp(0, 1))


def quality_focal(logits: Tensor, target: Tensor) -> Tensor:
    """Quality focal loss per element (Li et al. 2020, arXiv:2006.04388, eq. 3 with beta = 2)."""
    gap = (target - logits.sigmoid()).square()
    return gap * functional.binary_cross_entropy_with_logits(logits, target, reduction="none")


def corner_error(predicted: Tensor, quads: Tensor) -> Tensor:
    """Give the corner error per quad [P], relative to the quad's own width and height."""
    shape = frame(quads)
    local = torch.einsum("pca,pka->pck", predicted - quads, shape.axes)
    relative = local / shape.sides.clamp(min=SMALLEST_SIDE)[:, None]
    return functional.smooth_l1_loss(
        relative, torch.zeros_like(relative), beta=0.05, reduction="none"
    ).mean((1, 2))


def detection_loss(outputs: Mapping[str, Tensor], formulas: Formulas) -> dict[str, Tensor]:
    """Compute the weighted parts of the loss; their sum is what training minimises.

    Args:
        outputs: The model's, as `Detector.forward` gives them.
        formulas: The truth.

    Returns:
        Scalars `score`, `envelope` and `corner`, each per unit of assigned score.
    """
    points = flatten(outputs)
    chosen = assign(points, formulas)
    truth, owner = formulas.quads[chosen.formula], formulas.owner[chosen.formula]
    target = torch.zeros_like(points.logits)
    target[owner, chosen.point] = chosen.target
    total = chosen.target.sum().clamp(min=1.0)
    predicted = points.quads[owner, chosen.point]
    _, generalised = overlap(envelopes(predicted), envelopes(truth))
    parts = {
        "score": quality_focal(points.logits, target).sum(),
        "envelope": (chosen.target * (1 - generalised)).sum(),
        "corner": (chosen.target * corner_error(predicted, truth)).sum(),
    }
    return {name: WEIGHTS[name] * part / total for name, part in parts.items()}
