"""Trains the network and writes `sequence.safetensors`: about a minute on two cores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from data import ALPHABET, strips
from model import build
from safetensors.torch import save_file
from torch import nn

from decant.contract.images import normalise, resize
from decant.progress import track
from decant.spec import load_spec

STEPS, BATCH = 400, 24
HERE = Path(__file__).parent


def main() -> None:
    """Train with CTC and AdamW."""
    torch.manual_seed(0)
    rule = load_spec(HERE).input.rule
    network = build()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, STEPS, pct_start=0.1)
    # Of the classes, 0 is the blank.
    ctc = nn.CTCLoss(zero_infinity=True)
    for step in track(range(STEPS), "training", STEPS):
        drawn = [*strips("train", step * BATCH, BATCH)]
        images = np.stack([normalise(resize(each.image, rule)[0], rule) for each in drawn])
        found = network(torch.from_numpy(images)).log_softmax(2).transpose(0, 1)
        letters = torch.tensor([1 + ALPHABET.index(one) for each in drawn for one in each.text])
        lengths = torch.tensor([len(each.text) for each in drawn])
        loss = ctc(found, letters, torch.full((BATCH,), len(found)), lengths)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1)
        optimizer.step()
        schedule.step()
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, HERE / "sequence.safetensors")


if __name__ == "__main__":
    main()
