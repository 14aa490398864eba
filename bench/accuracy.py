"""Runs models over one data set, prepared once, and keeps what they said and how right it was."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from decant.errors import DataError, SpecError
from decant.inputs.fitting import fit
from decant.progress import track

from .cross_check import check_figures
from .spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from decant.contract.images import Placement
    from decant.datasets import Dataset
    from decant.inputs import InputSection
    from decant.samples import Sample
    from decant.tasks import Evidence, Task
    from decant.tasks.task import Outcome

Inputs: TypeAlias = "Mapping[str, NDArray[np.generic]]"
Outputs: TypeAlias = "Mapping[str, NDArray[np.float32]]"
Predictor: TypeAlias = "Callable[[Inputs], Outputs]"
"""Runs a model on a batch; arrays by name, in ONNX axis order, both ways."""

CHUNK = 32
"""Photos in memory at a time: a camera's have 36 MB each."""


@dataclass(frozen=True, slots=True)
class PreparedSet:
    """A data set fitted to a model's inputs, on the disk; models share it.

    Attributes:
        name: Where it comes from.
        samples: In order; what they hold is read anew when asked for, their truth from the disk.
        fitted: By number, of each input what `InputSection.prepare` gave.
        placements: Where each photo lies in its tensor; None of a sample without a photo.
        inputs: Of the model, by name.
    """

    name: str
    samples: tuple[Sample, ...]
    fitted: Spool
    placements: tuple[Placement | None, ...]
    inputs: Mapping[str, InputSection]

    def __len__(self) -> int:
        return len(self.samples)

    def tensors(
        self, numbers: Sequence[int], *, raw: Container[str] = ()
    ) -> dict[str, NDArray[np.generic]]:
        """Give the inputs of some samples by name.

        Args:
            numbers: Of the samples.
            raw: The inputs that take values as a camera gives them.

        Returns:
            For each an array [n, …] in ONNX axis order.
        """
        kept = [self.fitted[number] for number in numbers]
        return {
            name: np.stack([section.tensor(each[name], raw=name in raw) for each in kept])
            for name, section in self.inputs.items()
        }


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How right a model is on every sample."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Regression:
    """An image on which a model got worse; grades as `Task.per_sample` gives them."""

    id: str
    before: float
    after: float


def prepare_set(
    dataset: Dataset,
    inputs: Mapping[str, InputSection],
    what: str = "reading and fitting samples",
) -> PreparedSet:
    """Read every sample once and fit it to the model's inputs.

    Args:
        dataset: To prepare.
        inputs: `signature` of the spec.
        what: Names the work to whoever watches.

    Raises:
        DataError: If a file is missing or damaged, or a value is not what its input takes.
    """
    fitted, truths = Spool(), Spool()
    samples: list[Sample] = []
    placements: list[Placement | None] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for chunk in _chunks(dataset, what):
            for sample, arrays, placement in pool.map(partial(fit, inputs=inputs), chunk):
                index = fitted.add(arrays)
                truth = partial(truths.__getitem__, truths.add(sample.truth))
                samples.append(replace(sample, given=truth, load=partial(dataset.inputs, index)))
                placements.append(placement)
    return PreparedSet(dataset.name, tuple(samples), fitted, tuple(placements), inputs)


def measure_accuracy(
    predictor: Predictor,
    prepared: PreparedSet,
    task: Task,
    *,
    batch: int = 1,
    raw: Container[str] = (),
    what: str = "model on samples",
) -> Accuracy:
    """Run a model over a whole set.

    Args:
        predictor: The model.
        prepared: The set.
        task: Decodes and judges.
        batch: Samples per run; the last run is filled up by repeating a sample.
        raw: The inputs that take values as a camera gives them instead of normalised ones.
        what: Names the work to whoever watches.

    Raises:
        DataError: If an output is NaN, or is not what the task decodes.
        SpecError: If code of the user's own is at fault.
        InternalError: If another library computes another figure.
    """
    outcomes: list[Outcome] = []
    numbers = track(range(len(prepared)), what, len(prepared))
    while several := list(islice(numbers, batch)):
        said = predictions(predictor, prepared, several, task, batch=batch, raw=raw)
        samples = [prepared.samples[number] for number in several]
        outcomes += [_judged(task, *pair) for pair in zip(said, samples, strict=True)]
    evidence = task.gather(outcomes, prepared.samples)
    check_figures(task, evidence, outcomes)
    return Accuracy(evidence)


def _judged(task: Task, prediction: Any, sample: Sample) -> Outcome:
    truth = sample.truth
    try:
        return task.judge(prediction, truth)
    except (DataError, SpecError) as error:
        raise type(error)(f'"{sample.id}": {error}') from error


def predictions(
    predictor: Predictor,
    prepared: PreparedSet,
    numbers: Sequence[int],
    task: Task,
    *,
    batch: int = 1,
    raw: Container[str] = (),
) -> list[Any]:
    """Ask a model about some samples, as many as it takes at once or fewer.

    Raises:
        DataError: If an output is NaN, or is not what the task decodes.
    """
    inputs = prepared.tensors(numbers, raw=raw)
    outputs = predictor({name: _filled(array, batch) for name, array in inputs.items()})
    kept = {name: np.asarray(array)[: len(numbers)] for name, array in outputs.items()}
    _check_numbers(kept, [prepared.samples[number] for number in numbers])
    found = list(task.predict(kept, [prepared.placements[number] for number in numbers]))
    if len(found) != len(numbers):
        raise DataError(
            f"the outputs hold {len(found)} predictions for {len(numbers)} samples; export the "
            "model with one row of each output per sample"
        )
    return found


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
    grades = zip(before.ids, task.per_sample(before), task.per_sample(after), strict=True)
    fallen = [Regression(name, float(old), float(new)) for name, old, new in grades if new < old]
    return sorted(fallen, key=lambda image: (image.after - image.before, image.id))


def _chunks(dataset: Dataset, what: str) -> Iterator[list[Sample]]:
    samples = track(dataset, what, len(dataset))
    while chunk := list(islice(samples, CHUNK)):
        yield chunk


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
