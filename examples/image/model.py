"""A network that doubles the size of a picture, and what trains it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Doubler(nn.Module):
    """Adds detail to a picture enlarged bilinearly: [N, 3, H, W] → [N, 3, 2 H, 2 W], 0…1.

    The convolutions work at the small size (W. Shi et al., "Real-Time Single Image and Video
    Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.detail = nn.Sequential(
            nn.Conv2d(3, width, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Enlarge pictures of values 0…1."""
        large = functional.interpolate(
            image, scale_factor=2.0, mode="bilinear", align_corners=False
        )
        return large + torch.as_tensor(self.detail(image - 0.5))


def build(width: int = 24) -> Doubler:
    """Make the network without its weights."""
    return Doubler(width)
