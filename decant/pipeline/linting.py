"""`lint`: what will hurt when a model is quantized, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..artifacts import read_json, scratch_folder
from ..errors import UsageError
from ..files import CONVERSION, FLOAT_FILE
from ..inputs import load_arrays
from ..shapes import options_of
from ..source import find_source
from ..tensors import TensorInfo
from .conversion import calibration_arrays
from .project import locked, open_project, without_spec
from .signatures import check_one_signature
from .single_steps import float_file
from .stages import Stages

if TYPE_CHECKING:
    from decant.quantize.lint import LintReport

    from ..overrides import Overrides
    from ..paths import AnyPath
    from ..shapes import AskedShapes
    from ..source import Source
    from .conversion import ConvertOptions
    from .documents.linting import LintedDocument


@dataclass(frozen=True, slots=True)
class Linted:
    """What was found of a model.

    Attributes:
        model: The spec's name of it, or the file's path.
        report: All findings, and what was looked for.
    """

    model: str
    report: LintReport

    def document(self) -> LintedDocument:
        """Write it as `--json` does."""
        from .documents.linting import LintedDocument

        return LintedDocument(model=self.model, report=self.report)


def lint(
    source: AnyPath,
    *,
    calibration: AnyPath | None = None,
    shapes: AskedShapes | None = None,
    overrides: Overrides | None = None,
) -> Linted:
    """Say what will hurt when a model is quantized, before anything is.

    Of a spec's model the float file is kept in `build/NAME/.cache`, where the next command finds
    it; otherwise nothing is written.

    Args:
        source: A zoo model's name, a `model.toml` or its folder, a `.onnx`, `.pt2` or float
            `.tflite`.
        calibration: An `.npz`; a spec's own samples if None, and nothing for a file, of which only
            the graph and the weights are looked at.
        shapes: See `ConvertOptions`.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Raises:
        DecantError: Of any kind.
    """
    found = find_source(source, "spec", "onnx", "pt2", "tflite")
    if found.kind != "spec":
        without_spec(found.path, overrides)
        return _of_file(found, calibration, shapes)
    if shapes:
        raise UsageError(
            f"{options_of(shapes)}: a spec states the shapes of its inputs; write others there, or"
            " give --set input.shape=[…]"
        )
    return _of_spec(source, calibration, overrides)


def _of_file(found: Source, calibration: AnyPath | None, shapes: AskedShapes | None) -> Linted:
    """Lint a file, which is converted first unless it is a `.tflite`."""
    from decant.quantize.lint import lint as lint_file

    if shapes and found.kind == "tflite":
        raise UsageError(f"{options_of(shapes)}: {found.path} is converted already; leave it out")
    arrays = None if calibration is None else load_arrays(calibration)
    options: ConvertOptions = {"shapes": shapes} if shapes else {}
    with scratch_folder("decant-lint-") as folder:
        tflite, inputs, outputs = float_file(found, None, folder, arrays, options)
        report = lint_file(tflite, calibration=arrays, inputs=inputs, outputs=outputs)
    return Linted(str(found.path), report)


def _of_spec(source: AnyPath, calibration: AnyPath | None, overrides: Overrides | None) -> Linted:
    """Lint the model of a spec; an earlier command's float file serves if nothing has changed."""
    from decant.quantize import spec_recipes
    from decant.quantize.lint import MOST_SAMPLES
    from decant.quantize.lint import lint as lint_file

    project = open_project(source, None, overrides)
    spec = project.spec
    check_one_signature(spec, "decant convert makes their file, which decant lint takes")
    recipes = spec_recipes(spec)
    with locked(project.out):
        folder = Stages(project).converted.folder
        if calibration is None:
            given = calibration_arrays(spec, most=MOST_SAMPLES)
            arrays = {name: array[:] for name, array in given.items()}
        else:
            arrays = load_arrays(calibration)
        conversion = read_json(folder / CONVERSION)
        inputs, outputs = (
            tuple(TensorInfo.model_validate(each) for each in conversion[side])
            for side in ("inputs", "outputs")
        )
        report = lint_file(
            Path(folder, FLOAT_FILE),
            calibration=arrays,
            inputs=inputs,
            outputs=outputs,
            recipes=recipes,
        )
    return Linted(spec.model.name, report)
