"""Trains the network and writes `segmentation.safetensors`: about a minute on two cores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from data import scenes
from model import build
from safetensors.torch import save_file
from torch import nn

from decant.contract.images import normalise, resize
from decant.progress import track
from decant.spec import load_spec

STEPS, BATCH = 240, 12
HERE = Path(__file__).parent


def main() -> None:
    """Train with AdamW under one cycle of the learning rate."""
    torch.manual_seed(0)
    rule = load_spec(HERE).input.rule
    network, loss = build(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=STEPS)
    for step in track(range(STEPS), "training", STEPS):
        images, masks = [], []
        for scene in scenes("train", step * BATCH, BATCH):
            images.append(normalise(resize(scene.image, rule)[0], rule))
            labels = np.repeat(scene.mask[:, :, np.newaxis], 3, 2)
            # Masks go the photos' way; where a border mixes two labels, the nearer one counts.
            placed = resize(labels * np.uint8(100), rule.model_copy(update={"padding": 0}))[0]
            masks.append(np.rint(placed[:, :, 0] / 100).astype(np.int64))
        scores = network(torch.from_numpy(np.stack(images)))
        value = loss(scores, torch.from_numpy(np.stack(masks)))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, HERE / "segmentation.safetensors")


if __name__ == "__main__":
    main()
