"""Quads and pixels go through the same camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from decant.zoo.detector.data.bank import Bank, Split, bank
from decant.zoo.detector.data.boxes import scaled
from decant.zoo.detector.data.camera import Wave, draw_camera, framed
from decant.zoo.detector.data.layouts import compose
from decant.zoo.detector.data.page import flat_photo, heights
from decant.zoo.detector.data.sheet import Sheet


@pytest.fixture(scope="module")
def stock():
    """A stock of three formulas of each kind, of no split's seeds."""
    return Bank(Split(90_000_000, (0, 16), 5, 8, 10))


@pytest.mark.parametrize("seed", range(12))
def test_the_camera_maps_back_what_it_maps_forth(seed):
    rng = np.random.default_rng(seed)
    camera = _camera(rng, np.array([[100, 100], [500, 300]], np.float32))
    x, y = camera.page_map(448, 336)
    again = camera.photograph(np.stack([x, y], axis=-1))
    columns, lines = np.meshgrid(np.arange(448) + 0.5, np.arange(336) + 0.5)
    on_page = (x > 0) & (x < 640) & (y > 0) & (y < 480)
    # float32 in half page lengths: a hundredth of a pixel is what is left of it.
    assert np.abs(again - np.stack([columns, lines], axis=-1))[on_page].max() < 0.02


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("kind", ["printed", "handwritten"])
def test_ink_touches_every_side_of_its_quad_on_the_bent_page(stock, seed, kind):
    flat, _, on_page = _photographed(stock, seed, kind, bent=True)
    # A photo pixel spans about two pixels of the page, and its ink may lie at either end.
    assert (np.abs(_inside(flat, on_page).min(axis=0)) < 2.5).all()


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("kind", ["printed", "handwritten"])
def test_ink_lies_in_its_quad_in_the_photo_of_a_flat_page(stock, seed, kind):
    flat, camera, on_page = _photographed(stock, seed, kind, bent=False)
    inside = _inside(camera.photograph(flat), camera.photograph(on_page))
    assert inside.min() > -1.0


def test_a_bent_formula_stays_near_its_quad():
    """The straight edges between the corners miss the bent ones by little of the height."""
    missed = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sheet = compose(rng, bank("calibration"))
        content = np.array([mark.quad for mark in sheet.marks], np.float32).reshape(-1, 4, 2)
        camera = _camera(rng, content.reshape(-1, 2))
        middle = camera.photograph((content[:, 0] + content[:, 1]) / 2)
        corners = camera.photograph(content)
        straight = (corners[:, 0] + corners[:, 1]) / 2
        sides = corners[:, 1] - corners[:, 0]
        away = (middle - straight) @ np.array([[0, -1], [1, 0]])
        missed.extend(np.abs((away * sides).sum(axis=1)) / np.hypot(*sides.T) / heights(corners))
    assert len(missed) > 150
    assert np.percentile(missed, 95) < 0.2


@pytest.mark.parametrize("angle", [0.0, 7.0, -12.5])
def test_a_turned_box_lies_in_its_returned_corners(stock, angle):
    sheet = Sheet(np.full((600, 900, 3), 255, np.uint8))
    box = stock.printed(1).box
    quad = sheet.ink(box, (80, 200), (0, 0, 0), angle)
    points = np.argwhere(sheet.pixels.min(axis=2) < 160)[:, ::-1] + 0.5
    assert (np.abs(_inside(quad, points).min(axis=0)) < 1.0).all()
    assert np.linalg.norm(quad[1] - quad[0]) == pytest.approx(box.width, abs=0.01)
    along = quad[1] - quad[0]
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(angle, abs=0.01)


def test_all_content_is_framed():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        content = rng.uniform([0, 0], [640, 480], (12, 2)).astype(np.float32)
        seen = _camera(rng, content).photograph(content)
        assert (seen >= 0).all()
        assert (seen <= [448, 336]).all()


def _camera(rng, content):
    camera = draw_camera(rng, (640, 480), 1.0)
    return framed(rng, camera, content, (640, 480), (448, 336))


def _photographed(stock, seed, kind, *, bent):
    """Photograph one formula: its quad on the page, the camera, where on the page ink is seen."""
    rng = np.random.default_rng(seed)
    formula = stock.printed(seed) if kind == "printed" else stock.handwritten(seed)
    box = scaled(formula.box, min(1.0, 500 / formula.box.width))
    sheet = Sheet(np.full((480, 640, 3), 255, np.uint8))
    angle = 0.0 if kind == "printed" else float(rng.uniform(-4, 4))
    flat = sheet.write(formula, box, (60, 120), ((0, 0, 0), angle))
    camera = draw_camera(rng, (640, 480), 1.0)
    if not bent:
        level = Wave(0.0, 1.0, 0.0)
        camera = replace(camera, down=level, across=level)
    camera = framed(rng, camera, flat, (640, 480), (448, 336))
    x, y = camera.page_map(448, 336)
    ink = flat_photo(sheet, (x, y)).min(axis=2) < 160
    return flat, camera, np.stack([x[ink], y[ink]], axis=1)


def _inside(quad, points):
    """Distance of each point [n, 2] inward from each side of the quad: [n, 4]."""
    sides = np.roll(quad, -1, axis=0) - quad
    normals = np.stack([-sides[:, 1], sides[:, 0]], axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return np.einsum("psk,sk->ps", points[:, None] - quad[None], normals)
