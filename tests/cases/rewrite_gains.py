"""Converts networks without each rewrite that applies to them, and prints what that costs.

The figures in `docs/reference/rewrites.md` are what `python tests/cases/rewrite_gains.py` printed:
operators of the file, and its time over that of the file with every rewrite, one thread, both in
turn, the median of all rounds with its quartiles. The networks are exported as they are written,
without what the exporter itself would optimise.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch_networks import MobileDetector, VisionTransformer, settled

from decant.convert import ConvertReport, to_tflite
from decant.errors import UnsupportedOp
from decant.runtime import LiteRtModel

ROUNDS = 200
HEIGHT, WIDTH = 160, 224


class ChannelsLastBlock(nn.Module):
    """A block of the ConvNeXt family: depthwise, LayerNorm over channels, two linear layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depth = nn.Conv2d(width, width, 7, 1, 3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        y = self.mlp(self.norm(self.depth(x).permute(0, 2, 3, 1))) * self.scale
        return x + y.permute(0, 3, 1, 2)


def networks() -> dict[str, nn.Module]:
    """Of three families, with weights that make answers follow inputs."""
    stem = nn.Sequential(nn.Conv2d(3, 32, 4, 4), nn.GroupNorm(4, 32), nn.SiLU())
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 5))
    return {
        "detector": settled(MobileDetector()),
        "transformer": settled(VisionTransformer(96, 3)),
        "ConvNeXt": settled(nn.Sequential(stem, *(ChannelsLastBlock(32) for _ in range(2)), head)),
    }


def exported(network: nn.Module, file: Path) -> Path:
    torch.onnx.export(
        network,
        (torch.from_numpy(picture(0)),),
        file,
        input_names=["image"],
        opset_version=18,
        optimize=False,
        verbose=False,
    )
    return file


def picture(seed: int) -> np.ndarray:
    shape = (1, 3, HEIGHT, WIDTH)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def converted(file: Path, folder: Path, without: tuple[str, ...] = ()) -> ConvertReport:
    inputs = {"image": np.concatenate([picture(0), picture(1)])}
    return to_tflite(file, folder, inputs=inputs, tolerance=1e-3, without=without)


def ratio(other: ConvertReport, usual: ConvertReport) -> str:
    """Time of one file over another's."""
    models = [LiteRtModel(each.tflite, each.inputs, each.outputs) for each in (other, usual)]
    sample = {"image": picture(2)}
    ratios = [_seconds(models[0], sample) / _seconds(models[1], sample) for _ in range(ROUNDS)]
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _seconds(model: LiteRtModel, sample: dict[str, np.ndarray]) -> float:
    start = time.perf_counter()
    model.run(sample)
    return time.perf_counter() - start


def rows(folder: Path):
    yield "| rewrite | network | operators with it | without it | time without it ÷ with it |"
    yield "|---|---|---|---|---|"
    for name, network in networks().items():
        file = exported(network, folder / f"{name}.onnx")
        usual = converted(file, folder / name)
        count = sum(usual.op_histogram.values())
        for rewrite in usual.rewrites:
            without = folder / f"{name}-{rewrite.name}"
            try:
                other = converted(file, without, (rewrite.name,))
            except UnsupportedOp:
                yield f"| `{rewrite.name}` | {name} | {count} | refused | |"
                continue
            operators = sum(other.op_histogram.values())
            yield f"| `{rewrite.name}` | {name} | {count} | {operators} | {ratio(other, usual)} |"


def main() -> None:
    """Print a row per network and rewrite."""
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder)):
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
