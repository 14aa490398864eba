"""Prepares a spec's samples and converts its network as the spec says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from ..datasets import open_dataset
from ..errors import SpecError
from ..inputs import cut_runs
from ..inputs.fitting import stored_tensors, tensors
from ..inputs.sizes import resized
from ..machine import usable_cores
from ..progress import track
from ..tensors import TensorInfo, sizes
from .file_tensors import declared_tensors, inputs_as

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from decant.convert import ConvertReport

    from ..inputs.stored import AnyArray
    from ..paths import AnyPath
    from ..shapes import AskedShapes
    from ..spec import Spec

PARITY_SAMPLES = 8
SAMPLES_OF_OTHER_SIZES = 2


class ConvertOptions(TypedDict, total=False):
    """What may be asked of a conversion, as keyword arguments.

    Attributes:
        input_layout: "nhwc", the default, puts the channels of spatial inputs last; "keep" leaves
            the axes alone.
        output_layout: Likewise, of outputs.
        input_dtype: "uint8" takes raw camera pixels; the spec's, or "float32", if not given.
        shapes: Of a file without a spec, input name → sizes in ONNX axis order, which fix what it
            leaves free; None stays free, even of a batch, which becomes 1 otherwise.
        tolerance: Relative error that is still called equal; 1e-4 if not given.
        operators: Python files with lowerings and rewrites of the user's own.
        rewrites: Bounded rewrites to apply beside the exact ones.
        without: Rewrites to leave out.
        allow_flex: Let TensorFlow ops stay, which need a runtime with Flex.
        unverified: Where the float file is kept if it fails its verification.
    """

    input_layout: Literal["nhwc", "keep"]
    output_layout: Literal["nhwc", "keep"]
    input_dtype: Literal["float32", "uint8"]
    shapes: AskedShapes
    tolerance: float
    operators: Sequence[AnyPath]
    rewrites: Sequence[str]
    without: Sequence[str]
    allow_flex: bool
    unverified: AnyPath


def convert_network(
    spec: Spec,
    network: nn.Module | Path,
    out: Path,
    inputs: Mapping[str, AnyArray] | None,
    **options: Unpack[ConvertOptions],
) -> ConvertReport:
    """Convert a spec's network as the spec says; returns the conversion's report.

    Raises:
        SpecError: If a given ONNX file has other inputs than the spec.
    """
    from decant.convert import to_tflite

    if isinstance(network, Path) and network.suffix.lower() == ".onnx":
        _check_inputs(spec, network)
    settings: dict[str, Any] = {
        "free_sizes": spec.free_sizes,
        "other_sizes": of_other_sizes(spec, inputs or {}),
        **settings_of(spec, options),
    }
    if isinstance(network, Path):
        settings["shapes"] = {name: spec.stated_shape(name) for name in spec.signature}
    return to_tflite(network, out, inputs=inputs, **settings)


def settings_of(spec: Spec, options: ConvertOptions) -> dict[str, Any]:
    """Collect what a spec says of a conversion beside sizes; options go before."""
    settings: dict[str, Any] = {
        "operators": tuple(spec.path(operators) for operators in spec.model.operators),
        "rewrites": spec.model.rewrites,
        "without": spec.model.without,
        **options,
    }
    for section in spec.signature.values():
        dtype = settings.get("input_dtype", section.file_dtype)
        if dtype is not None:
            settings["input_dtype"] = dtype
        if dtype == "uint8" and section.normalization is not None:
            settings["normalization"] = section.normalization
    return settings


def _check_inputs(spec: Spec, file: Path) -> None:
    """Hold an ONNX file to the inputs that a spec states."""
    for info in inputs_as(spec, declared_tensors(file)[0]):
        if info.layout != "keep":
            raise SpecError(
                f"input {info.name} has its channels last in {file.name}, {sizes(info.shape)}; put "
                "a Transpose before it, so that they come first"
            )


def of_other_sizes(
    spec: Spec, arrays: Mapping[str, AnyArray]
) -> list[Mapping[str, NDArray[np.generic]]]:
    """Make a few samples of every size that a spec says to test beside the first."""
    others = spec.other_sizes
    if not (others and arrays):
        return []
    infos = [
        TensorInfo(
            name=name,
            shape=spec.stated_shape(name),
            dtype=str(arrays[name].dtype) if name in arrays else "float32",
        )
        for name in spec.signature
    ]
    few = cut_runs(arrays, infos)[:SAMPLES_OF_OTHER_SIZES]
    return [resized(few, spec.free_sizes, sizes) for sizes in others]


def spread(count: int, wanted: int = PARITY_SAMPLES) -> list[int]:
    """Pick indices evenly over a data set, which may be sorted by label."""
    return (
        [index * count // wanted for index in range(wanted)] if count > wanted else [*range(count)]
    )


def calibration_arrays(
    spec: Spec, *, few: bool = False, most: int | None = None
) -> dict[str, AnyArray]:
    """Prepare calibration samples as the file takes them: [samples, …] by input name.

    They lie in a temporary file if there are more than a few.

    Args:
        spec: Whose samples.
        few: Only as many as are verified with.
        most: Only so many, evenly spaced; None for all.
    """
    jobs = 1 if few else usable_cores()
    most = PARITY_SAMPLES if few else most
    source, task = spec.data.calibration, spec.open_task()
    dataset = open_dataset(source, task, spec.folder, inputs=spec.signature, jobs=jobs)
    chosen = dataset if most is None else [dataset[at] for at in spread(len(dataset), most)]
    samples = track(chosen, "calibration samples", len(chosen))
    if few:
        return {**tensors(samples, spec.signature)}
    return {**stored_tensors(samples, spec.signature)}
