"""A network that reads from left to right, without a recurrent layer."""

from __future__ import annotations

from torch import Tensor, nn


def _layer(channels: int, width: int, stride: int | tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, stride, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


class Reader(nn.Module):
    """Scores each class at each of W / 4 places: [N, places, classes]."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _layer(3, width, 2),
            _layer(width, 2 * width, 2),
            # Down to one row, and no further along it.
            *(_layer(2 * width, 2 * width, (2, 1)) for _ in range(2)),
            nn.Conv2d(2 * width, 4 * width, (2, 5), padding=(0, 2), bias=False),
            nn.BatchNorm2d(4 * width),
            nn.ReLU(),
        )
        self.head = nn.Linear(4 * width, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score strips [N, 3, 32, W]."""
        places: Tensor = self.layers(image).squeeze(2).transpose(1, 2)
        scores: Tensor = self.head(places)
        return scores


def build(width: int = 12, classes: int = 14) -> Reader:
    """Make the network without its weights."""
    return Reader(width, classes)
