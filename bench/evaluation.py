"""Asks every model about every photo, and says how right each is."""

from __future__ import annotations

import contextlib
import math
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict, dataclass, replace
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from decant.errors import DataError
from decant.machine import usable_cores
from decant.parity import compare
from decant.progress import track
from decant.runtime import LiteRtModel

from . import stats
from .accuracy import measure_accuracy
from .original import Original, of_module
from .per_label import confusion_of, labels_of
from .schema import Estimate, Parity, Quality, Slice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import nn

    from decant.tasks import Task
    from decant.tensors import TensorInfo

    from .accuracy import Accuracy, Inputs, Outputs, Predictor, PreparedSet
    from .model_file import ModelFile

PYTORCH = "pytorch"
# Of a few, PyTorch needs least time per photo; a file takes what it was made for.
TORCH_BATCH = 4
PARITY_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Contestant:
    """A model ready to be asked.

    Attributes:
        name: "pytorch" or that of the file.
        predictor: Runs it.
        batch: Samples per run.
        raw: The inputs that take camera pixels instead of normalised tensors.
    """

    name: str
    predictor: Predictor
    batch: int
    raw: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sets:
    """The two data sets, prepared."""

    test: PreparedSet
    validation: PreparedSet


@dataclass(frozen=True, slots=True)
class Answers:
    """What one model said of both sets."""

    test: Accuracy
    validation: Accuracy


def contestants(files: Sequence[ModelFile], network: nn.Module | Original) -> list[Contestant]:
    """Load the original and every file, the original first.

    Args:
        files: Whose first names the outputs.
        network: In the order of inputs and outputs that the files have.

    Raises:
        DataError: If LiteRT cannot load a file.
    """
    names = [info.name for info in files[0].outputs]
    original = network if isinstance(network, Original) else of_module(network)
    predictor = original.predictor(names)
    found = [Contestant(PYTORCH, predictor, _batch(predictor, files[0].inputs))]
    for file in files:
        model = LiteRtModel(file.path, file.inputs, file.outputs)
        # With a scale of 1 integers stand for themselves, as without one.
        raw = [x.name for x in file.inputs if x.dtype == "uint8" and x.scale in (None, 1.0)]
        batch = file.inputs[0].shape[0] or 1
        found.append(Contestant(file.name, model.run, batch, frozenset(raw)))
    return found


def _batch(predictor: Predictor, inputs: Sequence[TensorInfo]) -> int:
    """Take as many samples at once as the network can: an exported one's count may be fixed."""
    shapes = {info.name: [size or 1 for size in info.onnx_shape] for info in inputs}
    alone = next(iter(shapes.values()))[0]
    given = {
        info.name: np.zeros((TORCH_BATCH, *shapes[info.name][1:]), _torch_dtype(info))
        for info in inputs
    }
    try:
        found = predictor(given)
    except (AssertionError, DataError, IndexError, RuntimeError, ValueError):
        return alone
    return TORCH_BATCH if {x.shape[:1] for x in found.values()} == {(TORCH_BATCH,)} else alone


def _torch_dtype(info: TensorInfo) -> str:
    """Name what PyTorch takes where the file takes this: pixels are normalised for it."""
    return info.dtype if info.dtype in ("int32", "int64", "bool") else "float32"


def ask(models: Sequence[Contestant], sets: Sets, task: Task) -> dict[str, Answers]:
    """Run every model over both sets, as many models at a time as there are cores.

    Native code holds no lock of Python's while it computes, so threads suffice and the photos are
    in memory once.

    Raises:
        DataError: If an output is NaN or is not what the task decodes.
        InternalError: If another library computes another figure.
    """
    stopped = Event()

    def answer(model: Contestant) -> Answers:
        def predictor(inputs: Inputs) -> Outputs:
            # Between two runs, since nothing ends a thread from outside.
            if stopped.is_set():
                raise CancelledError
            return model.predictor(inputs)

        who = "original model" if model.name == PYTORCH else f"{model.name} file"
        found = [
            measure_accuracy(
                *(predictor, prepared, task),
                batch=model.batch,
                raw=model.raw,
                what=f"{who} on {part} samples",
            )
            for part, prepared in (("test", sets.test), ("validation", sets.validation))
        ]
        return Answers(*found)

    with _single_threaded_torch(), ThreadPoolExecutor(usable_cores()) as pool:
        # Each with this thread's context, which knows who watches the progress.
        found = [pool.submit(copy_context().run, answer, model) for model in models]
        try:
            asked = track(found, "accuracy: models finished", len(models))
            return {model.name: each.result() for model, each in zip(models, asked, strict=True)}
        except BaseException:
            stopped.set()
            raise


def qualities(
    answers: Mapping[str, Answers], task: Task, seed: int
) -> dict[str, dict[str, Quality]]:
    """Judge every model on "test" and "validation", drops counted from PyTorch.

    The validation set is not taken apart: nothing is chosen by a slice or a label.
    """
    test = {name: each.test.evidence for name, each in answers.items()}
    whole = {name: replace(each.validation.evidence, tags={}) for name, each in answers.items()}
    compared = {
        split: stats.compare(task, evidence[PYTORCH], evidence, seed=seed)
        for split, evidence in (("test", test), ("validation", whole))
    }
    found = {
        name: {split: _quality(each[name]) for split, each in compared.items()} for name in answers
    }
    for name, evidence in test.items():
        parts = {"labels": labels_of(task, evidence), "confusion": confusion_of(task, evidence)}
        found[name]["test"] = found[name]["test"].model_copy(update=parts)
    return found


def parity(models: Sequence[Contestant], prepared: PreparedSet) -> dict[str, tuple[Parity, ...]]:
    """Compare the raw outputs of every file with PyTorch's on the first samples of a set."""
    count = min(PARITY_SAMPLES, len(prepared))
    pytorch, *files = models
    expected = _outputs(pytorch, prepared, count)
    return {
        model.name: _parities(model.name, _outputs(model, prepared, count), expected, count)
        for model in files
    }


def _quality(comparison: stats.Comparison) -> Quality:
    slices = {
        tag: Slice(count=each.count, accuracy=_figures(each.accuracy), drop=_figures(each.drop))
        for tag, each in comparison.slices.items()
    }
    return Quality(
        accuracy=_figures(comparison.accuracy),
        drop=_figures(comparison.drop),
        slices=slices,
    )


def _figures(figures: stats.Figures) -> dict[str, Estimate]:
    return {metric: Estimate(**asdict(each)) for metric, each in figures.items()}


def _outputs(model: Contestant, prepared: PreparedSet, count: int) -> Outputs:
    """Run a model on the first samples, one batch after the other."""
    parts = []
    for start in range(0, count, model.batch):
        stop = min(start + model.batch, count)
        inputs = prepared.tensors(range(start, stop), raw=model.raw)
        filled = {
            name: np.concatenate((array, np.repeat(array[-1:], model.batch - len(array), 0)))
            for name, array in inputs.items()
        }
        parts.append({k: v[: stop - start] for k, v in model.predictor(filled).items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _parities(name: str, found: Outputs, expected: Outputs, count: int) -> tuple[Parity, ...]:
    hop = f"{PYTORCH} → {name}"
    compared = [compare(hop, each, [found[each]], [expected[each]], math.inf) for each in expected]
    return tuple(
        Parity(
            hop=hop,
            output=each.output,
            max_relative=each.max_relative,
            rms_relative=each.rms_relative,
            samples=count,
        )
        for each in compared
    )


@contextlib.contextmanager
def _single_threaded_torch() -> Iterator[None]:
    """Leave the other cores to the other models."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
