"""Overlaps of boxes and quads against drawings of them."""

from __future__ import annotations

import numpy as np
import pytest
from detection_cases import corners

from decant.metrics import box_overlaps, quad_overlaps

GRID = 500
DRAWING_ERROR = 0.01
"""A shape some 40 units wide has a fringe of about 1 % of its area at 0.2 units a cell."""

SQUARE = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])


def drawn(quad):
    """Tell which cells of a 100×100 square lie inside a simple polygon (even-odd rule)."""
    centres = (np.arange(GRID) + 0.5) * 100 / GRID
    x, y = np.meshgrid(centres, centres)
    inside = np.zeros((GRID, GRID), bool)
    for (x0, y0), (x1, y1) in zip(quad, np.roll(quad, -1, 0), strict=True):
        spans = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= spans & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside


def random_quad(rng, wobble):
    """Turn a rectangle and move its corners; with a wobble of 0.2 it stays convex."""
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    half = rng.uniform(12, 25, 2)
    quad = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) + rng.uniform(-wobble, wobble, (4, 2))
    return (quad * half) @ turn.T + rng.uniform(38, 62, 2)


def overlap(found, truth, crowd=False):
    return float(quad_overlaps(np.array([found]), np.array([truth]), np.array([crowd]))[0, 0])


def test_random_quads_overlap_as_drawn():
    rng = np.random.default_rng(0)
    found = np.stack([random_quad(rng, 0.2) for _ in range(12)])
    truth = np.stack([random_quad(rng, 0.2) for _ in range(9)])
    computed = quad_overlaps(found, truth, np.zeros(9, bool))
    pictures = [drawn(quad) for quad in found], [drawn(quad) for quad in truth]
    expected = [[(a & b).sum() / (a | b).sum() for b in pictures[1]] for a in pictures[0]]
    assert np.ptp(expected) > 0.4
    np.testing.assert_allclose(computed, expected, atol=DRAWING_ERROR)


def test_either_way_round():
    rng = np.random.default_rng(1)
    found, truth = random_quad(rng, 0.2), random_quad(rng, 0.2)
    one = overlap(found, truth)
    assert one > 0.1
    assert overlap(found[::-1], truth) == pytest.approx(one, abs=1e-12)
    assert overlap(found, truth[::-1]) == pytest.approx(one, abs=1e-12)


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("far", [0.0, 4000.0])
def test_equal_quads_overlap_wholly(angle, far):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    quad = SQUARE @ turn.T + far
    assert overlap(quad, quad) == pytest.approx(1, abs=1e-9)
    assert overlap(np.roll(quad, 1, 0), quad) == pytest.approx(1, abs=1e-9)


def test_concave_detection_counts_its_own_area():
    arrow = np.array([[0.0, 0], [10, 0], [2, 2], [0, 10]])
    shared = (drawn(arrow * 10) & drawn(SQUARE * 10)).mean()
    assert overlap(arrow, SQUARE) == pytest.approx(shared, abs=DRAWING_ERROR)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(SQUARE[[0, 2, 1, 3]], 0, id="crosses itself"),
        pytest.param(SQUARE + 20, 0, id="apart"),
        pytest.param(SQUARE + np.array([10, 0]), 0, id="side by side"),
        pytest.param(SQUARE[[0, 1, 1, 0]], 0, id="flat"),
        pytest.param(SQUARE[[0, 1, 2, 2]], 0.5, id="triangle"),
        pytest.param(SQUARE / 2, 0.25, id="inside"),
        pytest.param(SQUARE * 2, 0.25, id="around"),
    ],
)
def test_special_quads(found, expected):
    assert overlap(found, SQUARE) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", ["boxes", "quads"])
def test_in_a_crowd_the_share_inside_counts(kind):
    found, crowd = np.array([[0.0, 0, 10, 4]]), np.array([[5.0, 0, 90, 90]])
    if kind == "quads":
        found, crowd = corners(found), corners(crowd)
    compare = quad_overlaps if kind == "quads" else box_overlaps
    assert compare(found, crowd, np.array([True]))[0, 0] == pytest.approx(0.5)
    assert compare(found, crowd, np.array([False]))[0, 0] < 0.01


@pytest.mark.parametrize(("found", "truth"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_compare(found, truth):
    quads = np.broadcast_to(SQUARE, (3, 4, 2))
    assert quad_overlaps(quads[:found], quads[:truth], np.zeros(truth, bool)).shape == (
        found,
        truth,
    )
