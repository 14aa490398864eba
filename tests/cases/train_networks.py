"""Trains `shapes_detector` and `hard_classifier`, and writes their checkpoints.

`python tests/cases/train_networks.py shapes|digits`: one thread, a minute or two each, seeded.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import hard_classifier
import numpy as np
import shapes_detector
import torch
from shapes_detector import BINS, ShapesDetector
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BATCH = 16
AVERAGE = 0.99


def fit(network: nn.Module, loss: Callable[[int], Tensor], steps: int, rate: float) -> nn.Module:
    """Train with AdamW and one cycle; give the moving average of the weights."""
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.02)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps)
    averaged = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE), use_buffers=True
    )
    network.train()
    for step in range(steps):
        optimiser.zero_grad()
        value = loss(step)
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        cycle.step()
        averaged.update_parameters(network)
        if step % 100 == 0:
            sys.stdout.write(f"{step} {value.item():.3f}\n")
    return averaged.module.eval()


def shapes(steps: int = 1000) -> None:
    torch.manual_seed(0)
    network = ShapesDetector()
    for head in network.heads:  # few places hold an object
        nn.init.constant_(head.scores[1].bias, -4.0)

    def loss(step: int) -> Tensor:
        drawn, truth = shapes_detector.pictures(BATCH, seed=1000 + step)
        return shapes_loss(network, torch.from_numpy(drawn), torch.from_numpy(truth))

    write(fit(network, loss, steps, 4e-3), shapes_detector.CHECKPOINT)
    drawn, truth = shapes_detector.pictures(500, seed=1)
    with torch.no_grad():
        found = shapes_detector.trained()(torch.from_numpy(drawn)).numpy()
    sys.stdout.write(f"{shapes_detector.average_precision(found, truth)}\n")


def shapes_loss(network: ShapesDetector, drawn: Tensor, truth: Tensor) -> Tensor:
    """Hold scores to the overlap of what is found, and boxes to the objects of their places."""
    sides, logits = network.raw(drawn)
    corners = network.corners(sides).transpose(1, 2)
    truth = torch.cat([truth[..., :4] / shapes_detector.PHOTO, truth[..., 4:]], 2)
    owner = owners(network.cells[0], truth)
    image, place = torch.nonzero(owner >= 0, as_tuple=True)
    objects = truth[image, owner[image, place]]
    found, cell = corners[image, place], network.cells[0, :, place].T
    overlap, general = overlaps(found, objects[:, :4])
    wanted = torch.zeros_like(logits)
    wanted[image, objects[:, 4].long(), place] = overlap.detach().clamp(min=0)
    scores = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum")
    reach = (
        torch.cat([cell[:, :2] - objects[:, :2], objects[:, 2:4] - cell[:, :2]], 1) / cell[:, 2:]
    )
    bins = binned(sides[image, :, :, place], reach.clamp(0, BINS - 1.01))
    count = max(len(image), 1)
    return scores / count + 2 * (1 - general).mean() + 0.3 * bins


def owners(cells: Tensor, truth: Tensor) -> Tensor:
    """Give for each place the object whose middle it lies in, [N, places], -1 where there is none.

    Large objects have places of the coarse stride, small ones of the fine stride.
    """
    x, y, stride = cells[:, None, :]
    low, high = truth[..., :2, None], truth[..., 2:4, None]
    size = high - low
    middle = (low + high) / 2
    near = torch.maximum(0.22 * size, torch.full_like(size, 0.55) * stride)
    inside = ((x - middle[:, :, 0]).abs() < near[:, :, 0]) & (
        (y - middle[:, :, 1]).abs() < near[:, :, 1]
    )
    large = size.amax(2) > 40
    fits = inside & (large == (stride > 8)) & (truth[..., 4:] >= 0)
    distance = (x - middle[:, :, 0]) ** 2 + (y - middle[:, :, 1]) ** 2
    best = torch.where(fits, distance, torch.inf).min(1)
    return torch.where(best.values.isfinite(), best.indices, -1)


def overlaps(found: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Compute intersection over union of pairs of boxes, and the generalised one (GIoU)."""
    shared = torch.minimum(found[:, 2:], real[:, 2:]) - torch.maximum(found[:, :2], real[:, :2])
    hull = torch.maximum(found[:, 2:], real[:, 2:]) - torch.minimum(found[:, :2], real[:, :2])
    inner = shared.clamp(min=0).prod(1)
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(1) for box in (found, real)]
    union = areas[0] + areas[1] - inner
    overlap = inner / union
    return overlap, overlap - (hull.prod(1) - union) / hull.prod(1)


def binned(logits: Tensor, reach: Tensor) -> Tensor:
    """Hold the distribution of a side to the two bins around it (distribution focal loss)."""
    left = reach.long()
    share = reach - left
    logs = logits.log_softmax(2)
    low = logs.gather(2, left[..., None])[..., 0]
    high = logs.gather(2, left[..., None] + 1)[..., 0]
    return -(low * (1 - share) + high * share).mean()


def digits(steps: int = 900) -> None:
    torch.manual_seed(0)
    network = hard_classifier.HardClassifier()

    def loss(step: int) -> Tensor:
        drawn, labels = hard_classifier.digits(3 * BATCH, seed=1000 + step)
        return functional.cross_entropy(
            network(torch.from_numpy(drawn)), torch.from_numpy(labels), label_smoothing=0.05
        )

    write(fit(network, loss, steps, 4e-3), hard_classifier.CHECKPOINT)
    drawn, labels = hard_classifier.digits(898, seed=1, test=True)
    with torch.no_grad():
        found = hard_classifier.trained()(torch.from_numpy(drawn)).numpy()
    sys.stdout.write(f"top-1 {np.mean(found.argmax(1) == labels):.4f}\n")


def write(network: nn.Module, path: Path) -> None:
    """Write the weights as halves, which is what the networks are then read from."""
    from safetensors.torch import save_file

    save_file({name: x.half() for name, x in network.state_dict().items()}, path)


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"shapes": shapes, "digits": digits}[sys.argv[1]]()
