"""A small detector with a raw output as YOLOv8 has it; run this file to train it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from data import HEIGHT, LABELS, WIDTH, shapes
from safetensors.torch import save_file
from torch import Tensor, nn

if TYPE_CHECKING:
    from types import SimpleNamespace

PICTURES, EPOCHS, BATCH = 2000, 24, 50
CELL = 8
ROWS, COLUMNS = HEIGHT // CELL, WIDTH // CELL


class Detector(nn.Module):
    """Four convolutions, then one that gives each cell a box and a score for every label."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU()),
            *(nn.Conv2d(16, 24, 3, 2, 1), nn.ReLU()),
            *(nn.Conv2d(24, 32, 3, 2, 1), nn.ReLU()),
            *(nn.Conv2d(32, 32, 5, 1, 2), nn.ReLU()),
        )
        self.head = nn.Conv2d(32, 4 + len(LABELS), 1)
        y, x = torch.meshgrid(torch.arange(ROWS), torch.arange(COLUMNS), indexing="ij")
        self.register_buffer("centres", torch.stack([x, y])[None] + 0.5, persistent=False)
        scale = torch.tensor([COLUMNS, ROWS]).reshape(1, 2, 1, 1)
        self.register_buffer("scale", 1 / scale, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Give centre and size as fractions of the picture, and scores: [N, 4 + labels, cells]."""
        raw = self.head(self.features(image))
        centre = (self.centres + raw[:, :2]) * self.scale
        # No side is longer than six cells.
        size = torch.sigmoid(raw[:, 2:4]) * 6 * self.scale
        return torch.cat([centre, size, torch.sigmoid(raw[:, 4:])], 1).flatten(2)


def build() -> nn.Module:
    """Make the network, untrained."""
    return Detector()


def targets(page: SimpleNamespace) -> tuple[Tensor, Tensor, Tensor]:
    """Give each cell the object whose middle lies nearest: boxes, labels, and how near it is."""
    boxes = torch.tensor(page.boxes) / CELL
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    y, x = torch.meshgrid(torch.arange(ROWS), torch.arange(COLUMNS), indexing="ij")
    cells = torch.stack([x, y], -1).reshape(-1, 1, 2) + 0.5
    far, nearest = ((cells - centre) / size).abs().amax(-1).min(1)
    there = (1 - 2 * far).clamp(min=0)
    scale = torch.tensor([COLUMNS, ROWS])
    found = torch.cat([centre / scale, size / scale], 1)[nearest].T
    labels = torch.tensor([LABELS.index(name) for name in page.labels])[nearest]
    wanted = nn.functional.one_hot(labels, len(LABELS)).T * (there > 0.45)
    return found, wanted.float(), (there > 0.3).float()


def train(path: Path) -> None:
    """Train for a few minutes on two cores and write the checkpoint."""
    torch.manual_seed(0)
    pages = list(shapes("train", 0, PICTURES))
    images = torch.from_numpy(np.stack([page.image for page in pages])).permute(0, 3, 1, 2)
    images = images / 127.5 - 1
    boxes, labels, near = (torch.stack(each) for each in zip(*map(targets, pages), strict=True))
    network = Detector()
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    steps = EPOCHS * (PICTURES // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, steps)
    for _ in range(EPOCHS):
        for some in torch.randperm(PICTURES).split(BATCH):
            found = network(images[some])
            off = (found[:, :4] - boxes[some]).abs().sum(1) * near[some]
            scores = nn.functional.binary_cross_entropy(found[:, 4:], labels[some])
            loss = 10 * off.sum() / near[some].sum() + 10 * scores
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    save_file(network.state_dict(), path)


if __name__ == "__main__":
    train(Path(__file__).with_name("shapes.safetensors"))
