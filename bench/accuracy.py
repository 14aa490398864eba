"""Runs models over one data set, prepared once, and keeps what they said and how right it was."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from decant.errors import DataError, SpecError
from decant.images import normalise, resize
from decant.progress import track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from decant.datasets import Dataset
    from decant.images import Placement
    from decant.rules import ImageRule
    from decant.samples import Sample
    from decant.spec import Input
    from decant.tasks import Evidence, Prediction, Task

Inputs: TypeAlias = "Mapping[str, NDArray[np.generic]]"
Outputs: TypeAlias = "Mapping[str, NDArray[np.float32]]"
Predictor: TypeAlias = "Callable[[Inputs], Outputs]"
"""Runs a model on a batch; arrays by name, in ONNX axis order, both ways."""

CHUNK = 32
"""Photos in memory at a time: a camera's have 36 MB each."""


@dataclass(frozen=True, slots=True)
class PreparedSet:
    """A data set resized for a model's input; models share it.

    Attributes:
        name: Where it comes from.
        samples: In order; their photos are read anew when asked for.
        pixels: [n, H, W, C] uint8; a quarter of what normalised tensors would take.
        placements: Where each photo lies in its tensor.
        input_name: Of the tensor.
        rule: How pixels are normalised.
    """

    name: str
    samples: tuple[Sample, ...]
    pixels: NDArray[np.uint8]
    placements: tuple[Placement, ...]
    input_name: str
    rule: ImageRule

    def __len__(self) -> int:
        return len(self.samples)

    def tensors(
        self, start: int, stop: int, *, raw: bool = False
    ) -> dict[str, NDArray[np.generic]]:
        """Give the input of samples start … stop - 1 by its name.

        Args:
            start: First sample.
            stop: One past the last.
            raw: Leave the pixels as a camera gives them.

        Returns:
            One array [n, C, H, W]: float32, or uint8 if raw.
        """
        if raw:
            batch: NDArray[np.generic] = self.pixels[start:stop].transpose(0, 3, 1, 2)
            return {self.input_name: np.ascontiguousarray(batch)}
        normalised = [normalise(pixels, self.rule) for pixels in self.pixels[start:stop]]
        return {self.input_name: np.stack(normalised)}


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a model said of every sample, and the evidence of how right that is."""

    evidence: Evidence
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class Regression:
    """An image on which a model got worse; grades as `Task.per_image` gives them, 1 is perfect."""

    id: str
    before: float
    after: float


def prepare_set(
    dataset: Dataset, section: Input, what: str = "reading and resizing photos"
) -> PreparedSet:
    """Read and resize every photo once.

    Args:
        dataset: To prepare.
        section: `input` of the spec.
        what: Names the work to whoever watches.

    Raises:
        DataError: If a photo is missing or damaged.
    """
    rule, count = section.rule, len(dataset)
    pixels = np.empty((count, rule.height, rule.width, section.shape[1]), np.uint8)
    samples: list[Sample] = []
    placements: list[Placement] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for chunk in _chunks(dataset, what):
            for sample, image, placement in pool.map(partial(_fit, rule=rule), chunk):
                index = len(samples)
                pixels[index] = image
                samples.append(replace(sample, load=partial(dataset.image, index)))
                placements.append(placement)
    return PreparedSet(dataset.name, tuple(samples), pixels, tuple(placements), section.name, rule)


def measure_accuracy(
    predictor: Predictor,
    prepared: PreparedSet,
    task: Task,
    *,
    batch: int = 1,
    raw: bool = False,
    what: str = "model on photos",
) -> Accuracy:
    """Run a model over a whole set.

    Args:
        predictor: The model.
        prepared: The set.
        task: Decodes and judges.
        batch: Samples per run; the last run is filled up by repeating a sample.
        raw: Whether the model takes camera pixels instead of normalised tensors.
        what: Names the work to whoever watches.

    Raises:
        DataError: If an output is NaN, or is not what the task decodes.
    """
    predictions: list[Prediction] = []
    photos = track(range(len(prepared)), what, len(prepared))
    while several := list(islice(photos, batch)):
        start, stop = several[0], several[-1] + 1
        inputs = prepared.tensors(start, stop, raw=raw)
        outputs = predictor({name: _filled(array, batch) for name, array in inputs.items()})
        kept = {name: np.asarray(array)[: stop - start] for name, array in outputs.items()}
        _check_numbers(kept, prepared.samples[start:stop])
        predictions += task.predict(kept, prepared.placements[start:stop])
    return Accuracy(task.evidence(predictions, prepared.samples), tuple(predictions))


def torch_predictor(module: nn.Module, output_names: Sequence[str]) -> Predictor:
    """Wrap a PyTorch module, which is put into evaluation mode.

    It runs with weights laid out channels last, which takes a third less time; its own stay.

    Args:
        module: Takes its inputs in the order they are given, and returns a tensor, a sequence of
            tensors or a mapping of names to tensors.
        output_names: Of the tensors, where the module doesn't name them.

    Returns:
        A predictor, which raises SpecError if the number of outputs is not that of the names.
    """
    import torch
    from torch.func import functional_call

    from decant.network import channels_last

    module.eval()
    weights = channels_last(module)

    def predict(inputs: Inputs) -> Outputs:
        with torch.inference_mode():
            tensors = tuple(torch.from_numpy(np.asarray(each)) for each in inputs.values())
            returned = functional_call(module, weights, tensors)
        if isinstance(returned, dict):
            named = returned
        else:
            several = [returned] if isinstance(returned, torch.Tensor) else list(returned)
            if len(several) != len(output_names):
                raise SpecError(
                    f"{type(module).__name__} returns {len(several)} outputs, but "
                    f"{list(output_names)} are named; name each"
                )
            named = dict(zip(output_names, several, strict=True))
        return {name: tensor.float().numpy() for name, tensor in named.items()}

    return predict


def worst_regressions(task: Task, before: Evidence, after: Evidence) -> list[Regression]:
    """List the images that got worse between two models on the same images, worst first."""
    grades = zip(before.ids, task.per_image(before), task.per_image(after), strict=True)
    fallen = [Regression(name, float(old), float(new)) for name, old, new in grades if new < old]
    return sorted(fallen, key=lambda image: (image.after - image.before, image.id))


def _chunks(dataset: Dataset, what: str) -> Iterator[list[Sample]]:
    samples = track(dataset, what, len(dataset))
    while chunk := list(islice(samples, CHUNK)):
        yield chunk


def _fit(sample: Sample, rule: ImageRule) -> tuple[Sample, NDArray[np.uint8], Placement]:
    return sample, *resize(sample.image, rule)


def _filled(array: NDArray[np.generic], batch: int) -> NDArray[np.generic]:
    """Repeat the last of [n, …] until there are `batch`."""
    missing = batch - len(array)
    return np.concatenate((array, np.repeat(array[-1:], missing, 0))) if missing else array


def _check_numbers(outputs: Outputs, samples: Sequence[Sample]) -> None:
    for name, array in outputs.items():
        bad = np.isnan(array.reshape(len(samples), -1)).any(1)
        if bad.any():
            raise DataError(
                f'output "{name}" is NaN for "{samples[int(bad.argmax())].id}"; check the '
                "checkpoint, or leave out the quantization that overflows"
            )
