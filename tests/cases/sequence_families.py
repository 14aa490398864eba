"""Heads, decoders and networks over sequences, each small."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_networks import block


class UNet(nn.Module):
    """Up by bilinear interpolation with aligned corners and by transposed convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = block(3, 12, 3, 1, nn.ReLU), block(12, 20, 3, 2, nn.ReLU)
        self.third = block(20, 28, 3, 2, nn.ReLU)
        self.up = nn.ConvTranspose2d(28, 20, 2, 2)
        self.middle = block(40, 12, 3, 1, nn.ReLU)
        self.last = nn.Conv2d(24, 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        first = self.first(image)
        second = self.second(first)
        middle = self.middle(torch.cat([second, self.up(self.third(second))], 1))
        middle = functional.interpolate(middle, scale_factor=2, mode="bilinear", align_corners=True)
        return self.last(torch.cat([first, middle], 1))


class DeepLab(nn.Module):
    """Parallel dilated convolutions and a pooled branch, then up to the picture's size."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = block(3, 16, 3, 4, nn.ReLU)
        self.branches = nn.ModuleList(nn.Conv2d(16, 8, 3, padding=d, dilation=d) for d in (1, 2, 3))
        self.pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 8, 1), nn.ReLU())
        self.head = nn.Conv2d(32, 5, 1)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        x = self.stem(image)
        pooled = functional.interpolate(self.pooled(x), size=x.shape[-2:], mode="bilinear")
        y = self.head(torch.cat([*(branch(x) for branch in self.branches), pooled], 1))
        return {"out": functional.interpolate(y, size=image.shape[-2:], mode="bilinear")}


class SsdHeads(nn.Module):
    """SSD, RetinaNet and FCOS: one row per anchor of every level, classes last."""

    def __init__(self, anchors: int = 3, classes: int = 5) -> None:
        super().__init__()
        self.classes = classes
        self.fine, self.coarse = block(3, 16, 3, 4, nn.ReLU6), block(16, 24, 3, 2, nn.ReLU6)
        self.scores = nn.ModuleList(nn.Conv2d(c, anchors * classes, 1) for c in (16, 24))
        self.boxes = nn.ModuleList(nn.Conv2d(c, anchors * 4, 3, padding=1) for c in (16, 24))

    def rows(self, x: Tensor, columns: int) -> Tensor:
        n, _, h, w = x.shape
        x = x.view(n, -1, columns, h, w).permute(0, 3, 4, 1, 2)
        return x.reshape(n, -1, columns)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        levels = [fine := self.fine(image), self.coarse(fine)]
        scores = [self.rows(h(x), self.classes) for h, x in zip(self.scores, levels, strict=True)]
        boxes = [self.rows(h(x), 4) for h, x in zip(self.boxes, levels, strict=True)]
        return {"scores": torch.cat(scores, 1), "boxes": torch.cat(boxes, 1)}


class YoloDecode(nn.Module):
    """YOLO: pooling pyramid, split stages, and distances decoded from distributions."""

    def __init__(self, classes: int = 3, bins: int = 8) -> None:
        super().__init__()
        self.classes, self.bins = classes, bins
        self.stem, self.down = block(3, 16, 3, 4, nn.SiLU), block(24, 32, 3, 2, nn.SiLU)
        self.split = block(8, 8, 3, 1, nn.SiLU)
        self.fuse = block(64, 16, 1, 1, nn.SiLU)
        self.heads = nn.ModuleList(nn.Conv2d(c, 4 * bins + classes, 1) for c in (40, 16))

    def forward(self, image: Tensor) -> Tensor:
        parts = list(self.stem(image).chunk(2, 1))
        fine = torch.cat([*parts, self.split(parts[1])], 1)
        x = self.down(fine)
        coarse = self.fuse(torch.cat([x, functional.max_pool2d(x, 5, 1, 2)], 1))
        fine = torch.cat([fine, functional.interpolate(coarse, scale_factor=2.0)], 1)
        maps = [head(x) for head, x in zip(self.heads, (fine, coarse), strict=True)]
        n = image.shape[0]
        rows = torch.cat([x.view(n, -1, x.shape[2] * x.shape[3]) for x in maps], 2)
        boxes, scores = rows.split((4 * self.bins, self.classes), 1)
        bins = torch.arange(self.bins, dtype=torch.float32).view(1, 1, -1, 1)
        sides = (boxes.view(n, 4, self.bins, -1).softmax(2) * bins).sum(2)
        before, after = sides.chunk(2, 1)
        return torch.cat([(after - before) / 2, before + after, scores.sigmoid()], 1)


class CenterDecode(nn.Module):
    """CenterNet: peaks by max pooling, the best ten, what other maps hold at their places."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = block(3, 16, 3, 4, nn.ReLU)
        self.heat, self.offset = nn.Conv2d(16, 4, 1), nn.Conv2d(16, 2, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(image)
        heat = self.heat(x).sigmoid()
        heat = heat * (functional.max_pool2d(heat, 3, 1, 1) == heat)
        n, _, h, w = heat.shape
        scores, index = heat.view(n, -1).topk(10)
        place = index % (h * w)
        offset = self.offset(x).view(n, 2, -1).gather(2, place[:, None].expand(-1, 2, -1))
        return scores, index // (h * w), (place // w).float(), (place % w).float(), offset


class Keypoints(nn.Sequential):
    """Deconvolutions to heat maps."""

    def __init__(self) -> None:
        super().__init__(
            block(3, 16, 3, 4, nn.PReLU),
            nn.ConvTranspose2d(16, 12, 4, 2, 1, bias=False),
            nn.BatchNorm2d(12),
            nn.LeakyReLU(0.1),
            nn.ConvTranspose2d(12, 12, 3, 2, 1, output_padding=1, groups=4),
            nn.Conv2d(12, 7, 1),
        )


class Style(nn.Sequential):
    """Instance norms, reflected and repeated borders, pixel shuffle."""

    def __init__(self) -> None:
        super().__init__(
            nn.ReflectionPad2d(3),
            nn.Conv2d(3, 16, 7, 2),
            nn.InstanceNorm2d(16, affine=True),
            nn.ReLU(),
            nn.ReplicationPad2d(1),
            nn.Conv2d(16, 12, 3),
            nn.GroupNorm(3, 12),
            nn.PixelShuffle(2),
            nn.Tanh(),
        )


class AlignedGlyphs(nn.Module):
    """A spatial transformer: the picture read at places that a small network finds."""

    def __init__(self) -> None:
        super().__init__()
        self.locate = nn.Sequential(block(3, 8, 3, 4, nn.ReLU), nn.AdaptiveAvgPool2d((2, 3)))
        self.angles = nn.Linear(48, 6)

    def forward(self, image: Tensor) -> Tensor:
        theta = 0.1 * self.angles(self.locate(image).flatten(1)).view(-1, 2, 3)
        theta = theta + torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
        grid = functional.affine_grid(theta, list(image.shape), align_corners=False)
        return functional.grid_sample(image, grid, align_corners=False)


class Crnn(nn.Module):
    """Text recognition: columns of a feature map through recurrent layers."""

    def __init__(self, recurrent: type[nn.LSTM | nn.GRU]) -> None:
        super().__init__()
        self.features = nn.Sequential(block(3, 8, 3, 4, nn.ReLU), nn.MaxPool2d((10, 2)))
        self.recurrent = recurrent(8, 12, num_layers=2, bidirectional=True)
        self.letters = nn.Linear(24, 9)

    def forward(self, image: Tensor) -> Tensor:
        columns = self.features(image).squeeze(2).permute(2, 0, 1)
        return self.letters(self.recurrent(columns)[0]).log_softmax(2)


class TextEncoder(nn.Module):
    """Tokens embedded, attended with padding masked out, and the first one classified."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(50, width), nn.Embedding(16, width)
        layer = nn.TransformerEncoderLayer(width, 3, 2 * width, batch_first=True, activation="gelu")
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.head(self.layers(x, src_key_padding_mask=tokens == 0)[:, 0])


class Decoder(nn.Module):
    """A causal decoder with rotary positions, RMS norms, gated MLP and tied embeddings."""

    def __init__(self, width: int = 24, heads: int = 3, length: int = 12) -> None:
        super().__init__()
        self.words, self.norm = nn.Embedding(40, width), nn.RMSNorm(width)
        self.heads, depth = heads, width // heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out, self.gate = (nn.Linear(width, width, bias=False) for _ in range(2))
        angles = torch.arange(length)[:, None] * 100.0 ** -(torch.arange(0, depth, 2) / depth)
        angles = torch.cat([angles, angles], 1)
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())

    def rotated(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, -1)
        return x * self.cosine + torch.cat([-second, first], -1) * self.sine

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens)
        n, length, width = x.shape
        qkv = self.qkv(self.norm(x)).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        y = functional.scaled_dot_product_attention(
            self.rotated(q), self.rotated(k), v, is_causal=True
        )
        x = x + self.out(y.transpose(1, 2).reshape(n, length, width))
        x = x + functional.silu(self.gate(self.norm(x)))
        return functional.linear(self.norm(x), self.words.weight) / math.sqrt(width)


class Wave(nn.Sequential):
    """1-D convolutions: strided, dilated, depthwise, grouped, transposed."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv1d(6, 16, 5, 2, 2),
            nn.BatchNorm1d(16),
            nn.GELU(),
            nn.Conv1d(16, 16, 3, padding=2, dilation=2, groups=16),
            nn.Conv1d(16, 24, 3, padding=1, groups=4),
            nn.GLU(1),
            nn.MaxPool1d(2),
            nn.ConvTranspose1d(12, 8, 4, 2, 1),
        )


class Clip(nn.Sequential):
    """3-D convolutions over frames."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv3d(3, 8, 3, (1, 2, 2), 1),
            nn.BatchNorm3d(8),
            nn.ReLU(),
            nn.MaxPool3d(2),
            nn.Conv3d(8, 12, 3, padding=1, groups=2),
            nn.ReLU(),
            nn.AvgPool3d((2, 2, 1)),
            nn.Flatten(),
        )
