"""The formula detector: an anchor-free one-stage network at 320x320, as student and as teacher.

Both share one shape: a backbone with features at strides 8, 16 and 32, a top-down FPN, and one head
per level that gives a score logit and four corners for every cell. The student's backbone is of the
MobileNetV3 family (Howard et al. 2019, arXiv:1905.02244); the teacher's is made of dense residual
blocks (He et al. 2016, arXiv:1512.03385), which train several times faster per multiplication on a
CPU than depthwise convolutions do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16, 32)
INPUT_SIZE = 320
OUTPUT_NAMES = tuple(f"{kind}_s{stride}" for stride in STRIDES for kind in ("scores", "corners"))
SCORE_PRIOR = 0.01

Activation = Literal["none", "relu", "hard_swish"]
Role = Literal["student", "teacher"]


@dataclass(frozen=True, slots=True)
class BlockShape:
    """One inverted residual: `expand` channels between the two 1x1 convolutions."""

    expand: int
    out: int
    squeeze: bool
    activation: Activation
    stride: int = 1


# As in MobileNetV3, squeeze-excite starts at stride 8 and hard-swish at stride 16: at larger maps
# they cost time and bring nothing. Kernels stay at 3x3: oneDNN takes 20 times as long for the
# weight gradient of a 5x5 depthwise convolution (6.7 ms against 0.3 for [16, 64, 40, 40]).
STUDENT_STAGES: tuple[tuple[BlockShape, ...], ...] = (
    (BlockShape(72, 24, False, "relu"),),
    (
        BlockShape(96, 40, True, "relu", stride=2),
        BlockShape(120, 40, True, "relu"),
        BlockShape(120, 40, True, "relu"),
    ),
    (
        BlockShape(200, 80, False, "hard_swish", stride=2),
        BlockShape(240, 80, False, "hard_swish"),
        BlockShape(240, 80, False, "hard_swish"),
        BlockShape(400, 96, True, "hard_swish"),
    ),
    (
        BlockShape(480, 128, True, "hard_swish", stride=2),
        BlockShape(512, 128, True, "hard_swish"),
        BlockShape(512, 128, True, "hard_swish"),
    ),
)
STUDENT_FPN_WIDTH = 64

TEACHER_STAGES = ((32, 1), (80, 2), (192, 2), (352, 2))
TEACHER_FPN_WIDTH = 96


def activation(kind: Activation) -> nn.Module:
    """Give the module for an activation's name."""
    if kind == "none":
        return nn.Identity()
    return nn.ReLU(inplace=True) if kind == "relu" else nn.Hardswish(inplace=True)


class Convolution(nn.Conv2d):
    """`nn.Conv2d`, but strided depthwise ones leave bfloat16 autocast while training.

    oneDNN 3.x (torch 2.13) takes 10 to 100 times as long for their bfloat16 input gradient as for
    the float32 one; this can go when it no longer does.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x: [N, C, H, W]."""
        if self.training and self.groups > 1 and self.stride[0] > 1:
            with torch.autocast("cpu", enabled=False):
                return super().forward(x.float())
        return super().forward(x)


