"""A U-Net of three levels, small enough to be trained in a minute."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Sequential):
    """Convolution, batch norm and ReLU, twice."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )


class UNet(nn.Module):
    """Scores every pixel for every label: [N, 3, H, W] → [N, labels, H, W]."""

    def __init__(self, width: int, labels: int) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(
            [Block(3, width), Block(width, 2 * width), Block(2 * width, 4 * width)]
        )
        self.decoders = nn.ModuleList([Block(6 * width, 2 * width), Block(3 * width, width)])
        self.head = nn.Conv2d(width, labels, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Score the pixels of photos [N, 3, H, W]."""
        first = self.encoders[0](image)
        second = self.encoders[1](functional.max_pool2d(first, 2))
        x = self.encoders[2](functional.max_pool2d(second, 2))
        for decoder, skip in zip(self.decoders, (second, first), strict=True):
            x = functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = decoder(torch.cat((x, skip), 1))
        scores: Tensor = self.head(x)
        return scores


def build(width: int = 8, labels: int = 3) -> UNet:
    """Make the network without its weights."""
    return UNet(width, labels)
