"""What the integer form learns where there are only inputs: to give what the float file gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from decant.errors import DataError
from decant.parity import signal_to_noise_db
from decant.training import Objective, Recipe, Settings

from ..slices import CONSTANT, Slices, groups_of

if TYPE_CHECKING:
    from decant.torch_form import TorchForm

Sample: TypeAlias = "dict[str, Tensor]"
Outputs: TypeAlias = "dict[str, Tensor]"

MIXED_SHARE = 0.5
"""Of the samples of a batch that are mixed with another one: the teacher knows the truth of these,
too, and a hundred calibration samples are learned by heart otherwise."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """How much each part of an output counts.

    Attributes:
        axis: Of the output, along which parts differ, or None.
        weights: Per index of the axis, or [1]: one over the part's variance, so that each part of
            each output has the same say however small its values are.
    """

    axis: int | None
    weights: Tensor

    def loss(self, found: Tensor, taught: Tensor) -> Tensor:
        """Give the noise in units of the teacher's signal, the mean over the parts."""
        squares = (found - taught).square()
        if self.axis is None:
            return squares.mean() * self.weights[0]
        others = [axis for axis in range(squares.ndim) if axis != self.axis]
        return (squares.mean(others) * self.weights).sum()


def weighing_of(arrays: Sequence[np.ndarray[Any, Any]]) -> Weighing | None:
    """Weigh an output by the teacher's values; None where it is of integers or never varies.

    Values that differ from place to place but are the same for every sample teach nothing.
    """
    if arrays[0].dtype.kind != "f" or not arrays[0].size or _repeats(arrays):
        return None
    # Channels come last, and count where no other axis parts the values better.
    axes = [axis for axis in range(arrays[0].ndim - 1, 0, -1) if arrays[0].shape[axis] > 1]
    cuts = [each for axis in axes if (each := Slices.of(arrays, axis)).count > 1]
    found = [(each, groups) for each in cuts if (groups := groups_of(each))]
    if not found:
        whole = Slices.of(arrays, None)
        return Weighing(None, torch.tensor(1 / whole.variance, dtype=torch.float32))
    slices, groups = max(found, key=lambda pair: len(pair[1]))
    weights = np.zeros(len(slices.low))
    for group in groups:
        variance = slices.variance[group.members].mean()
        weights[group.members] = 1 / (variance * len(group.members) * len(groups))
    return Weighing(slices.axis, torch.tensor(weights, dtype=torch.float32))


def _repeats(arrays: Sequence[np.ndarray[Any, Any]]) -> bool:
    """Whether an output is the same for all samples; of a single one, the same in every place."""
    if len(arrays) == 1:
        return not Slices.of(arrays, None).live.any()
    first = arrays[0]
    floor = CONSTANT * float(np.abs(first).max())
    return all(
        each.shape == first.shape and float(np.abs(each - first).max()) <= floor
        for each in arrays[1:]
    )


