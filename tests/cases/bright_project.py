"""A tiny project of a user's own: a classifier of bright and dark pictures, with spec and data."""

from pathlib import Path

import cv2
import numpy as np

NETWORK = """
import torch


class Net(torch.nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(3, width, 3, stride=2, padding=1),
            torch.nn.ReLU(),
            torch.nn.Conv2d(width, width, 3, stride=2, padding=1),
            torch.nn.ReLU(),
        )
        self.head = torch.nn.Linear(width, 2)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(image).mean((2, 3)))


def build(width: int = 8) -> torch.nn.Module:
    torch.manual_seed(0)
    net = Net(width)
    # Bright pictures excite every channel more than dark ones: no training is needed.
    with torch.no_grad():
        for layer in (net.features[0], net.features[2]):
            layer.weight.abs_()
        net.head.weight.copy_(torch.tensor([[-1.0], [1.0]]).expand(2, width))
        dark = net(torch.full((1, 3, 32, 48), -0.4)).flatten()
        bright = net(torch.full((1, 3, 32, 48), 0.4)).flatten()
        net.head.bias.sub_((dark + bright) / 2)
    return net.eval()
"""

SPEC = """
[model]
name = "bright"
factory = "net.py:build"

[input]
shape = [1, 3, 32, 48]
mean = [0.5, 0.5, 0.5]
std = [1, 1, 1]

[task]
kind = "classification"
labels = ["dark", "light"]

[data]
calibration = { kind = "folder", path = "calibration" }
validation = { kind = "folder", path = "validation" }
test = { kind = "folder", path = "test" }

[requirements]
max_drop = 0.2
"""

LEVELS = {"dark": 50, "light": 200}


def write_project(folder: Path, pictures: int = 4) -> Path:
    """Write network, spec and pictures; returns the spec's path."""
    (folder / "net.py").write_text(NETWORK)
    (folder / "model.toml").write_text(SPEC)
    random = np.random.default_rng(0)
    for part in ("calibration", "validation", "test"):
        for label, level in LEVELS.items():
            (folder / part / label).mkdir(parents=True)
            for index in range(pictures):
                noise = random.integers(-40, 40, (40, 60, 3))
                picture = np.clip(level + noise, 0, 255).astype(np.uint8)
                cv2.imwrite(str(folder / part / label / f"{index}.png"), picture)
    return folder / "model.toml"
