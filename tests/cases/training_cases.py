"""A recipe small enough to train in a test: find the brightest of four quadrants."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from decant.training import Settings

SETTINGS = Settings(
    steps=40,
    batch_size=8,
    learning_rate=0.1,
    warmup_steps=5,
    average_decay=0.9,
    validate_every=20,
    log_every=10,
    checkpoint_s=1e9,
    bfloat16=False,
)


class QuadrantNet(nn.Module):
    """A convolution, a score map and a map of values."""

    def __init__(self, width):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width))
        self.score = nn.Conv2d(width, 1, 1)
        self.value = nn.Conv2d(width, 2, 1)

    def forward(self, image):
        x = functional.relu(self.features(image))
        return {"score": self.score(x), "value": self.value(x)}


@dataclass
class QuadrantRecipe:
    """Images [8, 1, 6, 4] whose target is where they are positive."""

    fail_at: int | None = None

    def settings(self, role):
        return SETTINGS

    def model(self, role):
        return QuadrantNet(4 if role == "student" else 12)

    def batch(self, settings, step):
        if step == self.fail_at:
            raise KeyboardInterrupt
        seed = settings.seed * 1000 + step
        return torch.randn(
            settings.batch_size, 1, 6, 4, generator=torch.Generator().manual_seed(seed)
        )

    def inputs(self, batch):
        return batch

    def loss(self, outputs, batch):
        wanted = (batch > 0).float()
        score = functional.binary_cross_entropy_with_logits(outputs["score"], wanted)
        return {"score": score, "value": (outputs["value"] - batch).square().mean()}

    def evaluate(self, model):
        batch = torch.randn(64, 1, 6, 4, generator=torch.Generator().manual_seed(7))
        with torch.no_grad():
            right = (model(batch)["score"] > 0) == (batch > 0)
        return {"accuracy": right.float().mean().item()}

    def feature_pairs(self):
        return (("features", "features"),)

    def responses(self):
        return (("score", "value"),)
