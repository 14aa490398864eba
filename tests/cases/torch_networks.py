"""Small PyTorch networks whose statistics come from data, so that outputs follow inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

SIZE = (3, 40, 56)  # channels, height, width: all different


def block(inputs: int, outputs: int, kernel: int, stride: int, act: type[nn.Module], groups=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        act(),
    )


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, channels // 4, 1),
            nn.ReLU(),
            nn.Conv2d(channels // 4, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, x):
        return x * self.gate(x)


class Residual(nn.Module):
    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        wide = 3 * channels
        self.expand = block(channels, wide, 1, 1, nn.Hardswish)
        self.depth = block(wide, wide, kernel, 1, nn.Hardswish, groups=wide)
        self.excite = SqueezeExcite(wide)
        self.project = block(wide, channels, 1, 1, nn.Identity)

    def forward(self, x):
        return x + self.project(self.excite(self.depth(self.expand(x))))


class MobileDetector(nn.Module):
    """A backbone of the MobileNetV3 family with score and corner heads on two levels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = block(3, 16, 3, 2, nn.Hardswish)
        self.fine = nn.Sequential(block(16, 24, 3, 2, nn.ReLU), Residual(24, 3))
        self.coarse = nn.Sequential(block(24, 32, 3, 2, nn.ReLU), Residual(32, 5))
        self.lateral = nn.Conv2d(32, 24, 1)
        self.scores = nn.Conv2d(24, 1, 1)
        self.corners = nn.Conv2d(24, 8, 3, padding=1)

    def forward(self, image):
        fine = self.fine(self.stem(image))
        coarse = self.coarse(fine)
        above = nn.functional.interpolate(self.lateral(coarse), scale_factor=2.0, mode="nearest")
        merged = fine + above
        return {"scores": self.scores(merged), "corners": self.corners(merged), "level": coarse}


class VisionTransformer(nn.Module):
    """Patches, two blocks of attention and MLP written out, and a classifier."""

    def __init__(self, width: int = 24, heads: int = 3) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 8, 8)
        self.blocks = nn.ModuleList(AttentionBlock(width, heads) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 5)

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        for each in self.blocks:
            x = each(x)
        return self.head(self.norm(x).mean(1))


class AttentionBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x):
        n, tokens, width = x.shape
        packed = self.qkv(self.norm1(x)).reshape(n, tokens, 3, self.heads, width // self.heads)
        q, k, v = packed.permute(2, 0, 3, 1, 4).unbind(0)
        attention = ((q @ k.transpose(-2, -1)) * self.scale).softmax(-1)
        x = x + self.out((attention @ v).transpose(1, 2).reshape(n, tokens, width))
        return x + self.mlp(self.norm2(x))


def settled(network: nn.Module, seed: int = 0) -> nn.Module:
    """Draw weights and scales, take BatchNorm statistics from pictures, and switch to inference."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in network.named_parameters():
        with torch.no_grad():
            if parameter.ndim > 1:
                fan = parameter[0].numel()
                parameter.normal_(0.0, fan**-0.5, generator=generator)
            elif name.endswith("weight"):
                parameter.uniform_(0.5, 1.5, generator=generator)
            else:
                parameter.uniform_(-0.2, 0.2, generator=generator)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    with torch.no_grad():
        network.train()(torch.from_numpy(pictures(8, seed=99)))
    return network.eval()


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Draw [count, 3, 40, 56] float32: smooth colour fields of different brightness."""
    rng = np.random.default_rng(seed)
    channels, height, width = SIZE
    coarse = rng.normal(size=(count, channels, height // 8, width // 8))
    smooth = coarse.repeat(8, 2).repeat(8, 3) + rng.normal(size=(count, 1, 1, 1))
    return (smooth + 0.2 * rng.normal(size=smooth.shape)).astype(np.float32)


def compared(network: nn.Module, sample: dict[str, np.ndarray], folder: Path):
    """Export a network and compare it with its file, as a conversion does."""
    from decant.convert.export.pytorch import TensorsOnly
    from decant.convert.export.to_onnx import to_onnx
    from decant.convert.verify.exported import expected_of
    from decant.convert.verify.oracle import Model, Oracle

    path = folder / "net.onnx"
    to_onnx(network, {name: torch.from_numpy(x) for name, x in sample.items()}, path)
    oracle = Oracle(Model(path, TensorsOnly(network, tuple(sample)), exported=True))
    names = [value.name for value in onnx.load(path).graph.output]
    return expected_of(oracle, [sample], names, 1e-4)
