"""A small network that says where a disc lies; run this file to train it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from data import HEIGHT, WIDTH, discs
from safetensors.torch import save_file
from torch import nn

PICTURES, EPOCHS, BATCH = 3000, 20, 50


class Locator(nn.Module):
    """Three convolutions that each halve the picture, then one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 12, 3, 2, 1), nn.ReLU()),
            *(nn.Conv2d(12, 16, 3, 2, 1), nn.ReLU()),
            *(nn.Conv2d(16, 16, 3, 2, 1), nn.ReLU()),
        )
        self.head = nn.Linear(16 * (HEIGHT // 8) * (WIDTH // 8), 3)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give x, y and radius in pixels: [N, 3]."""
        return self.head(self.features(image).flatten(1))


def build() -> nn.Module:
    """Make the network, untrained."""
    return Locator()


def train(path: Path) -> None:
    """Train for half a minute on two cores and write the checkpoint."""
    torch.manual_seed(0)
    pages = list(discs("train", 0, PICTURES))
    images = torch.from_numpy(np.stack([page.image for page in pages])).permute(0, 3, 1, 2)
    images = images / 127.5 - 1
    targets = torch.tensor([page.target for page in pages])
    network = Locator()
    optimizer = torch.optim.Adam(network.parameters(), 4e-3)
    steps = EPOCHS * (PICTURES // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    for _ in range(EPOCHS):
        for some in torch.randperm(PICTURES).split(BATCH):
            loss = nn.functional.smooth_l1_loss(network(images[some]), targets[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    save_file(network.state_dict(), path)


if __name__ == "__main__":
    train(Path(__file__).with_name("discs.safetensors"))