class ConvNorm(nn.Sequential):
    """Convolution without bias, BatchNorm, activation; padded so that stride 1 keeps the size."""

    def __init__(
        self,
        channels: tuple[int, int],
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        act: Activation = "relu",
    ) -> None:
        super().__init__(
            Convolution(*channels, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(channels[1]),
            activation(act),
        )


class SqueezeExcite(nn.Module):
    """Scale channels by a gate computed from their means (Hu et al. 2018), hard-sigmoid gated."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(8, channels // 8 // 8 * 8)
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Gate x: [N, C, H, W]."""
        gate = functional.relu(self.reduce(x.mean((2, 3), keepdim=True)))
        return x * functional.hardsigmoid(self.expand(gate))


class InvertedResidual(nn.Module):
    """Expand, depthwise convolution, squeeze-excite, project; plus identity where shapes fit."""

    def __init__(self, channels: int, shape: BlockShape) -> None:
        super().__init__()
        self.expand = ConvNorm((channels, shape.expand), act=shape.activation)
        self.depthwise = ConvNorm(
            (shape.expand, shape.expand),
            3,
            shape.stride,
            groups=shape.expand,
            act=shape.activation,
        )
        self.squeeze = SqueezeExcite(shape.expand) if shape.squeeze else nn.Identity()
        self.project = ConvNorm((shape.expand, shape.out), act="none")
        self.residual = shape.stride == 1 and channels == shape.out

    def forward(self, x: Tensor) -> Tensor:
        """Map x: [N, C, H, W] to [N, out, H / stride, W / stride]."""
        y: Tensor = self.project(self.squeeze(self.depthwise(self.expand(x))))
        return x + y if self.residual else y


class ResidualBlock(nn.Module):
    """Two dense 3x3 convolutions around an identity, projected where the shape changes."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = ConvNorm((channels, out), 3, stride)
        self.second = ConvNorm((out, out), 3, act="none")
        same = stride == 1 and channels == out
        self.shortcut = nn.Identity() if same else ConvNorm((channels, out), 1, stride, act="none")

    def forward(self, x: Tensor) -> Tensor:
        """Map x: [N, C, H, W] to [N, out, H / stride, W / stride]."""
        return functional.relu(self.shortcut(x) + self.second(self.first(x)))


class Backbone(nn.Module):
    """A stem and four stages; gives the features at strides 8, 16 and 32."""

    def __init__(self, stem: nn.Module, stages: list[nn.Module], widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.ModuleList(stages)
        self.widths = widths

    def forward(self, image: Tensor) -> list[Tensor]:
        """Map image: [N, 3, H, W] to three maps, finest first."""
        x = self.stem(image)
        features: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features[1:]


def student_backbone() -> Backbone:
    """Build the MobileNetV3-family backbone."""
    width = 24
    # Two dense convolutions reach stride 4: faster than an expanded depthwise block at 160x160.
    stem = nn.Sequential(ConvNorm((3, 16), 3, 2), ConvNorm((16, width), 3, 2))
    stages: list[nn.Module] = []
    for shapes in STUDENT_STAGES:
        blocks = nn.Sequential()
        for shape in shapes:
            blocks.append(InvertedResidual(width, shape))
            width = shape.out
        stages.append(blocks)
    return Backbone(stem, stages, tuple(shapes[-1].out for shapes in STUDENT_STAGES[1:]))


def teacher_backbone() -> Backbone:
    """Build the dense backbone; the narrow early stages keep the time where the parameters are."""
    width = 24
    stem = ConvNorm((3, width), 3, 2)
    stages: list[nn.Module] = []
    for out, depth in TEACHER_STAGES:
        blocks = nn.Sequential(ResidualBlock(width, out, 2))
        for _ in range(depth - 1):
            blocks.append(ResidualBlock(out, out, 1))
        width = out
        stages.append(blocks)
    return Backbone(stem, stages, tuple(out for out, _ in TEACHER_STAGES[1:]))


def separable(channels: int) -> nn.Sequential:
    """Give a depthwise and a pointwise convolution, each with BatchNorm, one ReLU at the end."""
    return nn.Sequential(
        ConvNorm((channels, channels), 3, groups=channels, act="none"),
        ConvNorm((channels, channels)),
    )


class FeaturePyramid(nn.Module):
    """Top-down FPN (Lin et al. 2017, arXiv:1612.03144); distillation reads its `smooth` maps."""

    def __init__(self, widths: tuple[int, ...], channels: int, *, dense: bool) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(ConvNorm((width, channels), act="none") for width in widths)
        self.smooth = nn.ModuleList(
            ConvNorm((channels, channels), 3) if dense else separable(channels) for _ in widths
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Map three maps, finest first, to three maps of equal width."""
        maps = [lateral(x) for lateral, x in zip(self.lateral, features, strict=True)]
        for level in range(len(maps) - 1, 0, -1):
            above = functional.interpolate(maps[level], scale_factor=2.0, mode="nearest")
            maps[level - 1] = maps[level - 1] + above
        return [smooth(x) for smooth, x in zip(self.smooth, maps, strict=True)]


class Head(nn.Module):
    """Score logit and corner offsets of one level, from two branches of their own."""

    def __init__(self, channels: int, *, dense: bool) -> None:
        super().__init__()
        self.trunk = ConvNorm((channels, channels), 3) if dense else separable(channels)
        self.score_branch = separable(channels)
        self.corner_branch = separable(channels)
        self.score = nn.Conv2d(channels, 1, 1)
        self.corner = nn.Conv2d(channels, 8, 1)
        nn.init.constant_(self.require_bias(self.score), -math.log(1 / SCORE_PRIOR - 1))
        # Corners start as a box of four cells by two around the cell: formulas are wide.
        start = torch.tensor([-2.0, -1.0, 2.0, -1.0, 2.0, 1.0, -2.0, 1.0])
        self.require_bias(self.corner).data.copy_(start)

    @staticmethod
    def require_bias(layer: nn.Conv2d) -> Tensor:
        """Give the layer's bias, which our heads always have."""
        assert layer.bias is not None
        return layer.bias

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map x: [N, C, H, W] to scores [N, 1, H, W] and corners [N, 8, H, W]."""
        x = self.trunk(x)
        return self.score(self.score_branch(x)), self.corner(self.corner_branch(x))


class Detector(nn.Module):
    """Backbone, FPN and one head per stride."""

    def __init__(self, backbone: Backbone, channels: int, *, dense: bool) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = FeaturePyramid(backbone.widths, channels, dense=dense)
        self.heads = nn.ModuleList(Head(channels, dense=dense) for _ in STRIDES)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Detect formulas.

        Args:
            image: [N, 3, 320, 320] float32, RGB, normalised.

        Returns:
            In the order of `OUTPUT_NAMES`, for each stride s: `scores_s{s}` [N, 1, H/s, W/s]
            logits; `corners_s{s}` [N, 8, H/s, W/s], (dx, dy) of the top-left, top-right,
            bottom-right and bottom-left corner from the cell's centre in units of s.
        """
        outputs: dict[str, Tensor] = {}
        maps = self.neck(self.backbone(image))
        for stride, head, x in zip(STRIDES, self.heads, maps, strict=True):
            outputs[f"scores_s{stride}"], outputs[f"corners_s{stride}"] = head(x)
        return outputs


def student() -> Detector:
    """Build the student with random weights."""
    return Detector(student_backbone(), STUDENT_FPN_WIDTH, dense=False)


def teacher() -> Detector:
    """Build the teacher with random weights; over four times the student's parameters."""
    return Detector(teacher_backbone(), TEACHER_FPN_WIDTH, dense=True)


def build(role: Role = "student") -> Detector:
    """Build the model of a role."""
    return student() if role == "student" else teacher()
