"""Layers with channels at axis 1, added to a random graph; None where one does not fit."""

from __future__ import annotations

import math

import numpy as np
from random_values import MOST_ELEMENTS, Drawn, Graph, spatial


def conv(g: Graph, x: Drawn) -> Drawn | None:
    rank = spatial(x)
    if not rank or x.shape[1] > 16:
        return None
    channels = x.shape[1]
    group = g.pick(*[d for d in (1, 2, channels) if channels % d == 0])
    out = group * int(g.rng.integers(1, 4))
    kernel = [int(g.rng.integers(1, 4)) for _ in range(rank)]
    strides = [g.pick(1, 1, 2) for _ in range(rank)]
    dilations = [g.pick(1, 1, 2) for _ in range(rank)]
    pads = [int(g.rng.integers(0, 3)) for _ in range(2 * rank)]
    sizes = [
        (n + pads[i] + pads[rank + i] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1
        for i, n in enumerate(x.shape[2:])
    ]
    if min(sizes) < 1:
        return None
    inputs = [x, g.normal(out, channels // group, *kernel)]
    if g.chance(0.6):
        inputs.append(g.normal(out))
    return g.node(
        "Conv", inputs, (x.shape[0], out, *sizes), kernel_shape=kernel, strides=strides,
        dilations=dilations, pads=pads, group=group,
    )  # fmt: skip


def conv_transpose(g: Graph, x: Drawn) -> Drawn | None:
    rank = spatial(x)
    if not rank or x.shape[1] > 16 or max(x.shape[2:]) > 40:
        return None
    channels = x.shape[1]
    group = g.pick(*[d for d in (1, 2, channels) if channels % d == 0])
    each = int(g.rng.integers(1, 3))
    kernel = [int(g.rng.integers(1, 5)) for _ in range(rank)]
    strides = [g.pick(1, 2, 3) for _ in range(rank)]
    dilations = [g.pick(1, 1, 2) for _ in range(rank)]
    added = [int(g.rng.integers(0, max(s, d))) if g.chance(0.4) else 0
             for s, d in zip(strides, dilations, strict=True)]  # fmt: skip
    pads = [int(g.rng.integers(0, 2)) for _ in range(2 * rank)]
    sizes = [
        (n - 1) * strides[i] + added[i] + (kernel[i] - 1) * dilations[i] + 1
        - pads[i] - pads[rank + i]
        for i, n in enumerate(x.shape[2:])
    ]  # fmt: skip
    if min(sizes) < 1:
        return None
    inputs = [x, g.normal(channels, each, *kernel)]
    if g.chance(0.6):
        inputs.append(g.normal(each * group))
    return g.node(
        "ConvTranspose", inputs, (x.shape[0], each * group, *sizes), kernel_shape=kernel,
        strides=strides, dilations=dilations, output_padding=added, pads=pads, group=group,
    )  # fmt: skip


def pool(g: Graph, x: Drawn) -> Drawn | None:
    rank = spatial(x)
    if not rank:
        return None
    op = g.pick("MaxPool", "AveragePool")
    kernel = [int(g.rng.integers(1, 4)) for _ in range(rank)]
    strides = [int(g.rng.integers(1, 4)) for _ in range(rank)]
    pads = [int(g.rng.integers(0, k)) if g.chance(0.4) else 0 for k in kernel + kernel]
    ceil = g.pick(0, 0, 1)
    extra = {"count_include_pad": g.pick(0, 1)} if op == "AveragePool" else {}
    if op == "MaxPool" and g.chance(0.2):
        extra["dilations"] = [2] * rank
    dilation = 2 if "dilations" in extra else 1
    sizes = []
    for i, n in enumerate(x.shape[2:]):
        over = n + pads[i] + pads[rank + i] - (kernel[i] - 1) * dilation - 1
        if over < 0:
            return None
        count = (-(-over // strides[i]) if ceil else over // strides[i]) + 1
        if ceil and (count - 1) * strides[i] >= n + pads[i]:
            count -= 1
        sizes.append(count)
    return g.node(
        op, [x], (*x.shape[:2], *sizes), kernel_shape=kernel, strides=strides, pads=pads,
        ceil_mode=ceil, **extra,
    )  # fmt: skip


def global_pool(g: Graph, x: Drawn) -> Drawn | None:
    if not spatial(x):
        return None
    op = g.pick("GlobalAveragePool", "GlobalMaxPool")
    return g.node(op, [x], (*x.shape[:2], *[1] * spatial(x)))


def normalise(g: Graph, x: Drawn) -> Drawn | None:
    if not spatial(x):
        return None
    count = x.shape[1]
    if g.chance(0.5):
        var = g.weight(np.abs(g.rng.normal(size=count)).astype(np.float32) + 0.5)
        own = [g.normal(count), g.normal(count), g.normal(count), var]
        return g.node("BatchNormalization", [x, *own], x.shape)
    if math.prod(x.shape[2:]) < 2:
        return None
    return g.node("InstanceNormalization", [x, g.normal(count), g.normal(count)], x.shape)


def resized(g: Graph, x: Drawn) -> Drawn | None:
    rank = spatial(x)
    if not rank or math.prod(x.shape) > MOST_ELEMENTS // 8:
        return None
    scales = [1.0, 1.0] + [g.pick(1.0, 2.0, 2.0, 0.5, 1.5) for _ in range(rank)]
    shape = [math.floor(n * s) for n, s in zip(x.shape, scales, strict=True)]
    if min(shape) < 1:
        return None
    how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric",
           "nearest_mode": "floor"}  # fmt: skip
    if rank == 2 and g.chance(0.5):
        how = {
            "mode": "linear",
            "coordinate_transformation_mode": g.pick("half_pixel", "align_corners"),
        }
    return g.node("Resize", [x, "", g.weight(np.array(scales, np.float32))], shape, **how)


LAYERS = (conv, conv, conv_transpose, conv_transpose, pool, global_pool, normalise, resized)
