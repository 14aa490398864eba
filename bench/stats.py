"""How sure a metric and its drop are: bootstrap over the images, paired between models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from decant.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from decant.tasks import Evidence, Task

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


Figures: TypeAlias = "Mapping[str, Estimate]"
"""Per metric; one that the images don't define is left out."""


@dataclass(frozen=True, slots=True)
class Slice:
    """How a model does on the images of one tag.

    Attributes:
        count: Number of images.
        accuracy: Of the model.
        drop: Against the reference; positive is worse.
    """

    count: int
    accuracy: Figures
    drop: Figures


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a model does on the whole set and on each slice; drops as in `Slice`."""

    accuracy: Figures
    drop: Figures
    slices: Mapping[str, Slice]


@dataclass(frozen=True, slots=True)
class _Draws:
    """Every metric on the images as they are, and on each resample of them."""

    value: Mapping[str, float]
    resampled: Mapping[str, NDArray[np.float64]]


def compare(
    task: Task,
    reference: Evidence,
    candidates: Mapping[str, Evidence],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Comparison]:
    """Judge models against a reference, all on the same resamples of the images.

    Slices are resampled within themselves, so their intervals describe a set of their size.

    Args:
        task: That the evidence comes from.
        reference: Of the model that drops are counted from.
        candidates: By name, on the same images in the same order.
        resamples: Number of bootstrap resamples.
        seed: Of the resamples.

    Raises:
        DataError: If evidence is from other images, or the images define no metric.
    """
    for evidence in candidates.values():
        _check_paired(reference, evidence)
    everything = np.ones(len(reference.ids), np.bool_)
    weights = _weights(everything, resamples, seed)
    whole = _judge(task, reference, candidates, weights)
    slices = {
        tag: _judge(task, reference, candidates, _weights(mask, resamples, seed))
        for tag, mask in reference.tags.items()
    }
    counts = {tag: int(mask.sum()) for tag, mask in reference.tags.items()}
    return {
        name: Comparison(*whole[name], {t: Slice(counts[t], *slices[t][name]) for t in slices})
        for name in candidates
    }


def _check_paired(reference: Evidence, evidence: Evidence) -> None:
    if reference.ids == evidence.ids:
        return
    strange = sorted(set(reference.ids) ^ set(evidence.ids))
    reason = f'"{strange[0]}" is in one only' if strange else "in another order"
    raise DataError(
        f"a drop needs the same images for both models ({len(reference.ids)} and "
        f"{len(evidence.ids)}, {reason}); measure both on one data set"
    )


def _weights(mask: NDArray[np.bool_], resamples: int, seed: int) -> NDArray[np.int64]:
    """Draw [1 + resamples, n] counts of each image; the first row is the images as they are."""
    count = int(mask.sum())
    weights = np.zeros((1 + resamples, len(mask)), np.int64)
    weights[0, mask] = 1
    if count:
        drawn = np.random.default_rng(seed).integers(0, count, (resamples, count))
        drawn += np.arange(0, resamples * count, count)[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=resamples * count)
        weights[1:, mask] = counts.reshape(resamples, count)
    return weights


def _judge(
    task: Task,
    reference: Evidence,
    candidates: Mapping[str, Evidence],
    weights: NDArray[np.int64],
) -> dict[str, tuple[Figures, Figures]]:
    """Give accuracy and drop of every candidate on the same draws."""
    before = _draw(task, reference, weights)
    result = {}
    for name, evidence in candidates.items():
        draws = before if evidence is reference else _draw(task, evidence, weights)
        result[name] = (_accuracy(draws), _drop(task, before, draws))
    return result


def _draw(task: Task, evidence: Evidence, weights: NDArray[np.int64]) -> _Draws:
    metrics = task.figures(evidence, weights)
    values = {name: float(row[0]) for name, row in metrics.items() if np.isfinite(row[0])}
    return _Draws(values, {name: metrics[name][1:] for name in values})


def _accuracy(draws: _Draws) -> Figures:
    return {name: _estimate(value, draws.resampled[name]) for name, value in draws.value.items()}


def _drop(task: Task, before: _Draws, after: _Draws) -> Figures:
    return {
        each.name: _estimate(
            each.drop(before.value[each.name], after.value[each.name]),
            each.drop(before.resampled[each.name], after.resampled[each.name]),
        )
        for each in task.metrics
        # One that an endless output leaves without a figure has no drop either.
        if each.name in before.value and each.name in after.value
    }


def _estimate(value: float, resampled: NDArray[np.float64]) -> Estimate:
    """Take the percentile interval (Efron 1981) over the resamples that define the metric."""
    tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    low, high = np.quantile(resampled[np.isfinite(resampled)], tails)
    return Estimate(value, float(low), float(high))
