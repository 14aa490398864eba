"""A network that draws a heat map for each point."""

from __future__ import annotations

from torch import Tensor, nn


def _layer(channels: int, width: int, stride: int, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, stride, dilation, dilation, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


class HeatMaps(nn.Module):
    """Says how likely each point lies in each cell of 4×4 pixels: [N, points, H / 4, W / 4]."""

    def __init__(self, width: int, points: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _layer(3, width, 2),
            _layer(width, 2 * width, 2),
            # Wide eyes: a corner's name follows from where the others are.
            *(_layer(2 * width, 2 * width, 1, dilation) for dilation in (1, 2, 4, 1)),
            nn.Conv2d(2 * width, points, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Draw the maps of photos [N, 3, H, W]."""
        maps: Tensor = self.layers(image)
        return maps


def build(width: int = 12, points: int = 4) -> HeatMaps:
    """Make the network without its weights."""
    return HeatMaps(width, points)
