"""Runs a file of somebody else's on the model's samples, whatever it calls its tensors.

Other tools rename inputs and outputs, and some move the channels last. A tensor is found by its
name, else by its place among those of a fitting shape; its channels are last where only that fits.
Where both orders fit, that counts with which the file's answers are nearer to the model's: a file
that computes something else is not near with either.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from decant.errors import DataError
from decant.runtime import LiteRtModel, describe
from decant.tensors import CHANNELS_LAST, TensorInfo, fits, sizes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Sample = Mapping[str, Array]

MOST_READINGS = 16
"""In how many ways the axes of inputs are read where several fit."""
DECORATION = re.compile(r"^serving_default_|:\d+$")
"""What TensorFlow adds to names."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A file's tensors under the model's, and its answers.

    Attributes:
        inputs: Of the file, in the model's order.
        outputs: The same.
        answers: Samples → the model's outputs, in ONNX axis order.
        notes: What the file calls or lays out differently, a line each.
    """

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    answers: list[list[Array]]
    notes: tuple[str, ...]


def match(
    path: Path, samples: Sequence[Sample], outputs: Sequence[str], expected: list[list[Array]]
) -> Matched:
    """Run a file; to be called in a process of its own, since nobody has run it before.

    Args:
        path: The file.
        samples: By the model's names, in ONNX axis order, all of one size.
        outputs: The model's, by name.
        expected: What the model answers.

    Raises:
        DataError: LiteRT cannot run the file, or its inputs or outputs cannot be the model's.
    """
    own = describe(path)
    found = [
        _run(path, reading, samples, outputs, expected)
        for reading in itertools.islice(_readings(own.inputs, samples[0]), MOST_READINGS)
    ]
    return min(found, key=lambda each: _distance(each.answers, expected))


def _run(
    path: Path,
    reading: Mapping[str, TensorInfo],
    samples: Sequence[Sample],
    outputs: Sequence[str],
    expected: list[list[Array]],
) -> Matched:
    """Run a file with its inputs read in one way."""
    model = LiteRtModel(path, tuple(reading.values()))
    results = [
        model.run({info.name: sample[name] for name, info in reading.items()}) for sample in samples
    ]
    infos, answers = _outputs(model.outputs, results, outputs, expected)
    inputs = tuple(reading.values())
    told = [
        *_notes("input", reading, inputs),
        *_notes("output", outputs, infos),
    ]
    return Matched(inputs, infos, answers, tuple(told))


def _readings(own: Sequence[TensorInfo], sample: Sample) -> Iterator[dict[str, TensorInfo]]:
    """Give the file's tensor for every input of the model, in each way that its axes can be read.

    Raises:
        DataError: If there is none for an input.
    """
    left = list(own)
    ways: list[list[TensorInfo]] = []
    for name, array in sample.items():
        fitting = [(info, _orders(info, array.shape)) for info in left]
        candidates = [(info, orders) for info, orders in fitting if orders]
        named = [each for each in candidates if _plain(each[0].name) == _plain(name)]
        if not candidates:
            raise DataError(
                f"no input of its file can be {name} {sizes(array.shape)} (it has {_listed(own)})"
            )
        info, orders = (named or candidates)[0]
        left.remove(info)
        ways.append(orders)
    for chosen in itertools.product(*ways):
        yield dict(zip(sample, chosen, strict=True))


def _orders(info: TensorInfo, shape: Sequence[int]) -> list[TensorInfo]:
    """The orders of axes in which a tensor of the file can have a shape in ONNX order."""
    last = CHANNELS_LAST.get(len(info.shape))
    both = [info, *([info.model_copy(update={"layout": last})] if last else [])]
    return [each for each in both if fits(shape, each.onnx_shape)]


def _outputs(
    own: Sequence[TensorInfo],
    results: Sequence[Mapping[str, Array]],
    outputs: Sequence[str],
    expected: list[list[Array]],
) -> tuple[tuple[TensorInfo, ...], list[list[Array]]]:
    """Find the model's outputs among a file's.

    Raises:
        DataError: If there is none for an output.
    """
    left, infos = list(own), []
    answers: list[list[Array]] = [[] for _ in results]
    for index, name in enumerate(outputs):
        wanted = [sample[index] for sample in expected]
        named = [info for info in left if _plain(info.name) == _plain(name)]
        candidates = [
            (_distance([read], [wanted]), place, each, read)
            for place, info in enumerate(named or left)
            for each, read in _output_orders(info, [result[info.name] for result in results])
            if [array.shape for array in read] == [array.shape for array in wanted]
        ]
        if not candidates:
            raise DataError(
                f"no output of its file can be {name} {sizes(wanted[0].shape)} "
                f"(it has {_listed(own)})"
            )
        _, _, info, read = min(candidates, key=lambda each: each[:2])
        infos.append(info)
        left = [each for each in left if each.name != info.name]
        for answer, array in zip(answers, read, strict=True):
            answer.append(array)
    return tuple(infos), answers


def _output_orders(
    info: TensorInfo, arrays: Sequence[Array]
) -> Iterator[tuple[TensorInfo, list[Array]]]:
    """The orders of axes in which an output of the file can be read."""
    yield info, list(arrays)
    last = CHANNELS_LAST.get(arrays[0].ndim)
    if last and len(info.shape) == arrays[0].ndim:
        moved = info.model_copy(update={"layout": last})
        yield moved, [moved.to_onnx_order(array) for array in arrays]


def _distance(answers: Sequence[Sequence[Array]], expected: Sequence[Sequence[Array]]) -> float:
    """The largest difference over all, infinite where one is not a number and the other is."""
    worst = 0.0
    for found, wanted in zip(answers, expected, strict=True):
        for a, b in zip(found, wanted, strict=True):
            if a.shape != b.shape:
                return np.inf
            with np.errstate(invalid="ignore"):
                same = (a == b) | (np.isnan(a) & np.isnan(b))
                gap = np.where(same, 0.0, np.abs(a.astype(np.float64) - b.astype(np.float64)))
            worst = max(worst, float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0)))
    return worst


def _plain(name: str) -> str:
    """A name without what TensorFlow adds to it and replaces in it."""
    return re.sub(r"\W", "_", DECORATION.sub("", DECORATION.sub("", name)))


def _notes(
    role: str, names: Sequence[str] | Mapping[str, Any], infos: Sequence[TensorInfo]
) -> Iterator[str]:
    for name, info in zip(names, infos, strict=True):
        order = f", {info.layout.upper()} {sizes(info.shape)}" if info.channels_last else ""
        if info.name != name or order:
            yield f"{role} {name} is its {info.name}{order}"


def _listed(infos: Sequence[TensorInfo]) -> str:
    return ", ".join(f"{info.name} {sizes(info.shape)}" for info in infos) or "none"
