"""Pages in memory, and the cheap camera that makes training samples of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from decant.contract.images import load_image
from decant.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from decant.contract.rules import ImageRule

# Pages are kept a little larger than the network sees them, so that zooming in still shows more.
KEPT_SIDE = 416
LOADING_THREADS = 2
# A formula with less of it in view is painted over: half a formula is neither one nor none.
VISIBLE = 0.9


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as training keeps it: image [H, W, 3] uint8 RGB, quads [n, 4, 2] float32 pixels."""

    image: NDArray[np.uint8]
    quads: NDArray[np.float32]


def load_pages(folder: Path, side: int | None = KEPT_SIDE) -> list[KeptPage]:
    """Read a split (`annotations.json` and `images/`), shrinking pages to `side` pixels.

    Args:
        folder: As `write_split` leaves it.
        side: Longest side to keep; None keeps the pages as they are.

    Raises:
        DataError: If the annotations or an image are missing or damaged.
    """
    try:
        document = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
        quads: dict[int, list[list[float]]] = {image["id"]: [] for image in document["images"]}
        for annotation in document["annotations"]:
            quads[annotation["image_id"]].append(annotation["quad"])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder}: no usable annotations.json ({error}); make it again") from error

    def load(image: dict[str, object]) -> KeptPage:
        name = Path(str(image["file_name"])).name
        truth = np.asarray(quads[int(str(image["id"]))], np.float32).reshape(-1, 4, 2)
        return _shrink(load_image(folder / "images" / name), truth, side)

    with ThreadPoolExecutor(LOADING_THREADS) as pool:
        return list(pool.map(load, document["images"]))


def _shrink(image: NDArray[np.uint8], quads: NDArray[np.float32], side: int | None) -> KeptPage:
    height, width = image.shape[:2]
    if side is None or max(height, width) <= side:
        return KeptPage(image, quads)
    scale = side / max(height, width)
    size = (round(width * scale), round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    ratio = np.asarray([size[0] / width, size[1] / height], np.float32)
    return KeptPage(np.asarray(small, np.uint8), quads * ratio)


def augment(page: KeptPage, rule: ImageRule, rng: np.random.Generator) -> KeptPage:
    """Photograph a page again: scale, turn, shift, recolour, blur, noise.

    Returns:
        A page of exactly the rule's size. About 1.5 ms.
    """
    matrix = _placement(page, rule, rng)
    grey = (rule.padding,) * 3
    size = (rule.width, rule.height)
    image = cv2.warpAffine(
        page.image, matrix, size, borderMode=cv2.BORDER_CONSTANT, borderValue=grey
    )
    quads = (page.quads @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    low, high = quads.min(1), quads.max(1)
    seen = (np.minimum(high, size) - np.maximum(low, 0)).clip(0).prod(1) / (high - low).prod(1)
    for quad in quads[seen < VISIBLE]:
        cv2.fillConvexPoly(image, np.round(quad).astype(np.int32), grey)
    return KeptPage(_recolour(np.asarray(image, np.uint8), rng), quads[seen >= VISIBLE])


def _placement(page: KeptPage, rule: ImageRule, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the affine map [2, 3] from the page to the sample; often the plain letterbox."""
    height, width = page.image.shape[:2]
    scale = min(rule.width / width, rule.height / height)
    if rng.random() < 0.25:
        return np.asarray([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]])
    across, down = scale * np.exp(rng.uniform(-0.35, 0.3) + rng.uniform(-0.08, 0.08, 2))
    angle = np.deg2rad(rng.uniform(-10, 10) if rng.random() < 0.6 else 0.0)
    turn = np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([across, down])
    room = np.asarray([rule.width - width * across, rule.height - height * down])
    middle = np.asarray([rule.width, rule.height]) / 2 + room * rng.uniform(-0.5, 0.5, 2)
    shift = middle - linear @ (np.asarray([width, height]) / 2)
    return np.concatenate((linear, shift[:, np.newaxis]), 1)


def _recolour(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change gamma, contrast, tint and brightness; sometimes grey, blurred or noisy."""
    ramp = np.linspace(0, 1, 256)[:, np.newaxis] ** np.exp(rng.uniform(-0.35, 0.35))
    gain = np.exp(rng.uniform(-0.25, 0.2)) * np.exp(rng.uniform(-0.08, 0.08, 3))
    table = ((ramp - 0.5) * gain + 0.5 + rng.uniform(-0.12, 0.12)) * 255
    image = np.asarray(cv2.LUT(image, table.clip(0, 255).astype(np.uint8)[np.newaxis]), np.uint8)
    if rng.random() < 0.1:
        image = np.repeat(
            np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, 2
        )
    if rng.random() < 0.2:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.0)), np.uint8)
    if rng.random() < 0.2:
        strength = int(rng.integers(3, 16))
        noise = np.frombuffer(rng.bytes(image.size), np.uint8).reshape(image.shape) % strength
        louder = cv2.add(image, noise)
        image = np.asarray(cv2.subtract(louder, np.full_like(image, strength // 2)), np.uint8)
    return image
