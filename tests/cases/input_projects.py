"""Projects whose models take something else than one photo; each network is solved, not trained."""

from __future__ import annotations

NETWORKS = '''
from types import SimpleNamespace as Sample

import numpy as np
import torch


class Head(torch.nn.Module):
    """Features of every input, and a linear classifier over them, solved by least squares."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.photo = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.sound = torch.nn.Conv1d(1, 8, 64, stride=8)
        self.head = torch.nn.Linear(self.width, 2)

    def solve(self, inputs, labels):
        with torch.no_grad():
            x = self.features(*inputs)
            x = torch.cat((x, torch.ones(len(x), 1)), 1)
            wanted = torch.nn.functional.one_hot(torch.tensor(labels), 2) * 2.0 - 1
            weights = torch.linalg.lstsq(x, wanted).solution
            self.head.weight.copy_(weights[:-1].T)
            self.head.bias.copy_(weights[-1])
        return self


class Both(Head):
    width = 11

    def features(self, photo, extra):
        seen = torch.relu(self.photo(photo)).mean((2, 3))
        return torch.cat((seen, torch.relu(extra)), 1)

    def forward(self, photo, extra):
        return self.head(self.features(photo, extra))


class Numbers(Head):
    width = 5

    def features(self, image):
        return torch.relu(image)

    def forward(self, image):
        return self.head(self.features(image))


class Sound(Head):
    width = 8

    def features(self, sound):
        return torch.relu(self.sound(sound.unsqueeze(1))).mean(2)

    def forward(self, sound):
        return self.head(self.features(sound))


def both(split, start, count):
    """Bright photos with a positive number are "yes"."""
    for index in range(start, start + count):
        random = np.random.default_rng([index, *split.encode()])
        label = index % 2
        level = 150 if label else 70
        photo = random.normal(level, 25, (14, 20, 3)).clip(0, 255).astype(np.uint8)
        extra = random.normal(2.0 if label else -2.0, 1.0, 3).astype(np.float32)
        yield Sample(photo=photo, extra=extra, label=("no", "yes")[label])


def numbers(split, start, count):
    for index in range(start, start + count):
        random = np.random.default_rng([index, *split.encode()])
        label = index % 2
        values = random.normal(12 if label else 8, 1.0, 5)
        yield Sample(image=values, label=("no", "yes")[label])


def sound(split, start, count):
    """High tones are "yes"; at another rate than the model's, and of many lengths."""
    for index in range(start, start + count):
        random = np.random.default_rng([index, *split.encode()])
        label = index % 2
        time = np.arange(random.integers(3000, 6000)) / 16000
        tone = np.sin(2 * np.pi * (1500 if label else 250) * random.uniform(0.8, 1.2) * time)
        noisy = (tone + random.normal(0, 0.1, len(time))).astype(np.float32)
        yield Sample(sound=(noisy, 16000), label=("no", "yes")[label])


def tensors(pages, sections):
    from decant.inputs.fitting import tensors
    from decant.samples import Sample as Kept

    pages = list(pages)
    kept = [
        Kept(str(i), 0, frozenset(), lambda page=page: vars(page)) for i, page in enumerate(pages)
    ]
    arrays = tensors(kept, sections)
    labels = [("no", "yes").index(page.label) for page in pages]
    return [torch.from_numpy(each) for each in arrays.values()], labels


def build(kind):
    from pathlib import Path

    from decant.spec import load_spec

    spec = load_spec(Path(__file__).with_name("model.toml"))
    network = {"both": Both, "numbers": Numbers, "sound": Sound}[kind]()
    pages = {"both": both, "numbers": numbers, "sound": sound}[kind]("fit", 0, 120)
    return network.solve(*tensors(pages, spec.signature))
'''

INPUTS = {
    "both": """
[inputs.photo]
shape = [1, 3, 10, 16]
mean = [0.5, 0.5, 0.5]
std = [0.25, 0.25, 0.25]

[inputs.extra]
kind = "array"
shape = [1, 3]
mean = [0.5]
std = [2.0, 1.0, 0.5]
""",
    "numbers": """
[input]
kind = "array"
shape = [1, 5]
mean = [10.0]
std = [2.0]
""",
    "sound": """
[input]
kind = "audio"
name = "sound"
shape = [1, "samples"]
rate = 8000

[sizes]
samples = [2048, 1500]
""",
}

SPEC = """
[model]
name = "{kind}"
factory = "net.py:build"
arguments = {{ kind = "{kind}" }}
{inputs}
[task]
kind = "classification"
labels = ["no", "yes"]

[data]
calibration = {{ kind = "generated", factory = "net.py:{kind}", split = "cal", count = 40 }}
validation = {{ kind = "generated", factory = "net.py:{kind}", split = "val", count = 60 }}
test = {{ kind = "generated", factory = "net.py:{kind}", split = "test", count = 60 }}

[requirements]
min_accuracy = 0.9
max_drop = 0.05
"""


def write(folder, kind):
    """Write a project into a folder and return its spec."""
    (folder / "net.py").write_text(NETWORKS)
    spec = folder / "model.toml"
    spec.write_text(SPEC.format(kind=kind, inputs=INPUTS[kind]))
    return spec
