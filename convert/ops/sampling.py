"""Reading images at computed places."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Value, activation
from ..lowering.registry import op

SMOOTH = ("linear", "bilinear")


@op("GridSample")
def grid_sample(
    x: AnyValue, grid: AnyValue, *, align_corners: int, mode: str, padding_mode: str
) -> Value:
    """Read x: [N, C, H, W] at grid: [N, h, w, 2] of (x, y) in [-1, 1], as gathers and weights."""
    count, _, *sizes = x.shape
    if None in (count, *sizes):
        raise FreeSize("only images of fixed size are sampled")
    if x.rank != 4 or mode not in (*SMOOTH, "nearest"):
        raise Refused(
            "only images are sampled, from one or four neighbours",
            "use mode linear or nearest on [N, C, H, W]",
            ("mode", mode),
        )
    image = activation(x).arrange((0,), (2,), (3,), (1,))
    places = grid.plain()
    each = [
        _place(places[..., 1 - axis], float(size or 0), bool(align_corners), padding_mode)
        for axis, size in enumerate(sizes)
    ]
    flat = tf.reshape(image, [-1, image.shape[-1]])
    total = sum(
        _tap(flat, corner, (count or 1, *sizes), padding_mode) for corner in _corners(each, mode)
    )
    return Value.laid_out(total, (0, 2, 3, 1))


def _place(t: Tensor, size: float, align_corners: bool, padding_mode: str) -> Tensor:
    """From [-1, 1] to the index of a pixel, inside the image where the padding says so."""
    where = (t + 1.0) * ((size - 1) / 2) if align_corners else ((t + 1.0) * size - 1.0) * 0.5
    if padding_mode == "reflection":
        low, span = (0.0, size - 1) if align_corners else (-0.5, size)
        if not span:
            return tf.zeros_like(where)
        turn = tf.math.floormod(where - low, 2.0 * span)
        where = tf.minimum(turn, 2.0 * span - turn) + low
    if padding_mode != "zeros":
        where = tf.minimum(tf.maximum(where, 0.0), size - 1.0)
    return where


Corner = tuple[Tensor, Tensor, Any]  # row, column, weight


def _corners(places: list[Tensor], mode: str) -> list[Corner]:
    """The pixels to read with their weights."""
    row, column = places
    if mode == "nearest":
        return [(tf.round(row), tf.round(column), None)]
    top, left = tf.floor(row), tf.floor(column)
    down, right = row - top, column - left
    return [
        (
            top + float(i),
            left + float(j),
            (down if i else 1.0 - down) * (right if j else 1.0 - right),
        )
        for i, j in itertools.product((0, 1), repeat=2)
    ]


def _tap(flat: Tensor, corner: Corner, sizes: tuple[Any, ...], padding_mode: str) -> Tensor:
    """One neighbour of every place, weighted; zero outside the image if so wanted."""
    row, column, weight = corner
    count, height, width = sizes
    inside_row = tf.minimum(tf.maximum(row, 0.0), height - 1.0)
    inside_column = tf.minimum(tf.maximum(column, 0.0), width - 1.0)
    start = np.arange(count, dtype=np.int32).reshape(count, 1, 1) * (height * width)
    index = tf.cast(inside_row, tf.int32) * width + tf.cast(inside_column, tf.int32) + start
    value = tf.gather(flat, index, axis=0)
    if padding_mode == "zeros":
        same = tf.logical_and(tf.equal(row, inside_row), tf.equal(column, inside_column))
        shown = tf.cast(same, tf.float32)
        weight = shown if weight is None else weight * shown
    return value if weight is None else value * tf.expand_dims(weight, -1)
