"""Photographed pages of school mathematics, one per (split, index)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from decant.contract.decode.quad_grid import envelopes

from .bank import Bank, bank
from .camera import Camera, Points, draw_camera, framed
from .layouts import compose
from .light import SHADOW_DEPTH, desk, expose, from_jpeg, shading, shadow, to_jpeg
from .paper import Rgb
from .sheet import Sheet

#: Photo pixels per page pixel before zoom: a page of 640 becomes a photo of 448.
PHOTO_SCALE = 0.7
#: The detector's input side; heights below are in pixels of a photo shrunk to it.
INPUT_SIDE = 320
#: No formula is lower than this (pixels at `INPUT_SIDE`) …
MIN_HEIGHT = 8.0
#: … or higher than this.
MAX_HEIGHT = 220.0
#: No two formulas have envelopes that overlap more than this (IoU): box NMS could not part them.
MAX_OVERLAP = 0.4

TILTED_DEGREES = 8.0
SHADOWED_SHARE = 0.1
CROWDED_COUNT = 8
SMALL_HEIGHT = 14.0


@dataclass(frozen=True, slots=True)
class Page:
    """One photo with its truth.

    image: [height, width, 3] uint8 RGB, exactly what `jpeg` decodes to. quads: [n, 4, 2] float32
    xy of each formula's corners TL, TR, BR, BL in its own reading frame, in continuous pixel
    coordinates (pixel (i, j) covers [j, j + 1) × [i, i + 1)). kinds, seeds, latex: per formula.
    tags: of "printed", "handwritten", "tilted", "shadowed", "crowded", "small".
    """

    split: str
    index: int
    image: Rgb
    jpeg: bytes
    quads: NDArray[np.float32]
    kinds: tuple[str, ...]
    seeds: tuple[int, ...]
    latex: tuple[str, ...]
    tags: frozenset[str]


def pages(split: str, start: int, count: int) -> Iterator[Page]:
    """Make pages start … start + count − 1 of a split.

    A page depends on (split, index) alone, not on what was made before it or by whom. Splits are
    "train", "calibration", "validation" and "test"; they share no seeds, formulas or digits.

    Raises:
        DataError: There is no such split, or a font or glyph is missing.
    """
    stock = bank(split)
    for index in range(start, start + count):
        yield _page(stock, split, index)


def _page(stock: Bank, split: str, index: int) -> Page:
    rng = np.random.default_rng(stock.split.page_seed(index))
    shot = None
    while shot is None:
        sheet = compose(rng, stock)
        shot = _frame(rng, sheet)
    camera, quads, size = shot
    photo, shaded = _photograph(rng, sheet, camera, size)
    jpeg = to_jpeg(photo, int(rng.integers(36, 76)))
    formulas = [mark.formula for mark in sheet.marks]
    kinds = tuple(formula.kind for formula in formulas)
    return Page(
        split=split,
        index=index,
        image=from_jpeg(jpeg),
        jpeg=jpeg,
        quads=quads,
        kinds=kinds,
        seeds=tuple(formula.seed for formula in formulas),
        latex=tuple(formula.latex for formula in formulas),
        tags=measured_tags(quads, kinds, max(size), shaded),
    )


def measured_tags(
    quads: NDArray[np.float32], kinds: tuple[str, ...], longer_side: int, shaded: float
) -> frozenset[str]:
    """Say which slices a photo belongs to.

    Args:
        quads: [n, 4, 2] corners in photo pixels.
        kinds: "printed" or "handwritten" per formula; a page may be both.
        longer_side: Of the photo, in pixels.
        shaded: Share of the photo's pixels that lie in a shadow.

    Returns:
        The kinds; "tilted" when the median reading direction is off level by `TILTED_DEGREES` or
        more; "shadowed" from `SHADOWED_SHARE`; "crowded" from `CROWDED_COUNT` formulas; "small"
        when the median height at `INPUT_SIDE` is below `SMALL_HEIGHT`.
    """
    tags = set(kinds)
    if shaded >= SHADOWED_SHARE:
        tags.add("shadowed")
    if len(quads) == 0:
        return frozenset(tags)
    if abs(float(np.median(directions(quads)))) >= TILTED_DEGREES:
        tags.add("tilted")
    if len(quads) >= CROWDED_COUNT:
        tags.add("crowded")
    if float(np.median(heights(quads))) * INPUT_SIDE / longer_side < SMALL_HEIGHT:
        tags.add("small")
    return frozenset(tags)


def heights(quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean length of the left and the right edge of quads [n, 4, 2]."""
    left, right = quads[:, 3] - quads[:, 0], quads[:, 2] - quads[:, 1]
    return np.asarray((np.hypot(*left.T) + np.hypot(*right.T)) / 2, np.float32)


def directions(quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """Angle of the reading direction of quads [n, 4, 2], in degrees, clockwise in the photo."""
    along = quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]
    return np.asarray(np.degrees(np.arctan2(along[:, 1], along[:, 0])), np.float32)


def _frame(
    rng: np.random.Generator, sheet: Sheet
) -> tuple[Camera, NDArray[np.float32], tuple[int, int]] | None:
    """Find a camera that sees every formula well; each try is calmer than the one before."""
    page = (sheet.width, sheet.height)
    photo = (round(page[0] * PHOTO_SCALE), round(page[1] * PHOTO_SCALE))
    flat = np.array([mark.quad for mark in sheet.marks], np.float32).reshape(-1, 4, 2)
    for calm in (1.0, 0.8, 0.6, 0.4, 0.2):
        camera = draw_camera(rng, page, calm)
        camera = framed(rng, camera, flat.reshape(-1, 2), page, photo)
        quads = camera.photograph(flat)
        if _legible(quads, max(photo)):
            return camera, quads, photo
    return None


def _legible(quads: NDArray[np.float32], longer_side: int) -> bool:
    if len(quads) == 0:
        return True
    height = heights(quads) * INPUT_SIDE / longer_side
    if height.min() < MIN_HEIGHT or height.max() > MAX_HEIGHT:
        return False
    boxes = envelopes(quads)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    overlap = shared / (area[:, None] + area[None] - shared)
    return bool((overlap - np.eye(len(boxes))).max() <= MAX_OVERLAP)


def _photograph(
    rng: np.random.Generator, sheet: Sheet, camera: Camera, size: tuple[int, int]
) -> tuple[Rgb, float]:
    """Take the photo: its pixels and the share of them that lie in a shadow."""
    width, height = size
    x, y = camera.page_map(width, height)
    photo = flat_photo(sheet, (x, y))
    if rng.random() < 0.45:
        outside = (x < 0) | (y < 0) | (x >= sheet.width) | (y >= sheet.height)
        desk(rng, photo, outside)
    light = shading(rng, camera, x)
    shaded = 0.0
    if rng.random() < 0.36:
        cast = shadow(rng, width, height)
        shaded = float((cast <= 1 - SHADOW_DEPTH).mean())
        light = light * cast
    return expose(rng, photo, light), shaded


def flat_photo(sheet: Sheet, page_map: tuple[Points, Points]) -> Rgb:
    """Fetch the photo's pixels from the page in even light; the paper goes on past its edges."""
    x, y = page_map
    # OpenCV counts from pixel centres, we from pixel corners.
    moved = cv2.remap(
        sheet.pixels, x - 0.5, y - 0.5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)
