"""`decant convert` and `decant quantize`: one step, on a model or on a plain file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..artifacts import updated_folder
from ..errors import UsageError
from ..source import find_source
from ..spec import load_spec
from .conversion import calibration_arrays, convert_network, spread

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ..source import Source
    from ..spec import Spec
    from ..tensors import TensorInfo
    from .terminal import Terminal

    Arrays = Mapping[str, NDArray[np.generic]]
    Infos = tuple[TensorInfo, ...]


def convert(
    terminal: Terminal, text: str, out: Path, inputs: Path | None, options: dict[str, Any]
) -> None:
    """Convert a model or a file to a float `.tflite` and verify it.

    Raises:
        DecantError: Of any kind; the folder is then as it was.
    """
    source = find_source(text, "spec", "onnx", "pt2")
    arrays = _arrays(inputs) if inputs is not None else None
    if source.kind == "spec" and arrays is None:
        arrays = calibration_arrays(_spec(source, options), few=True)
    with updated_folder(out) as temporary:
        report = _convert(source, temporary, arrays, options)
        name = report.tflite.name
    for line in report.lines():
        terminal.result(line)
    terminal.result(f"{out / name}")


def quantize(terminal: Terminal, text: str, out: Path, calibration: Path | None) -> None:
    """Make the quantized candidates of a model or a file.

    Raises:
        DecantError: Of any kind; the folder is then as it was.
    """
    source = find_source(text, "spec", "onnx", "pt2", "tflite")
    if calibration is not None:
        arrays = _arrays(calibration)
    elif source.kind == "spec":
        arrays = calibration_arrays(load_spec(source.path))
    else:
        raise UsageError(
            f"{text}: a file needs --calibration X.npz with inputs by name, a hundred samples or so"
        )
    with updated_folder(out) as temporary:
        float_file, inputs, outputs = _float_file(source, temporary, arrays)
        report = importlib.import_module("decant.quantize").quantize(
            float_file, temporary, calibration=arrays, inputs=inputs, outputs=outputs
        )
    for warning in report.warnings:
        terminal.say(f"warning: {warning}")
    for candidate in report.candidates:
        worst = min(candidate.snr_db.items(), key=lambda item: item[1])
        terminal.result(
            f"{candidate.file}: {candidate.size_bytes:,} bytes, "
            f"at least {worst[1]:.1f} dB over the float file ({worst[0]})"
        )


def _arrays(path: Path) -> Arrays:
    """Read inputs by name from an `.npz`."""
    arrays: Arrays = importlib.import_module("decant.quantize").load_calibration(path)
    return arrays


def _spec(source: Source, options: dict[str, Any]) -> Spec:
    """Read a source's spec; an input type that was asked for goes before the spec's."""
    spec = load_spec(source.path)
    if "input_dtype" not in options:
        return spec
    section = spec.input.model_copy(update={"dtype": options["input_dtype"]})
    return spec.model_copy(update={"input": section})


def _convert(source: Source, out: Path, arrays: Arrays | None, options: dict[str, Any]) -> Any:
    """Convert whatever the source is; returns the conversion's report."""
    if source.kind == "spec":
        spec = _spec(source, options)
        network = importlib.import_module("decant.network").load_network(spec)
        return convert_network(spec, network, out, arrays, **options)
    return importlib.import_module("decant.convert").to_tflite(
        source.path, out, inputs=arrays, **options
    )


def _float_file(source: Source, out: Path, arrays: Arrays) -> tuple[Path, Infos, Infos]:
    """Give the float file of a source, converting it if need be, and what goes in and out."""
    if source.kind == "tflite":
        border = importlib.import_module("decant.runtime").describe(source.path)
        return source.path, border.inputs, border.outputs
    few = {name: array[spread(len(array))] for name, array in arrays.items()}
    report = _convert(source, out, few, {})
    return report.tflite, report.inputs, report.outputs
