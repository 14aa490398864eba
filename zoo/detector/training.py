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

from decant.contract.decode import Detections
from decant.contract.decode.quad_grid import decode, envelopes
from decant.contract.images import resize
from decant.samples import QuadTruth, Sample
from decant.spec import load_spec
from decant.tasks.quad_detection import QuadDetectionSection
from decant.training import Settings

from . import loss
from .augment import KeptPage, augment, load_pages
from .model import OUTPUT_NAMES, STRIDES, build
from .split import ensure_split

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPEC = load_spec(Path(__file__).with_name("model.toml"))
assert SPEC.image is not None
IMAGE_RULE = SPEC.image.rule
assert isinstance(SPEC.task, QuadDetectionSection)
DECODE_RULE = SPEC.task.decode
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
        """Make a recipe whose pages lie, or are made when first asked for, below `folder`."""
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


def recipe(folder: Path) -> DetectorRecipe:
    """Give the detector's recipe; pages are made in `folder` when first asked for."""
    return DetectorRecipe(folder)


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
    task = SPEC.open_task()
    samples = [_sample(index, quads) for index, quads in enumerate(truth)]
    metrics = task.figures(task.evidence(found, samples))
    return {name: float(value[0]) for name, value in metrics.items()}


def _sample(index: int, quads: NDArray[np.float32]) -> Sample:
    """Wrap the formulas of a page that is in memory already."""
    none = np.zeros(len(quads), np.int64)
    boxes = envelopes(quads).astype(np.float64)
    truth = QuadTruth(boxes, quads.astype(np.float64), none, none.astype(np.bool_))
    return Sample(str(index), truth, frozenset(), dict)


cv2.setNumThreads(0)
