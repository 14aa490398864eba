"""A detector of coloured squares with a raw YOLO output: boxes in pixels beside scores.

It is built, not trained: moments of colour in a window around each cell give where a square's
centre is and how large it is, so that every detection follows from the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HEIGHT, WIDTH, CELL = 128, 160, 8
CLASSES = 3
WINDOW = 5
# The picture is a photo of 640 pixels at a quarter of its size; boxes are in the photo's pixels.
PHOTO = 4
SHOWN_SCORE = 0.5


class YoloHead(nn.Module):
    """From a picture [N, 3, H, W], 0…1, to boxes and scores in one tensor.

    The output is [N, 4 + 3, cells] with centre, width and height in pixels of the photo, then a
    score 0…1 per class; [N, cells, 4 + 3] with `rows`.
    """

    def __init__(self, *, rows: bool = False) -> None:
        super().__init__()
        self.rows = rows
        reach = torch.arange(WINDOW) - WINDOW // 2
        ones = torch.ones(WINDOW, WINDOW)
        kernels = [ones, reach * ones, reach[:, None] * ones]
        self.register_buffer("mass", kernels[0].repeat(CLASSES, 1, 1, 1))
        self.register_buffer("moments", torch.stack(kernels)[:, None].repeat(1, CLASSES, 1, 1))
        y, x = torch.meshgrid(
            torch.arange(HEIGHT // CELL), torch.arange(WIDTH // CELL), indexing="ij"
        )
        self.register_buffer("centres", torch.stack([x, y])[None] + 0.5)

    def forward(self, picture: Tensor) -> Tensor:
        found = torch.cat(self.boxes_and_scores(picture), 1)
        return found.transpose(1, 2) if self.rows else found

    def boxes_and_scores(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Compute [N, 4, cells] and [N, 3, cells]."""
        bright = functional.avg_pool2d(functional.relu(picture - 0.5) * 2, CELL)
        padded = functional.pad(bright, [WINDOW // 2] * 4)
        of_class = functional.conv2d(padded, self.mass, groups=CLASSES)
        of_all = functional.conv2d(padded, self.moments)
        area = of_all[:, :1]
        # The smallest square has 1.5 cells; a rest of one has no centre.
        share = 1 / area.clamp(min=1)
        offset = of_all[:, 1:] * share
        far = (offset * offset).sum(1, keepdim=True)
        scores = torch.sigmoid(9 * of_class * share - 6 * far - 5)
        side = torch.sqrt(area) * (CELL * PHOTO)
        boxes = torch.cat([(self.centres + offset) * (CELL * PHOTO), side, side], 1)
        return boxes.flatten(2), scores.flatten(2)


def pictures(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Draw pictures [N, 3, H, W], 0…1: three squares far from one another, on dim noise."""
    random = np.random.default_rng(seed)
    drawn = random.uniform(0, 0.4, (count, CLASSES, HEIGHT, WIDTH)).astype(np.float32)
    for picture in drawn:
        for column in random.permutation(3):
            side = int(random.integers(10, 25))
            x = 26 + 52 * column + int(random.integers(-8, 9)) - side // 2
            y = int(random.integers(0, HEIGHT - side))
            level = random.uniform(0.9, 1)
            picture[random.integers(CLASSES), y : y + side, x : x + side] = level
    return drawn


def write_onnx(path: Path, *, rows: bool = False) -> None:
    """Export the network as a user would, with an output "output0"."""
    example = torch.from_numpy(pictures(1))
    torch.onnx.export(
        YoloHead(rows=rows).eval(),
        (example,),
        path,
        dynamo=True,
        verbose=False,
        input_names=["images"],
        output_names=["output0"],
    )


def detections(output: NDArray[np.float32]) -> list[tuple[int, NDArray[np.float32]]]:
    """Give class and box (centre, width, height) of what an output [1, 7, cells] shows."""
    boxes, scores = output[0, :4].T, output[0, 4:]
    found: list[tuple[int, NDArray[np.float32]]] = []
    for cell in np.argsort(-scores.max(0), kind="stable"):
        kind = int(scores[:, cell].argmax())
        if scores[kind, cell] < SHOWN_SCORE:
            break
        if all(overlap(boxes[cell], box) < 0.5 for _, box in found):
            found.append((kind, boxes[cell]))
    return found


def overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Compute intersection over union of two boxes of centre, width and height."""
    low = np.maximum(one[:2] - one[2:] / 2, other[:2] - other[2:] / 2)
    high = np.minimum(one[:2] + one[2:] / 2, other[:2] + other[2:] / 2)
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / (float(np.prod(one[2:]) + np.prod(other[2:])) - shared)


def kept(real: NDArray[np.float32], found: NDArray[np.float32]) -> tuple[int, int]:
    """Count the detections of one output that another still has, and those it had."""
    expected, measured = detections(real), detections(found)
    still = sum(
        any(kind == other and overlap(box, near) > 0.5 for other, near in measured)
        for kind, box in expected
    )
    return still, len(expected)
