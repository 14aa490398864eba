"""A small network that reads digits; run this file to train it, once for each of the two specs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from data import PROPERTIES, digits
from safetensors.torch import save_file
from torch import nn

EPOCHS, BATCH = 15, 50


class Reader(nn.Module):
    """Three convolutions, the last two of which halve the picture, and a linear layer."""

    def __init__(self, answers: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, 1, 1), nn.Hardswish()),
            *(nn.Conv2d(16, 24, 3, 2, 1), nn.Hardswish()),
            *(nn.Conv2d(24, 32, 3, 2, 1), nn.Hardswish()),
        )
        # Starts with few features at work, each of a kind of its own.
        with torch.no_grad():
            for layer in (self.features[2], self.features[4]):
                layer.weight.mul_(4)
                layer.bias.fill_(-2)
        self.head = nn.Linear(32 * 2 * 2, answers)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give a logit for each answer: [N, answers]."""
        return self.head(self.features(image).flatten(1))


def build(answers: int = 10) -> nn.Module:
    """Make the network, untrained."""
    return Reader(answers)


def train(network: nn.Module, targets: torch.Tensor, loss: nn.Module, path: Path) -> None:
    """Train for some seconds on one core and write the checkpoint."""
    pictures = np.stack([np.asarray(picture) for picture, _ in digits("train")])
    images = torch.from_numpy(pictures)[:, None] / 127.5 - 1
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(EPOCHS):
        for some in torch.randperm(len(images)).split(BATCH):
            optimizer.zero_grad()
            loss(network(images[some]), targets[some]).backward()
            optimizer.step()
    save_file(network.state_dict(), path)


if __name__ == "__main__":
    folder = Path(__file__).parent
    numbers = torch.tensor([number for _, number in digits("train")])
    several = torch.tensor(
        [[float(number in those) for those in PROPERTIES.values()] for number in numbers.tolist()]
    )
    torch.manual_seed(0)
    train(build(10), numbers, nn.CrossEntropyLoss(), folder / "digits.safetensors")
    train(build(3), several, nn.BCEWithLogitsLoss(), folder / "properties.safetensors")
