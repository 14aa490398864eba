"""What light, lens and sensor do to a photo: shading, shadows, desk, blur, noise, JPEG."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import Camera, Points
from .paper import Rgb

Field: TypeAlias = NDArray[np.float32]

#: A pixel is in shadow when a shadow takes at least this share of its light.
SHADOW_DEPTH = 0.2


def desk(rng: np.random.Generator, photo: Rgb, outside: NDArray[np.bool_]) -> None:
    """Paint what lies around the page, with a grain, where `outside` [h, w] says so."""
    height, width = outside.shape
    base = rng.uniform(30, 210) * rng.uniform([0.85, 0.7, 0.5], [1.0, 1.0, 1.0])
    coarse = rng.normal(0, rng.uniform(2, 16), (int(rng.integers(3, 40)), int(rng.integers(3, 40))))
    grain = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    photo[outside] = np.clip(base + grain[outside][:, None], 0, 255).astype(np.uint8)


def shading(rng: np.random.Generator, camera: Camera, across: Points) -> Field:
    """Light of a lamp to one side, and the page's bend in it; across: page x per pixel."""
    height, width = across.shape
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.16)
    light = 1 - strength * (1 + x * np.cos(angle) + y * np.sin(angle))
    vignette = 1 - rng.uniform(0, 0.1) * (x * x + y * y)
    bend = 1 + rng.uniform(0.5, 1.6) * camera.down.slope((across - camera.centre[0]) / camera.unit)
    return np.asarray(light * vignette * np.clip(bend, 0.75, 1.15), np.float32)


def shadow(rng: np.random.Generator, width: int, height: int) -> Field:
    """Cast the shadow of a hand, a phone or an edge: factors [height, width] in (0, 1]."""
    small = np.zeros((height // 4, width // 4), np.uint8)
    h, w = small.shape
    centre = rng.uniform(0, 1, 2) * [w, h]
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        along, away = (
            np.array([np.cos(angle), np.sin(angle)]) * 2 * (w + h),
            np.array([-np.sin(angle), np.cos(angle)]),
        )
        outline = np.stack(
            [
                centre - along,
                centre + along,
                centre + along + away * 2 * (w + h),
                centre - along + away * 2 * (w + h),
            ]
        )
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        radius = rng.uniform(0.3, 0.8, 9) * max(w, h)
        outline = centre + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cv2.fillPoly(small, [np.round(outline).astype(np.int32)], (255,))
    soft = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.8, 9)))
    full = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.asarray(1 - rng.uniform(0.28, 0.62) * full / 255, np.float32)


def expose(rng: np.random.Generator, photo: Rgb, light: Field) -> Rgb:
    """Apply light [h, w], white balance, contrast, blur and sensor noise."""
    balance = rng.normal(1.0, 0.035, 3)
    level = rng.uniform(0.78, 1.08) * balance
    image = photo.astype(np.float32) * light[..., None] * level.astype(np.float32)
    image = _blurred(rng, image)
    sigma = rng.uniform(0.4, 4.2)
    height, width = light.shape
    grain = rng.standard_normal((height, width, 1), dtype=np.float32) * np.float32(sigma)
    tint = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), dtype=np.float32) * np.float32(
        0.4 * sigma
    )
    grain = grain + cv2.resize(tint, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(image + grain, 0, 255), np.uint8)


def _blurred(rng: np.random.Generator, image: Field) -> Field:
    if rng.random() < 0.15:
        length = int(rng.integers(2, 5))
        kernel = np.zeros((5, 5), np.float32)
        angle = rng.uniform(0, np.pi)
        for t in np.linspace(-0.5, 0.5, 9) * (length - 1):
            kernel[round(2 + t * np.sin(angle)), round(2 + t * np.cos(angle))] += 1
        return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.float32)
    sigma = float(rng.uniform(0.0, 1.1))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32) if sigma > 0.3 else image


def to_jpeg(image: Rgb, quality: int) -> bytes:
    """Encode an RGB image as JPEG."""
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "OpenCV writes JPEG"
    return bytes(data)


def from_jpeg(data: bytes) -> Rgb:
    """Decode a JPEG to RGB."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None, "it was encoded by to_jpeg"
    return np.ascontiguousarray(bgr[..., ::-1]).astype(np.uint8, copy=False)
