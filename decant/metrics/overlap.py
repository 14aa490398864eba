"""Intersection over union of boxes and of quads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def box_overlaps(
    found: NDArray[np.floating], truth: NDArray[np.floating], crowd: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Compare every found box with every true one.

    Args:
        found: [d, 4] xyxy.
        truth: [g, 4] xyxy.
        crowd: [g]; here the overlap is the share of the found box that lies inside (COCO).

    Returns:
        [d, g], 0…1.
    """
    a, b = found.astype(np.float64)[:, np.newaxis], truth.astype(np.float64)[np.newaxis]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.maximum(sides, 0).prod(-1)
    areas = [np.maximum(box[..., 2:] - box[..., :2], 0).prod(-1) for box in (a, b)]
    return _ratio(shared, areas[0], areas[1], crowd)


def quad_overlaps(
    found: NDArray[np.floating], truth: NDArray[np.floating], crowd: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Compare every found quad with every true one, exactly.

    A found quad may be concave. One that crosses itself encloses no page area that a crop could
    be straightened from, so it overlaps nothing.

    Args:
        found: [d, 4, 2] corners xy in order, either way round.
        truth: [g, 4, 2], convex.
        crowd: [g]; here the overlap is the share of the found quad that lies inside.

    Returns:
        [d, g], 0…1.
    """
    shape = (len(found), len(truth), 4, 2)
    a = np.broadcast_to(found.astype(np.float64)[:, np.newaxis], shape).reshape(-1, 4, 2)
    b = np.broadcast_to(truth.astype(np.float64)[np.newaxis], shape).reshape(-1, 4, 2)
    # Near the origin the products below lose no digits to the quads' place on the photo.
    origin = b[:, :1]
    shared = np.abs(signed_areas(_intersect(a - origin, b - origin)))
    shared[_cross_themselves(a)] = 0
    areas = [np.abs(signed_areas(quads - origin)) for quads in (a, b)]
    grid = shape[:2]
    return _ratio(shared.reshape(grid), areas[0].reshape(grid), areas[1].reshape(grid), crowd)


def signed_areas(polygons: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the area of polygons [p, m, 2] (shoelace formula): positive if x turns towards y."""
    return np.asarray(_cross(polygons, np.roll(polygons, -1, axis=1)).sum(1) / 2)


def convex(quad: NDArray[np.float64]) -> bool:
    """Tell whether corners [4, 2] in order turn one way only, but for 1 % of the larger turn."""
    sides = np.roll(quad, -1, axis=0) - quad
    turns = _cross(sides, np.roll(sides, -1, axis=0))
    turns *= np.sign(turns.sum())
    return bool(turns.max() > 0 and turns.min() >= -0.01 * turns.max())


def _ratio(
    shared: NDArray[np.float64],
    found: NDArray[np.float64],
    truth: NDArray[np.float64],
    crowd: NDArray[np.bool_],
) -> NDArray[np.float64]:
    whole = np.where(crowd, found, found + truth - shared)
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _intersect(subjects: NDArray[np.float64], windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clip subjects [p, 4, 2] to convex windows [p, 4, 2]; vertices are repeated to fill rows."""
    backwards = signed_areas(windows) < 0
    windows = np.where(backwards[:, np.newaxis, np.newaxis], windows[:, ::-1], windows)
    clipped = subjects
    for corner in range(4):
        clipped = _clip(clipped, windows[:, corner], windows[:, (corner + 1) % 4])
    return clipped


def _clip(
    polygons: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Keep what lies left of the lines start → end [p, 2] (Sutherland and Hodgman, 1974)."""
    count, corners, _ = polygons.shape
    side = _cross((end - start)[:, np.newaxis], polygons - start[:, np.newaxis])
    following, following_side = np.roll(polygons, -1, axis=1), np.roll(side, -1, axis=1)
    inside = side >= 0
    crosses = inside != (following_side >= 0)
    share = side / np.where(crosses, side - following_side, 1)
    meeting = polygons + share[..., np.newaxis] * (following - polygons)
    points = np.stack((polygons, meeting), axis=2).reshape(count, 2 * corners, 2)
    kept = np.stack((inside, crosses), axis=2).reshape(count, 2 * corners)
    return _packed(points, kept)


def _packed(points: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Move the kept points of each row to its front and repeat the last to the longest row."""
    order = np.argsort(~kept, axis=1, kind="stable")
    counts = kept.sum(1)
    column = np.minimum(np.arange(max(1, counts.max(initial=0))), counts[:, np.newaxis] - 1)
    chosen = np.take_along_axis(order, np.maximum(column, 0), axis=1)
    packed = np.take_along_axis(points, chosen[..., np.newaxis], axis=1)
    packed[counts == 0] = 0
    return packed


def _cross_themselves(quads: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which quads [p, 4, 2] have two opposite sides that meet between their ends."""
    a, b, c, d = (quads[:, corner] for corner in range(4))
    return _segments_cross(a, b, c, d) | _segments_cross(b, c, d, a)


def _segments_cross(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell whether segment ab properly crosses segment cd, points [p, 2]."""
    apart = _cross(b - a, c - a) * _cross(b - a, d - a) < 0
    return apart & (_cross(d - c, a - c) * _cross(d - c, b - c) < 0)
