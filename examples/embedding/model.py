"""A small network that gives a vector per picture; run this file to train it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from data import HEIGHT, SEEN, WIDTH, patterns
from safetensors.torch import save_file
from torch import nn

PICTURES, EPOCHS, BATCH, SIZE = 2000, 12, 50, 24
SHARPNESS = 12.0
"""What a cosine is multiplied by before the softmax."""


class Embedder(nn.Module):
    """Three convolutions that each halve the picture, then means of its parts, then a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 12, 3, 2, 1), nn.Hardswish()),
            *(nn.Conv2d(12, 24, 3, 2, 1), nn.Hardswish()),
            *(nn.Conv2d(24, 32, 3, 2, 1), nn.Hardswish()),
            nn.AvgPool2d(2),
        )
        # Starts with few features at work, each of a kind of its own.
        with torch.no_grad():
            for layer in (self.features[2], self.features[4]):
                layer.weight.mul_(6)
                layer.bias.fill_(-3)
        self.head = nn.Linear(32 * (HEIGHT // 16) * (WIDTH // 16), SIZE)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give a vector of any length: [N, 24]."""
        return self.head(self.features(image).flatten(1))


def build() -> nn.Module:
    """Make the network, untrained."""
    return Embedder()


def train(path: Path) -> None:
    """Train half a minute on one core to name the identities of "train", and write the checkpoint.

    Each has a vector of its own, and the cosine with it is what names it (Wang et al. 2017,
    "NormFace"); these vectors are not kept.
    """
    torch.manual_seed(0)
    pages = list(patterns("train", 0, PICTURES))
    images = torch.from_numpy(np.stack([page.image for page in pages])).permute(0, 3, 1, 2)
    images = images / 127.5 - 1
    identities = torch.arange(PICTURES) // SEEN
    network = Embedder()
    own = nn.Parameter(torch.randn(PICTURES // SEEN, SIZE))
    weights = [*network.parameters(), own]
    optimizer = torch.optim.Adam(weights)
    steps = EPOCHS * (PICTURES // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, steps)
    for _ in range(EPOCHS):
        for some in torch.randperm(PICTURES).split(BATCH):
            found = nn.functional.normalize(network(images[some]))
            cosines = found @ nn.functional.normalize(own).T
            loss = nn.functional.cross_entropy(SHARPNESS * cosines, identities[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    save_file(network.state_dict(), path)


if __name__ == "__main__":
    train(Path(__file__).with_name("patterns.safetensors"))