class Teaching(Recipe[Sample]):
    """Calibration inputs as training data: batches, and figures on what is held out.

    Attributes:
        teacher: The float file.
        together: Whether several samples can be computed at once.
    """

    def __init__(
        self,
        teacher: TorchForm,
        samples: Sequence[Sample],
        held_out: Sequence[Sample],
        settings: Settings,
    ) -> None:
        self._settings = settings
        self.teacher, self.samples, self.held_out = teacher, samples, held_out
        teacher.requires_grad_(False)
        with torch.no_grad():
            self.truths = [teacher(sample) for sample in held_out]
            known = [teacher(sample) for sample in samples[:64]]
        self.weighings = {
            name: found
            for name in known[0]
            if (found := weighing_of([each[name].numpy() for each in known])) is not None
        }
        if not self.weighings:
            raise DataError(
                "no output of the float file varies over the calibration data, so that there is"
                " nothing to learn from; give real samples"
            )
        self.together = _computes_together(teacher, samples)

    def settings(self, role: str) -> Settings:
        """Give those that it was made with."""
        return self._settings

    def model(self, role: str) -> nn.Module:
        """Give the teacher: the student is the integer form of it."""
        return self.teacher

    def batch(self, settings: Settings, step: int) -> Sample:
        """Draw samples, and mix half of them with others; the same for the same step."""
        random = np.random.default_rng((settings.seed, step))
        pairs = random.integers(len(self.samples), size=(settings.batch_size, 2))
        shares = random.uniform(0.5, 1, settings.batch_size)
        shares[random.uniform(size=settings.batch_size) >= MIXED_SHARE] = 1.0
        drawn = [
            _mixed(self.samples[one], self.samples[other], float(share))
            for (one, other), share in zip(pairs.tolist(), shares, strict=True)
        ]
        return {name: torch.stack([each[name] for each in drawn]) for name in drawn[0]}

    def inputs(self, batch: Sample) -> Tensor:
        """Give the first input."""
        return next(iter(batch.values()))

    def loss(self, outputs: Sequence[tuple[Outputs, Outputs]], batch: Sample) -> dict[str, Tensor]:
        """Give the noise of each output, in units of its signal."""
        return {
            name: torch.stack(
                [each.loss(found[name], taught[name]) for found, taught in outputs]
            ).mean()
            for name, each in self.weighings.items()
        }

    def pairs(self, model: nn.Module, batch: Sample) -> Iterator[tuple[Outputs, Outputs]]:
        """Compute what the student and the teacher give of a batch."""
        for sample in self._runs(batch):
            with torch.no_grad():
                taught = self.teacher(sample)
            yield model(sample), taught

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Measure the signal-to-noise ratio of the weakest output on what is held out."""
        with torch.no_grad():
            found = [model(sample) for sample in self.held_out]
        ratios = [
            _ratio([(a[name], b[name]) for a, b in zip(self.truths, found, strict=True)], weighing)
            for name, weighing in self.weighings.items()
        ]
        return {"snr_db": min(ratios)}

    def _runs(self, batch: Sample) -> list[Sample]:
        count = len(next(iter(batch.values())))
        if self.together:
            return [{name: value.flatten(0, 1) for name, value in batch.items()}]
        return [{name: value[at] for name, value in batch.items()} for at in range(count)]


def _ratio(pairs: Sequence[tuple[Tensor, Tensor]], weighing: Weighing) -> float:
    """Give the ratio of the parts together, each in units of its own signal."""
    noise = float(np.mean([float(weighing.loss(b, a)) for a, b in pairs]))
    return signal_to_noise_db(1.0, noise)


def _mixed(one: Sample, other: Sample, share: float) -> Sample:
    """Blend the reals of two samples; what is counted or chosen stays the first one's."""
    if share == 1.0:
        return one
    return {
        name: torch.lerp(other[name], value, share)
        if value.is_floating_point()
        else _mixed_pixels(value, other[name], share)
        for name, value in one.items()
    }


def _mixed_pixels(one: Tensor, other: Tensor, share: float) -> Tensor:
    if one.dtype != torch.uint8:
        return one
    return torch.lerp(other.float(), one.float(), share).round().to(torch.uint8)


def _computes_together(teacher: TorchForm, samples: Sequence[Sample]) -> bool:
    """Whether samples joined along the first axis give what each of them gives alone.

    Sizes that are written into a graph can be those of one sample.
    """
    two = [samples[0], samples[-1]]
    if any(value.ndim == 0 for value in samples[0].values()):
        return False
    joined = {name: torch.cat([each[name] for each in two]) for name in two[0]}
    try:
        with torch.no_grad():
            both, alone = teacher(joined), [teacher(each) for each in two]
    except (RuntimeError, IndexError):
        return False
    return all(
        len(value) == 2 * len(alone[0][name])
        and torch.allclose(value, torch.cat([each[name] for each in alone]), rtol=1e-3, atol=1e-5)
        for name, value in both.items()
    )


class Taught(Objective[Sample]):
    """The integer form under the float file."""

    def __init__(self, teaching: Teaching, student: nn.Module) -> None:
        super().__init__()
        self.teaching, self.model = (teaching,), student

    def losses(self, batch: Sample) -> Mapping[str, Tensor]:  # type: ignore[override]
        """Give the noise of each output."""
        (teaching,) = self.teaching
        return teaching.loss(list(teaching.pairs(self.model, batch)), batch)
