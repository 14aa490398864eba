"""`decant convert` and `decant quantize`: one step, on a model or on a plain file."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..artifacts import updated_folder
from ..inputs import load_arrays
from ..source import find_source
from ..spec import load_spec
from .conversion import calibration_arrays, convert_network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..source import Source
    from ..spec import Spec
    from ..tensors import TensorInfo
    from .terminal import Terminal

    Arrays = Mapping[str, NDArray[np.generic]]
    Infos = tuple[TensorInfo, ...]


def convert(
    terminal: Terminal, text: str, out: Path | None, inputs: Path | None, options: dict[str, Any]
) -> None:
    """Convert a model or a file to a float `.tflite` and verify it.

    Args:
        terminal: Where the outcome is shown.
        text: What the user typed.
        out: Folder to write; `build/NAME/convert` if None.
        inputs: An `.npz` to verify with; a few of the spec's photos if None.
        options: Of `decant.convert.to_tflite`.

    Raises:
        DecantError: Of any kind; the folder is then as it was.
    """
    source = find_source(text, "spec", "onnx", "pt2")
    out = out or _folder(source, "convert")
    arrays = load_arrays(inputs) if inputs is not None else None
    if source.kind == "spec" and arrays is None:
        arrays = calibration_arrays(_spec(source, options), few=True)
    with updated_folder(out) as temporary:
        report = _convert(source, temporary, arrays, options)
        name = report.tflite.name
    for line in report.lines():
        terminal.result(line)
    terminal.result(f"{out / name}")


def quantize(
    terminal: Terminal, text: str, out: Path | None, calibration: Path | None, recipe: Path | None
) -> None:
    """Make the quantized candidates of a model or a file.

    Args:
        terminal: Where the outcome is shown.
        text: What the user typed.
        out: Folder to write; `build/NAME/quantize` if None.
        calibration: An `.npz`; a spec's own photos if None, and nothing for a file, of which the
            forms are made that need none.
        recipe: The `recipe.json` of an earlier run; the spec's recipes, or all, if None.

    Raises:
        DecantError: Of any kind; the folder is then as it was.
    """
    source = find_source(text, "spec", "onnx", "pt2", "tflite")
    out = out or _folder(source, "quantize")
    recipes = _recipes(source, recipe)
    arrays = _calibration(source, calibration, recipes)
    with updated_folder(out) as temporary:
        float_file, inputs, outputs = _float_file(source, temporary, arrays)
        report = importlib.import_module("decant.quantize").quantize(
            float_file,
            temporary,
            calibration=arrays,
            inputs=inputs,
            outputs=outputs,
            recipes=recipes,
        )
    for warning in report.warnings:
        terminal.say(f"warning: {warning}")
    for note in report.notes:
        terminal.say(f"note: {note}")
    importlib.import_module("decant.cli.tables").show_candidates(terminal, report, out)


def _folder(source: Source, command: str) -> Path:
    """Name the folder of one step: apart from a release, whose files must stay those measured."""
    name = load_spec(source.path).model.name if source.kind == "spec" else source.path.stem
    return Path("build", name, command)


def _recipes(source: Source, file: Path | None) -> Sequence[Any] | None:
    """Give the recipes of a file or a spec; None where nobody asks for some."""
    quantize = importlib.import_module("decant.quantize")
    if file is not None:
        return tuple(quantize.load_recipes(file))
    if source.kind == "spec":
        return tuple(quantize.spec_recipes(load_spec(source.path)))
    return None


def _calibration(source: Source, file: Path | None, recipes: Sequence[Any] | None) -> Arrays | None:
    """Read or prepare the samples to calibrate and to measure on; None if there are none."""
    if file is not None:
        return load_arrays(file)
    if source.kind == "spec":
        calibrates = any(recipe.needs_calibration for recipe in recipes or ())
        return calibration_arrays(load_spec(source.path), few=not calibrates)
    return None


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


def _float_file(
    source: Source, out: Path, arrays: Arrays | None
) -> tuple[Path, Infos | None, Infos | None]:
    """Give the float file of a source, and what goes in and out where that was converted here."""
    if source.kind == "tflite":
        return source.path, None, None
    report = _convert(source, out, arrays, {})
    return report.tflite, report.inputs, report.outputs
