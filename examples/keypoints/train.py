"""Trains the network and writes `keypoints.safetensors`: about a minute on two cores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from data import kites
from model import build
from safetensors.torch import save_file

from decant.contract.images import normalise, resize
from decant.progress import track
from decant.spec import load_spec

STEPS, BATCH, CELL, SPREAD = 300, 16, 4, 1.0
HERE = Path(__file__).parent


def main() -> None:
    """Train towards a bell of `SPREAD` cells around each point, with AdamW."""
    torch.manual_seed(0)
    rule = load_spec(HERE).input.rule
    rows, columns = np.mgrid[: rule.height // CELL, : rule.width // CELL] + 0.5
    network = build()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=STEPS)
    for step in track(range(STEPS), "training", STEPS):
        images, maps = [], []
        for kite in kites("train", step * BATCH, BATCH):
            pixels, placement = resize(kite.image, rule)
            images.append(normalise(pixels, rule))
            x, y = placement.to_tensor(kite.points).T[..., np.newaxis, np.newaxis] / CELL
            maps.append(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * SPREAD**2)))
        wanted = torch.from_numpy(np.stack(maps)).float()
        found = network(torch.from_numpy(np.stack(images)))
        # The few cells around a point count as much as all the others.
        loss = ((found - wanted) ** 2 * (1 + 20 * wanted)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, HERE / "keypoints.safetensors")


if __name__ == "__main__":
    main()
