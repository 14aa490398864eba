"""A tiny project of a user's own: a classifier of bright and dark pictures, spec, data, recipes."""

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

RECIPE = """
from training_cases import QuadrantRecipe


def recipe(folder):
    return QuadrantRecipe()
"""
COMPARABLE = """
import torch
from net import Net
from training_cases import QuadrantRecipe


class BrightRecipe(QuadrantRecipe):
    def __init__(self, folder):
        pass

    def model(self, role):
        return Net(4 if role == "student" else 12)

    def batch(self, settings, step):
        random = torch.Generator().manual_seed(settings.seed * 1000 + step)
        labels = torch.randint(2, (8,), generator=random)
        noise = torch.randn(8, 3, 32, 48, generator=random)
        return 0.1 * noise + labels.view(-1, 1, 1, 1) * 0.6 - 0.3, labels

    def inputs(self, batch):
        return batch[0]

    def loss(self, outputs, batch):
        return {"entropy": torch.nn.functional.cross_entropy(outputs, batch[1])}

    def evaluate(self, model):
        return {}

    def responses(self):
        return ()
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


def add_recipe(folder: Path) -> None:
    """Let the project be trained, by a recipe that has nothing to do with it but is quick."""
    (folder / "recipe.py").write_text(RECIPE)
    with (folder / "model.toml").open("a") as spec:
        spec.write('\n[training]\nrecipe = "recipe.py:recipe"\n')


def make_comparable(folder: Path) -> None:
    """Give a project that can be trained a recipe of its own network, with a teacher."""
    (folder / "recipe.py").write_text(COMPARABLE)
    spec = folder / "model.toml"
    spec.write_text(spec.read_text().replace("recipe.py:recipe", "recipe.py:BrightRecipe"))
