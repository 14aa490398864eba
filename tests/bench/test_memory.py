"""Measuring takes no more memory for a thousand photos than for a hundred."""

from __future__ import annotations

import subprocess
import sys

MEASURE = """
import resource
import sys
from pathlib import Path

import numpy as np
import torch

from decant.bench.accuracy import measure_accuracy, prepare_set, torch_predictor
from decant.datasets import open_dataset
from decant.datasets.generated import GeneratedSource
from decant.inputs import ImageSection
from decant.tasks.classification import Classification

SIZE = 256


class Brightness(torch.nn.Module):
    def forward(self, image):
        mean = image.mean((1, 2, 3))
        return torch.stack((-mean, mean), 1)


count = int(sys.argv[1])
task = Classification(("dark", "bright"))
inputs = {"image": ImageSection(shape=(1, 3, SIZE, SIZE), mean=(0.5,) * 3, std=(0.5,) * 3)}
source = GeneratedSource(kind="generated", factory="photos.py:photos", split="a", count=count)
dataset = open_dataset(source, task, Path(), inputs=inputs)
prepared = prepare_set(dataset, inputs)
accuracy = measure_accuracy(torch_predictor(Brightness(), ["scores"]), prepared, task, batch=4)
assert task.figures(accuracy.evidence)["top1"][0] == 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

PHOTOS = """
from types import SimpleNamespace

import numpy as np


def photos(split, start, count):
    for index in range(start, start + count):
        image = np.full((300, 280, 3), 200 if index % 2 else 50, np.uint8)
        yield SimpleNamespace(image=image, label=("dark", "bright")[index % 2])
"""


def peak(folder, count):
    """Measure that many photos in a process of its own; gives its largest resident set in kB."""
    ended = subprocess.run(
        [sys.executable, "-c", MEASURE, str(count)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(ended.stdout)


def test_a_thousand_photos_need_the_memory_of_a_hundred(tmp_path):
    (tmp_path / "photos.py").write_text(PHOTOS)
    # 1,000 photos of 256 × 256 are 197 MB, more than a third of what Python and PyTorch take.
    assert peak(tmp_path, 1000) <= 1.2 * peak(tmp_path, 100)
