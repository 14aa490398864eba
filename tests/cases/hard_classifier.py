"""A trained classifier that is hard for int8: PReLU, SiLU, and channels of very unequal size.

The channels of a trained network are multiplied by factors, and what reads them divided, so that
float outputs stay as they were (`unequal`): one scale per tensor leaves the small channels few
values. It reads handwritten digits (scikit-learn's), enlarged, dimmed and in noise.

`python tests/cases/train_networks.py digits` makes the checkpoint beside this file again.
"""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

HEIGHT, WIDTH = 32, 24
REACH = 3.0
CHECKPOINT = Path(__file__).with_name("hard_classifier.safetensors")


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    )


class Inverted(nn.Module):
    """Widen, convolve each channel, and narrow again; a residual where sizes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        wide = 3 * inputs
        self.residual = inputs == outputs and stride == 1
        self.expand, self.bend = convolution(inputs, wide, 1), nn.PReLU(wide)
        self.depth, self.gate = convolution(wide, wide, 3, stride, wide), nn.SiLU()
        self.project = convolution(wide, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.gate(self.depth(self.bend(self.expand(x))))
        y = self.project(y)
        return x + y if self.residual else y


class HardClassifier(nn.Module):
    """From pictures [N, 1, 32, 24] to logits [N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.bend = convolution(1, 16, 3, 2), nn.PReLU(16)
        self.first = nn.ModuleList([Inverted(16, 16), Inverted(16, 16)])
        self.down = Inverted(16, 24, 2)
        self.second = nn.ModuleList([Inverted(24, 24), Inverted(24, 24)])
        self.last, self.gate = convolution(24, 64, 1), nn.SiLU()
        self.head = nn.Linear(64, 10)

    def forward(self, picture: Tensor) -> Tensor:
        x = self.bend(self.stem(picture))
        for block in (*self.first, self.down, *self.second):
            x = block(x)
        return self.head(self.gate(self.last(x)).mean((2, 3)))


def trained(reach: float = REACH) -> HardClassifier:
    """Build the network with the weights of the checkpoint, which holds halves, made unequal."""
    from safetensors.torch import load_file

    network = HardClassifier()
    network.load_state_dict({name: x.float() for name, x in load_file(CHECKPOINT).items()})
    return unequal(network.eval(), reach)


def unequal(network: HardClassifier, reach: float, seed: int = 0) -> HardClassifier:
    """Multiply channels by 2 to the power of -reach…reach without changing what is computed.

    PReLU takes positive factors through. The channels of one residual stream share their factors.
    """
    network = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)

    def factors(channels: int) -> Tensor:
        return 2 ** (reach * (2 * torch.rand(channels, generator=generator) - 1))

    for stream, entry, writers, readers in _streams(network):
        scale = factors(stream)
        for norm in (entry[1], *(block.project[1] for block in writers)):
            _multiply(norm, scale)
        for layer in readers:
            layer.weight.data /= scale.view(1, -1, 1, 1)
    for block in (*network.first, network.down, *network.second):
        scale = factors(block.bend.num_parameters)
        _multiply(block.expand[1], scale)
        block.depth[0].weight.data /= scale.view(-1, 1, 1, 1)
    return network


def digits(
    count: int, seed: int = 0, *, test: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw pictures [count, 1, 32, 24], 0…1, and their digits [count].

    Of scikit-learn's 1,797 digits every second one is for training, the others are for `test`.
    """
    images, labels = (each[int(test) :: 2] for each in _read())
    rng = np.random.default_rng(seed)
    chosen = np.concatenate([rng.permutation(len(images)) for _ in range(-(-count // len(images)))])
    drawn = np.stack([_placed(images[index], rng) for index in chosen[:count]])
    return drawn[:, np.newaxis].astype(np.float32), labels[chosen[:count]].astype(np.int64)


def metric(outputs: Mapping[str, NDArray], truth: Mapping[str, NDArray]) -> float:
    """Give top-1, 0…1, of outputs and truth by name, each [samples, …] in ONNX order."""
    (logits,) = outputs.values()
    return float((logits.argmax(1) == truth["labels"]).mean())


@functools.cache
def _read() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read all digits [1797, 8, 8], 0…1, and which they are."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.images / 16, data.target


def _streams(network: HardClassifier):
    """Give channels, the first writer, the residual writers and the readers of both streams."""
    second = [block.expand[0] for block in network.second]
    first = [block.expand[0] for block in (*network.first, network.down)]
    yield 16, network.stem, list(network.first), first
    yield 24, network.down.project, list(network.second), [*second, network.last[0]]


def _multiply(norm: nn.BatchNorm2d, scale: Tensor) -> None:
    norm.weight.data *= scale
    norm.bias.data *= scale


def _placed(image: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Enlarge a digit [8, 8] to about 24 × 20 pixels, at any place, dimmed, in noise."""
    height, width = rng.uniform(20, 28), rng.uniform(16, 22)
    top, left = rng.uniform(0, HEIGHT - height), rng.uniform(0, WIDTH - width)
    rows = (np.arange(HEIGHT) + 0.5 - top) / height * 8 - 0.5
    columns = (np.arange(WIDTH) + 0.5 - left) / width * 8 - 0.5
    padded = np.pad(image, 1)
    down = np.array([np.interp(rows + 1, np.arange(10), column) for column in padded.T]).T
    found = np.array([np.interp(columns + 1, np.arange(10), row) for row in down])
    dim, dark = rng.uniform(0.35, 1), rng.uniform(0, 0.3)
    return np.clip(dark + dim * found * (1 - dark) + rng.normal(0, 0.08, found.shape), 0, 1)
