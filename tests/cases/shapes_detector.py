"""A trained detector of shapes whose one output joins boxes in pixels with scores, as YOLO's does.

Its backbone, neck and head are YOLOv8's in small: SiLU, split blocks, a chain of pools, two
strides, sides of boxes as expectations over bins. One scale for that output leaves nothing of the
scores, while the network itself is easy: what int8 loses here is lost by the join.

`python tests/cases/train_networks.py shapes` makes the checkpoint beside this file again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from decant.contract.decode.yolo import YoloRule
from decant.metrics.coco import coco_average_precision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

HEIGHT, WIDTH = 96, 128
# The picture is a photo of 640 pixels at a fifth of its size; boxes are in the photo's pixels.
PHOTO = 5
STRIDES = (8, 16)
LABELS = ("box", "disc", "wedge")
BINS = 8
MOST = 4
CHECKPOINT = Path(__file__).with_name("shapes_detector.safetensors")
RULE = YoloRule(score_threshold=0.01, nms_iou=0.6)


class ConvSilu(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(),
        )


class SplitBlock(nn.Module):
    """Half of the channels take a residual pair of convolutions; all stages are joined (C2f)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.enter = ConvSilu(inputs, outputs)
        self.pair = nn.Sequential(ConvSilu(half, half, 3), ConvSilu(half, half, 3))
        self.leave = ConvSilu(3 * half, outputs)

    def forward(self, x: Tensor) -> Tensor:
        kept, worked = self.enter(x).chunk(2, dim=1)
        return self.leave(torch.cat([kept, worked, worked + self.pair(worked)], 1))


