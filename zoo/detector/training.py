"""The detector's recipe: what `decant.training` and `decant.distill` need to train it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from decant.decode import Detections, decode, envelopes
from decant.images import resize
from decant.metrics import (
    THRESHOLDS,
    Ranking,
    average_precision,
    box_overlaps,
    match,
    quad_overlaps,
)
from decant.rules import ImageRule, QuadGridRule
from decant.training import Settings

from . import loss
from .augment import KeptPage, augment, load_pages
from .model import INPUT_SIZE, OUTPUT_NAMES, STRIDES, build

if TYPE_CHECKING:
    from numpy.typing import NDArray

IMAGE_RULE = ImageRule(
    height=INPUT_SIZE,
    width=INPUT_SIZE,
    colour="rgb",
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    resize="letterbox",
    antialias=True,
    padding=114,
)
DECODE_RULE = QuadGridRule(strides=STRIDES)
DATA_FOLDER = Path("build/detector")
TRAIN_PAGES = 6000
VALIDATION_PAGES = 300
EVALUATION_BATCH = 20

SETTINGS: Mapping[str, Settings] = {
    "teacher": Settings(steps=1000, learning_rate=2e-3, validate_every=200),
    "student": Settings(steps=800, learning_rate=3e-3, validate_every=200),
}


@dataclass(frozen=True, slots=True)
class PageBatch:
    """Images [N, 3, 320, 320] uint8 RGB, and all their formulas."""

    images: Tensor
    formulas: loss.Formulas


class DetectorRecipe:
    """Pages, augmentation, loss and validation of the detector."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def train_pages(self) -> list[KeptPage]:
        """The training split, in memory."""
        return load_pages(ensure_split(self.folder, "train", TRAIN_PAGES))

    @cached_property
    def validation_pages(self) -> list[KeptPage]:
        """The validation split, fitted to the network's input."""
        folder = ensure_split(self.folder, "validation", VALIDATION_PAGES)
        return [fit(page) for page in load_pages(folder, None)]

    def settings(self, role: str) -> Settings:
        """Give the settings of a role."""
        return SETTINGS[role]

    def model(self, role: str) -> nn.Module:
        """Build the model of a role with random weights."""
        return build("teacher" if role == "teacher" else "student")

    def batch(self, settings: Settings, step: int) -> PageBatch:
        """Make the batch of a step; every page comes once an epoch."""
        first = step * settings.batch_size
        pages = [
            augment(
                self.train_pages[self._index(settings.seed, position)],
                IMAGE_RULE,
                np.random.default_rng([settings.seed, position]),
            )
            for position in range(first, first + settings.batch_size)
        ]
        return collate(pages)

    def _index(self, seed: int, position: int) -> int:
        epoch, place = divmod(position, len(self.train_pages))
        return int(_shuffled(seed, epoch, len(self.train_pages))[place])

    def inputs(self, batch: PageBatch) -> Tensor:
        """Normalise the images of a batch: [N, 3, 320, 320] float32, channels last."""
        return normalise(batch.images)

    def loss(self, outputs: Mapping[str, Tensor], batch: PageBatch) -> dict[str, Tensor]:
        """Give the parts of the detection loss."""
        return loss.detection_loss(outputs, batch.formulas)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Measure the detector's metrics on the validation pages."""
        return evaluate(model, self.validation_pages)

    def feature_pairs(self) -> tuple[tuple[str, str], ...]:
        """Pair the smoothed FPN maps of student and teacher."""
        return tuple((f"neck.smooth.{level}",) * 2 for level in range(len(STRIDES)))

    def responses(self) -> tuple[tuple[str, str], ...]:
        """Pair each level's scores with the corners they vouch for."""
        return tuple(zip(OUTPUT_NAMES[::2], OUTPUT_NAMES[1::2], strict=True))


def recipe(folder: Path = DATA_FOLDER) -> DetectorRecipe:
    """Give the detector's recipe; pages are made in `folder` when first asked for."""
    return DetectorRecipe(folder)


def ensure_split(folder: Path, split: str, count: int) -> Path:
    """Write a split unless it is there."""
    target = folder / split
    if not (target / "annotations.json").exists():
        from .data import write_split

        write_split(target, split, 0, count, 2)
    return target


@cache
def _shuffled(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch, count]).permutation(count)


def collate(pages: list[KeptPage]) -> PageBatch:
    """Stack pages of one size."""
    images = np.stack([page.image.transpose(2, 0, 1) for page in pages])
    owner = np.repeat(np.arange(len(pages)), [len(page.quads) for page in pages])
    quads = np.concatenate([page.quads for page in pages])
    return PageBatch(
        torch.from_numpy(images),
        loss.Formulas(torch.from_numpy(quads), torch.from_numpy(owner)),
    )


def normalise(images: Tensor) -> Tensor:
    """Turn [N, 3, H, W] uint8 into the network's float32 input, channels last."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGE_RULE.mean, IMAGE_RULE.std))
    scaled = (images.float() / 255 - mean) / std
    return scaled.contiguous(memory_format=torch.channels_last)


def fit(page: KeptPage) -> KeptPage:
    """Letterbox a page as the contract's image rule does."""
    image, placement = resize(page.image, IMAGE_RULE)
    return KeptPage(image, placement.to_tensor(page.quads))


@torch.no_grad()
def detect(model: nn.Module, images: list[NDArray[np.uint8]]) -> list[Detections]:
    """Run a model over images [320, 320, 3] uint8 RGB and decode what it gives."""
    model.eval()
    found: list[Detections] = []
    for start in range(0, len(images), EVALUATION_BATCH):
        stack = np.stack([image.transpose(2, 0, 1) for image in images[start:][:EVALUATION_BATCH]])
        outputs = model(normalise(torch.from_numpy(stack)))
        found += decode({name: value.numpy() for name, value in outputs.items()}, DECODE_RULE)
    return found


def evaluate(model: nn.Module, pages: list[KeptPage]) -> dict[str, float]:
    """Measure a model on fitted pages."""
    found = detect(model, [page.image for page in pages])
    return measure(found, [page.quads for page in pages])


def measure(found: list[Detections], truth: list[NDArray[np.float32]]) -> dict[str, float]:
    """Compute `ap50` and `ap` over envelopes and `quad_ap50` over quads, as the reports do.

    Args:
        found: One per image.
        truth: Quads [n, 4, 2] per image, in the same pixels.
    """
    matched = [_match(each, quads) for each, quads in zip(found, truth, strict=True)]
    best_first = np.argsort(-np.concatenate([each.scores for each in found]), kind="stable")
    images = np.repeat(np.arange(len(found)), [len(each.scores) for each in found])
    hits = np.concatenate(matched, 1)[:, best_first]
    positives = np.asarray([len(quads) for quads in truth])
    ranking = Ranking(images[best_first], hits, np.zeros_like(hits), positives)
    values = average_precision(ranking, np.ones((1, len(found)), np.int64))[:, 0]
    boxes = values[: len(THRESHOLDS)]
    return {"ap50": float(boxes[0]), "ap": float(boxes.mean()), "quad_ap50": float(values[-1])}


def _match(found: Detections, quads: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which detections are right: [11, d], by box at ten overlaps, then by quad at 0.5."""
    crowd = np.zeros(len(quads), np.bool_)
    by_box, _ = match(box_overlaps(found.boxes, envelopes(quads), crowd), crowd, THRESHOLDS)
    by_quad, _ = match(quad_overlaps(found.quads, quads, crowd), crowd, THRESHOLDS[:1])
    return np.concatenate((by_box, by_quad))


cv2.setNumThreads(0)
