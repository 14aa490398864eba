"""Prepares a spec's photos and converts its network as the spec says."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ..datasets import open_dataset
from ..images import resize, to_tensor
from ..machine import usable_cores
from ..progress import track

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from ..images import Placement
    from ..spec import Spec

PARITY_SAMPLES = 8


def convert_network(
    spec: Spec,
    network: Any,
    out: Path,
    inputs: Mapping[str, NDArray[np.generic]] | None,
    **options: Any,
) -> Any:
    """Convert a spec's network as the spec says; returns the conversion's report."""
    rule = spec.input.rule
    settings = {
        "input_dtype": spec.input.dtype,
        "operators": tuple(spec.path(operators) for operators in spec.model.operators),
        **options,
    }
    if settings["input_dtype"] == "uint8":
        settings["normalization"] = (rule.mean, rule.std)
    return importlib.import_module("decant.convert").to_tflite(
        network, out, inputs=inputs, **settings
    )


def spread(count: int, wanted: int = PARITY_SAMPLES) -> list[int]:
    """Pick indices evenly over a data set, which may be sorted by label."""
    return (
        [index * count // wanted for index in range(wanted)] if count > wanted else [*range(count)]
    )


def calibration_arrays(spec: Spec, *, few: bool = False) -> dict[str, NDArray[np.generic]]:
    """Prepare calibration photos as the file takes them: [samples, C, H, W] by input name.

    Args:
        spec: Whose photos.
        few: Only as many as are verified with.
    """
    jobs = 1 if few else usable_cores()
    dataset = open_dataset(spec.data.calibration, spec.task, spec.folder, jobs=jobs)
    chosen = [dataset[index] for index in spread(len(dataset))] if few else dataset
    photos = track(chosen, "calibration photos", len(chosen))
    tensors = [input_tensor(spec, sample.image)[0] for sample in photos]
    return {spec.input.name: np.stack(tensors)}


def input_tensor(
    spec: Spec, image: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8] | NDArray[np.float32], Placement]:
    """Turn a photo into what the file takes, [C, H, W]: raw pixels or normalised ones."""
    pixels, placement = resize(image, spec.input.rule)
    return to_tensor(pixels, spec.input.rule, raw=spec.input.dtype == "uint8"), placement