class PoolChain(nn.Module):
    """The same pool one, two and three times over, joined (SPPF)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.enter = ConvSilu(channels, channels // 2)
        self.leave = ConvSilu(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        stages = [self.enter(x)]
        for _ in range(3):
            stages.append(functional.max_pool2d(stages[-1], 5, 1, 2))
        return self.leave(torch.cat(stages, 1))


class Head(nn.Module):
    """Logits of the bins of the four sides, and of the labels, of one stride."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.sides = nn.Sequential(ConvSilu(channels, 32, 3), nn.Conv2d(32, 4 * BINS, 1))
        self.scores = nn.Sequential(ConvSilu(channels, 24, 3), nn.Conv2d(24, len(LABELS), 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.sides(x).flatten(2), self.scores(x).flatten(2)


class ShapesDetector(nn.Module):
    """From a picture [N, 3, 96, 128], 0…1, to [N, 4 + 3, 240].

    Of each place centre, width and height in pixels of the photo, then a score 0…1 per label.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(ConvSilu(3, 16, 3, 2), ConvSilu(16, 24, 3, 2), SplitBlock(24, 24))
        self.fine = nn.Sequential(ConvSilu(24, 40, 3, 2), SplitBlock(40, 40))
        self.coarse = nn.Sequential(ConvSilu(40, 56, 3, 2), SplitBlock(56, 56), PoolChain(56))
        self.merge = SplitBlock(40 + 56, 40)
        self.heads = nn.ModuleList([Head(40), Head(56)])
        self.register_buffer("bins", torch.arange(BINS).float().view(1, 1, BINS, 1))
        self.register_buffer("cells", cells())

    def forward(self, picture: Tensor) -> Tensor:
        sides, scores = self.raw(picture)
        corners = self.corners(sides)
        low, high = corners.chunk(2, dim=1)
        boxes = torch.cat([(low + high) / 2, high - low], 1) * PHOTO
        return torch.cat([boxes, scores.sigmoid()], 1)

    def raw(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Compute logits of sides [N, 4, bins, 240] and of labels [N, 3, 240]."""
        fine = self.fine(self.stem(picture))
        coarse = self.coarse(fine)
        above = functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
        levels = (self.merge(torch.cat([above, fine], 1)), coarse)
        found = [head(level) for head, level in zip(self.heads, levels, strict=True)]
        sides, scores = (torch.cat(each, 2) for each in zip(*found, strict=True))
        return sides.unflatten(1, (4, BINS)), scores

    def corners(self, sides: Tensor) -> Tensor:
        """Turn logits of sides into xyxy in pixels of the picture, [N, 4, 240]."""
        reach = (sides.softmax(2) * self.bins).sum(2) * self.cells[:, 2:]
        centre = self.cells[:, :2]
        return torch.cat([centre - reach[:, :2], centre + reach[:, 2:]], 1)


def cells() -> Tensor:
    """Give centre x and y and the stride of every place, [1, 3, 240], in pixels of the picture."""
    levels = []
    for stride in STRIDES:
        rows, columns = HEIGHT // stride, WIDTH // stride
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        centre = (torch.stack([x, y]).flatten(1) + 0.5) * stride
        levels.append(torch.cat([centre, torch.full((1, rows * columns), float(stride))]))
    return torch.cat(levels, 1)[None]


def trained() -> ShapesDetector:
    """Build the network with the weights of the checkpoint, which holds halves."""
    from safetensors.torch import load_file

    network = ShapesDetector()
    network.load_state_dict({name: x.float() for name, x in load_file(CHECKPOINT).items()})
    return network.eval()


def pictures(count: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw pictures [count, 3, 96, 128], 0…1, and their objects [count, 4, 5].

    An object is its box, xyxy in pixels of the photo, and its label; -1 where there is none. One
    to four shapes of one colour each lie on colours that change slowly, in noise.
    """
    rng = np.random.default_rng(seed)
    drawn = np.empty((count, 3, HEIGHT, WIDTH), np.float32)
    truth = np.full((count, MOST, 5), -1, np.float32)
    for picture, objects in zip(drawn, truth, strict=True):
        picture[:] = _background(rng)
        for place, box in enumerate(_boxes(rng, int(rng.integers(1, MOST + 1)))):
            label = int(rng.integers(len(LABELS)))
            mask = _mask(label, box)
            away = picture[:, mask].mean(1)
            colour = rng.uniform(0, 1, 3)
            while np.abs(colour - away).max() < 0.25:
                colour = rng.uniform(0, 1, 3)
            picture[:, mask] = colour[:, np.newaxis]
            objects[place] = (*(PHOTO * box), label)
        picture += rng.normal(0, 0.04, picture.shape)
    return drawn.clip(0, 1), truth


def average_precision(output: NDArray[np.float32], truth: NDArray[np.float32]) -> dict[str, float]:
    """Compute COCO's figures of outputs [n, 7, 240] against what `pictures` gave."""
    found = RULE.decode({"output0": output}, len(LABELS), [None] * len(output))
    images = []
    for each, objects in zip(found, truth, strict=True):
        real = objects[objects[:, 4] >= 0]
        images.append(
            {
                "found_boxes": each.boxes.astype(np.float64),
                "found_scores": each.scores.astype(np.float64),
                "found_labels": each.labels,
                "true_boxes": real[:, :4].astype(np.float64),
                "true_labels": real[:, 4].astype(np.int64),
                "true_crowd": np.zeros(len(real), np.bool_),
            }
        )
    return coco_average_precision(images, len(LABELS))


def metric(outputs: Mapping[str, NDArray], truth: Mapping[str, NDArray]) -> float:
    """Give AP@[.50:.95], 0…1, of outputs and truth by name, each [samples, …] in ONNX order."""
    (output,) = outputs.values()
    return average_precision(output, truth["objects"])["ap"]


def _background(rng: np.random.Generator) -> NDArray[np.float64]:
    coarse = rng.uniform(0.1, 0.9, (3, 3, 4))
    down, right = np.linspace(0, 2, HEIGHT), np.linspace(0, 3, WIDTH)
    rows = np.array([[np.interp(right, np.arange(4), row) for row in plane] for plane in coarse])
    return np.array([np.array([np.interp(down, np.arange(3), c) for c in p.T]).T for p in rows])


def _boxes(rng: np.random.Generator, count: int) -> list[NDArray[np.float64]]:
    """Draw boxes xyxy that overlap little; fewer where there is no room."""
    kept: list[NDArray[np.float64]] = []
    for _ in range(4 * count):
        width, height = np.exp(rng.uniform(np.log(12), np.log(56), 2))
        height = min(height, 2.2 * width)
        width = min(width, 2.2 * height)
        x, y = rng.uniform(1, WIDTH - 1 - width), rng.uniform(1, HEIGHT - 1 - height)
        box = np.array([x, y, x + width, y + height])
        if len(kept) < count and all(_shared(box, other) < 0.1 for other in kept):
            kept.append(box)
    return kept


def _shared(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Compute the share of the smaller box that lies in the other."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return float(sides.clip(0).prod() / min((each[2:] - each[:2]).prod() for each in (one, other)))


def _mask(label: int, box: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which pixels' centres lie in a shape that fills its box."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    u, v = (x - box[0]) / (box[2] - box[0]), (y - box[1]) / (box[3] - box[1])
    inside = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
    if LABELS[label] == "disc":
        return np.asarray((u - 0.5) ** 2 + (v - 0.5) ** 2 <= 0.25)
    if LABELS[label] == "wedge":
        return np.asarray(inside & (np.abs(u - 0.5) <= v / 2))
    return np.asarray(inside)
