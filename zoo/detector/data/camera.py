"""The geometry of a photograph: a bent page, turned, seen in perspective, framed.

Every map has an exact inverse, so that points go forward (page → photo) and pixels are fetched
backward (photo → page) by the same camera.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = NDArray[np.float64]

#: Largest turn of the page, in degrees.
MAX_TURN = 30.0
#: How far the camera is from the page, in half page lengths.
_DISTANCE = 2.6


@dataclass(frozen=True, slots=True)
class Wave:
    """A displacement along one axis by the other: `size · sin(rate · t + phase)`."""

    size: float
    rate: float
    phase: float

    def __call__(self, t: Points) -> Points:
        """Displacement at t, in half page lengths."""
        return np.asarray(self.size * np.sin(self.rate * t + self.phase), np.float32)

    def slope(self, t: Points) -> Points:
        """Its derivative, which the light on the page follows."""
        return np.asarray(self.size * self.rate * np.cos(self.rate * t + self.phase), np.float32)


@dataclass(frozen=True, slots=True)
class Camera:
    """From page pixels to photo pixels: normalise, bend down, bend across, project.

    centre, unit: the page's middle and half its longer side in pixels; down: moves y depending on
    x; across: moves x depending on y; projection: 3 × 3 homography of the bent page.
    """

    centre: tuple[float, float]
    unit: float
    down: Wave
    across: Wave
    projection: Matrix

    def photograph(self, points: Points) -> Points:
        """Map points [..., 2] on the page to the photo."""
        x = (points[..., 0] - self.centre[0]) / self.unit
        y = (points[..., 1] - self.centre[1]) / self.unit
        y = y + self.down(x)
        x = x + self.across(y)
        return projected(self.projection, np.stack([x, y], axis=-1))

    def page_map(self, width: int, height: int) -> tuple[Points, Points]:
        """Say for each photo pixel where on the page its centre lies: x and y, [height, width]."""
        columns = np.arange(width, dtype=np.float32)[None] + np.float32(0.5)
        lines = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)
        m = np.linalg.inv(self.projection).astype(np.float32)
        w = 1 / (m[2, 0] * columns + (m[2, 1] * lines + m[2, 2]))
        x = (m[0, 0] * columns + (m[0, 1] * lines + m[0, 2])) * w
        y = (m[1, 0] * columns + (m[1, 1] * lines + m[1, 2])) * w
        x = x - self.across(y)
        y = y - self.down(x)
        return x * self.unit + self.centre[0], y * self.unit + self.centre[1]


def projected(projection: Matrix, points: Points) -> Points:
    """Apply a homography to points [..., 2]."""
    homogeneous = points @ projection[:, :2].T + projection[:, 2]
    return np.asarray(homogeneous[..., :2] / homogeneous[..., 2:], np.float32)


def draw_camera(rng: np.random.Generator, page: tuple[int, int], calm: float) -> Camera:
    """Draw how the page lies and from where it is seen, not yet framed.

    Args:
        rng: The page's generator.
        page: Width and height of the page in pixels.
        calm: Factor in [0, 1] on every angle and bend.
    """
    turn = _turn(rng) * calm
    pitch, yaw = rng.normal(0, 9, 2).clip(-22, 22) * calm
    bent = rng.random() < 0.55
    sizes = rng.uniform(-0.055, 0.055, 2) * calm * bent * [1.0, 0.4]
    rates, phases = rng.uniform(1.2, 3.0, 2), rng.uniform(0, 2 * np.pi, 2)
    waves = [Wave(*map(float, wave)) for wave in zip(sizes, rates, phases, strict=True)]
    return Camera(
        centre=(page[0] / 2, page[1] / 2),
        unit=max(page) / 2,
        down=waves[0],
        across=waves[1],
        projection=_view(np.radians(turn), np.radians(pitch), np.radians(yaw)),
    )


def framed(
    rng: np.random.Generator,
    camera: Camera,
    content: Points,
    page: tuple[int, int],
    photo: tuple[int, int],
) -> Camera:
    """Zoom and shift a camera so that all content [n, 2] (page pixels) lies inside the photo."""
    corners = np.array([[0, 0], [page[0], 0], [page[0], page[1]], [0, page[1]]], np.float32)
    whole = camera.photograph(corners)
    inner = camera.photograph(content) if len(content) else whole
    low, high = inner.min(axis=0), inner.max(axis=0)
    size = np.array(photo, np.float64)
    margin = rng.uniform(0.012, 0.06) * size.max()
    tightest = float(((size - 2 * margin) / np.maximum(high - low, 1e-6)).min())
    area = abs(_area(whole))
    usual = float(np.sqrt(size[0] * size[1] / area)) * rng.uniform(0.86, 1.22)
    zoom = min(tightest, usual)
    shift = size / 2 - zoom * (whole.mean(axis=0) + rng.normal(0, 0.05, 2) * np.ptp(whole, axis=0))
    shift = np.clip(shift, margin - zoom * low, size - margin - zoom * high)
    frame = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]], [0, 0, 1]])
    return replace(camera, projection=frame @ camera.projection)


def _turn(rng: np.random.Generator) -> float:
    if rng.random() < 0.62:
        return float(np.clip(rng.normal(0, 3.2), -7.5, 7.5))
    return float(rng.choice([-1, 1]) * rng.triangular(8, 10, MAX_TURN))


def _view(turn: float, pitch: float, yaw: float) -> Matrix:
    """Project the page, turned by these angles, onto the photo."""
    (ct, st), (cp, sp), (cy, sy) = ((np.cos(a), np.sin(a)) for a in (turn, pitch, yaw))
    about_z = np.array([[ct, -st, 0], [st, ct, 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rotation = about_z @ about_x @ about_y
    projection = np.eye(3)
    projection[:, :2] = rotation[:, :2]
    projection[2, :2] /= _DISTANCE
    return projection


def _area(quad: Points) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
