"""`convert` and `quantize`: one step, on a model or on a plain file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from ..artifacts import scratch_folder, updated_folder
from ..errors import DecantError, ParityError, UnsupportedOp, UsageError
from ..files import (
    BEST_FILE,
    CONVERTED,
    PLAN_STATE,
    SIGNATURES,
    SIGNATURES_FOLDER,
    UNVERIFIED_FILE,
)
from ..flatbuffer import Graph, signature_keys
from ..inputs import ImageSection, is_truth, load_arrays, open_arrays
from ..quantization import Plan
from ..runtime import describe
from ..shapes import options_of
from ..source import find_source
from ..spec import load_spec
from .conversion import ConvertOptions, calibration_arrays, convert_network, of_other_sizes
from .file_tensors import inputs_as
from .planning import check_asked, file_score, spec_score
from .project import without_spec
from .routes import Own, entrants_of, forget_earlier, of_others, race
from .signatures import (
    check_one_signature,
    convert_signatures,
    quantize_united,
    several_asked,
)
from .source_model import load_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from decant.convert import ConvertReport, SignaturesReport
    from decant.quantize import QuantizeReport, Recipe, SignaturesQuantizeReport

    from ..inputs.stored import AnyArray
    from ..overrides import Overrides
    from ..paths import AnyPath
    from ..quantization import BorderName
    from ..shapes import AskedShapes, AskedSignatures
    from ..source import Source
    from ..spec import Spec
    from ..tensors import TensorInfo
    from .documents.routes import RoutesReport
    from .documents.single_steps import ConvertedDocument, QuantizedDocument
    from .planning import Score
    from .routes import Keep, Race

    Arrays = Mapping[str, AnyArray]
    Infos = tuple[TensorInfo, ...]

OF_SIGNATURES = (SIGNATURES, SIGNATURES_FOLDER)
OF_ANOTHER_RUN = (UNVERIFIED_FILE, *OF_SIGNATURES)
"""What an earlier conversion may have left in a folder that a file of one signature has not."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A conversion.

    Attributes:
        folder: Where its files lie.
        tflite: The float file; another converter's, where only that could make one.
        report: What was done and how far each hop is off, as `convert.json` has it, or, of a file
            of several signatures, `signatures.json`; None where decant has refused the model.
        routes: What other converters make of the model, as `routes.json` has it; None where they
            were not asked.
    """

    folder: Path
    tflite: Path
    report: ConvertReport | SignaturesReport | None
    routes: RoutesReport | None = None

    def document(self) -> ConvertedDocument:
        """Write it as `--json` does."""
        from .documents.single_steps import ConvertedDocument

        return ConvertedDocument(
            folder=self.folder, tflite=self.tflite, report=self.report, routes=self.routes
        )


@dataclass(frozen=True, slots=True)
class Quantized:
    """The candidates of a model.

    Attributes:
        folder: Where their files lie.
        report: What each is worth, as `quantize.json` has it, or, of a file of several
            signatures, `quantize_signatures.json`.
    """

    folder: Path
    report: QuantizeReport | SignaturesQuantizeReport

    def document(self) -> QuantizedDocument:
        """Write it as `--json` does."""
        from .documents.single_steps import QuantizedDocument

        return QuantizedDocument(folder=self.folder, report=self.report)


def convert(
    source: AnyPath,
    out: AnyPath | None = None,
    *,
    inputs: AnyPath | None = None,
    signatures: AskedSignatures | None = None,
    routes: Sequence[str] = (),
    keep: Keep = "own",
    overrides: Overrides | None = None,
    keep_unverified: bool = False,
    **options: Unpack[ConvertOptions],
) -> Converted:
    """Convert a model or a file to a float `.tflite` and verify it.

    Args:
        source: A zoo model's name, a `model.toml` or its folder, a `.onnx` or a `.pt2`.
        out: Folder to write; `build/NAME/convert` if None.
        inputs: An `.npz` to verify with; a few of the spec's photos, or noise, if None. Where
            there are several signatures its arrays are called "small:image" or the like.
        signatures: Of an `.onnx`, signature → its shapes: one file has them all, and they share
            their weights. A spec states them in `[model.signatures]`.
        routes: Names of other converters that are to try the model too, or "all".
        keep: "best" leaves the fastest verified file too, as `model_best.tflite`, if that is
            another converter's.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.
        keep_unverified: Whether a file that fails its verification is kept in the folder all the
            same, as `model_fp32.unverified.tflite`.
        **options: See `ConvertOptions`.

    Raises:
        DecantError: Of any kind; the folder is then as it was, but for such a file. Where decant
            refuses the model, other converters are asked all the same, and the best file of
            theirs is a result if it is to be kept.
    """
    entrants = entrants_of(routes, keep)
    found = find_source(source, "spec", "onnx", "pt2")
    spec = _asked(_spec(found, overrides), options)
    _check_shapes(spec, options.get("shapes"))
    several = several_asked(
        spec, signatures, {"--routes": routes, "--keep-unverified": keep_unverified}
    )
    out = _folder(found, spec, "convert") if out is None else Path(out)
    arrays: Arrays | None = load_arrays(inputs) if inputs is not None else None
    if several:
        united = convert_signatures(
            found.path, spec, out, asked=signatures or {}, arrays=arrays, options=options
        )
        forget_earlier(out, None)
        return Converted(out, united.tflite, united)
    if spec is not None and arrays is None:
        arrays = calibration_arrays(spec, few=True)
    if keep_unverified:
        options["unverified"] = out / UNVERIFIED_FILE
    model = _model(found, spec)
    taken = _for_others(arrays, pixels=_takes_pixels(spec, options))
    try:
        with updated_folder(out, without=OF_ANOTHER_RUN) as temporary:
            report = _convert(model, spec, temporary, arrays, options)
            tflite = out / report.tflite.name
            raced = None
            if entrants is not None:
                own = Own.of(report)
                raced = race(entrants, own, temporary, source=model, inputs=taken)
    except (UnsupportedOp, ParityError) as refusal:
        if entrants is None:
            raise
        raced = _race_of_others(refusal, entrants, model, out, taken, options)
        return Converted(out, out / BEST_FILE, None, raced)
    forget_earlier(out, raced)
    return Converted(out, tflite, report, raced)


def _race_of_others(
    refusal: UnsupportedOp | ParityError,
    entrants: Race,
    model: Path | nn.Module,
    out: Path,
    inputs: Mapping[str, NDArray[Any]] | None,
    options: ConvertOptions,
) -> RoutesReport:
    """Let the others try a model that decant has refused; the best file of theirs is kept.

    Raises:
        DecantError: The refusal, with what the others made of the model, if no file is kept.
    """
    from decant.convert import as_onnx

    left = () if options.get("unverified") else (UNVERIFIED_FILE,)
    stale = _without_source((*CONVERTED, *OF_SIGNATURES, *left), out, model)
    with (
        scratch_folder("decant-refused-") as scratch,
        updated_folder(out, without=stale) as temporary,
    ):
        try:
            onnx = as_onnx(model, scratch, inputs)
            own = Own.refusal(refusal, onnx, options)
            raced = race(entrants, own, temporary, source=model, inputs=inputs)
        except DecantError as error:
            untried = f"Other converters were not tried: {error}"
            raise type(refusal)(f"{refusal}\n{untried}") from error
        if raced.kept is None:
            raise type(refusal)("\n".join([f"{refusal}", *of_others(raced)]))
    return raced


def _without_source(names: Sequence[str], out: Path, model: Path | nn.Module) -> list[str]:
    """Leave out of names in a folder that of the file that is converted, such as `model.onnx`."""
    if not isinstance(model, Path):
        return [*names]
    return [name for name in names if (out / name).resolve() != model.resolve()]


def _takes_pixels(spec: Spec | None, options: ConvertOptions) -> bool:
    """Say whether the file takes raw pixels, which no other converter's does."""
    sections = () if spec is None else spec.signature.values()
    return options.get("input_dtype") == "uint8" or any(
        section.file_dtype == "uint8" for section in sections
    )


def _for_others(arrays: Arrays | None, *, pixels: bool) -> Mapping[str, NDArray[Any]] | None:
    """Give what other converters verify with: raw pixels on the scale 0…1."""
    if arrays is None:
        return None
    if not pixels:
        return {name: array[:] for name, array in arrays.items()}
    return {name: array[:].astype("float32") / 255 for name, array in arrays.items()}


def quantize(
    source: AnyPath,
    out: AnyPath | None = None,
    *,
    calibration: AnyPath | None = None,
    recipe: AnyPath | None = None,
    plan: Plan | Literal[False] | None = None,
    metric: str | None = None,
    qdq: bool = False,
    borders: BorderName | None = None,
    shapes: AskedShapes | None = None,
    overrides: Overrides | None = None,
) -> Quantized:
    """Make the quantized candidates of a model or a file, and choose one.

    Args:
        source: A zoo model's name, a `model.toml` or its folder, a `.onnx`, `.pt2` or float
            `.tflite`.
        out: Folder to write; `build/NAME/quantize` if None.
        calibration: An `.npz`; a spec's own photos if None, and nothing for a file, of which the
            forms are made that need none. Of a file of several signatures its arrays are called
            "small:image" or the like.
        recipe: The `recipe.json` of an earlier run; the spec's recipes, or all, if None.
        plan: What mixed files, which are searched for besides, have to keep, and for how long to
            search; a spec's own section if None, and for a file with calibration data the usual;
            False searches for none.
        metric: Of a file, `file.py:function`: from the outputs per calibration sample, a list of
            dictionaries of arrays in ONNX axis order, and the arrays of the calibration data that
            are called "truth" or "truth_…", by name, to a number of which more is better.
        qdq: Write candidates with integer weights as ONNX too, as a spec says by
            `quantization.qdq`; not of a file of several signatures.
        borders: What files of known ranges take and give where the float file has floats; what the
            spec says, or floats, if None.
        shapes: See `ConvertOptions`.
        overrides: Values that go before the spec's, by dotted key, such as
            `{"requirements.max_drop": 0.02}`.

    Raises:
        DecantError: Of any kind; the folder is then as it was.
    """
    from decant.quantize import PlanRequest
    from decant.quantize import quantize as quantize_file

    found = find_source(source, "spec", "onnx", "pt2", "tflite")
    spec = _spec(found, overrides)
    _check_shapes(spec, shapes)
    if shapes and found.kind == "tflite":
        raise UsageError(f"{options_of(shapes)}: {source} is converted already; leave it out")
    options: ConvertOptions = {"shapes": shapes} if shapes else {}
    out = _folder(found, spec, "quantize") if out is None else Path(out)
    if spec is not None:
        check_one_signature(spec, "decant convert makes their file, which decant quantize takes")
    if found.kind == "tflite" and len(keys := signature_keys(Graph.from_file(found.path))) > 1:
        if qdq:
            raise UsageError(
                f"--qdq: {source} has {len(keys)} signatures, and an ONNX file has one; give the"
                " file of one signature"
            )
        return Quantized(
            out, quantize_united(found.path, keys, out, calibration=calibration, recipe=recipe)
        )
    check_asked(plan, metric, of_spec=spec is not None, recipe=recipe, calibration=calibration)
    asked_plan = _plan(spec, plan, recipe)
    recipes = _recipes(spec, recipe, asked_plan, borders)
    arrays = _calibration(spec, calibration, recipes)
    arrays, score = _scored(spec, arrays, metric)
    asked = None if arrays is None or asked_plan is None or asked_plan.pure else asked_plan
    corrections = () if spec is None else spec.quantization.corrections
    stale: list[str] = []
    with updated_folder(out, stale) as temporary:
        tflite, inputs, outputs = float_file(found, spec, temporary, arrays, options)
        report = quantize_file(
            tflite,
            temporary,
            calibration=arrays,
            other_sizes=() if spec is None or arrays is None else of_other_sizes(spec, arrays),
            inputs=inputs,
            outputs=outputs,
            recipes=recipes,
            plan=None
            if asked is None
            else PlanRequest(asked, score, out / PLAN_STATE, corrections),
            qdq=qdq or (spec is not None and spec.quantization.qdq),
        )
        stale += report.no_longer_made
    return Quantized(out, report)


def _plan(
    spec: Spec | None,
    asked: Plan | Literal[False] | None,
    recipe: AnyPath | None,
) -> Plan | None:
    """Give what plans have to keep; None where none are searched for."""
    if asked is False or recipe is not None:
        return None
    if asked is not None:
        return asked
    return Plan() if spec is None else spec.quantization.plan


def _scored(
    spec: Spec | None, arrays: Arrays | None, metric: str | None
) -> tuple[Arrays | None, Score | None]:
    """Part truth from calibration data, and give the metric that goes with it."""
    if metric is None:
        return arrays, None if spec is None else spec_score(spec)
    assert arrays is not None  # see `check_asked`
    truth = {name: np.asarray(array) for name, array in arrays.items() if is_truth(name)}
    if not truth:
        raise UsageError(
            "--metric grades outputs by what is right, and the calibration data holds none; add it"
            " to the .npz as an array whose name is truth or begins with truth_"
        )
    given = {name: array for name, array in arrays.items() if not is_truth(name)}
    return given, file_score(metric, truth)


def _spec(source: Source, overrides: Overrides | None) -> Spec | None:
    """Read a source's spec; None of a file, which has none."""
    if source.kind == "spec":
        return load_spec(source.path, overrides)
    without_spec(source.path, overrides)
    return None


def _asked(spec: Spec | None, options: ConvertOptions) -> Spec | None:
    """Let an input type that was asked for go before the spec's."""
    if spec is None or "input_dtype" not in options:
        return spec
    if not isinstance(spec.input, ImageSection):
        raise UsageError("--input-dtype is for a model whose only input is a photo; leave it out")
    section = spec.input.model_copy(update={"dtype": options["input_dtype"]})
    return spec.model_copy(update={"input": section})


def _check_shapes(spec: Spec | None, shapes: AskedShapes | None) -> None:
    """Refuse shapes beside a spec, which states them."""
    if spec is not None and shapes:
        raise UsageError(
            f"{options_of(shapes)}: a spec states the shapes of its inputs; write others there, or "
            "give --set input.shape=[…]"
        )


def _folder(source: Source, spec: Spec | None, command: str) -> Path:
    """Name the folder of one step: apart from a release, whose files must stay those measured."""
    return Path("build", source.path.stem if spec is None else spec.model.name, command)


def _recipes(
    spec: Spec | None, file: AnyPath | None, plan: Plan | None, borders: BorderName | None
) -> Sequence[Recipe] | None:
    """Give the recipes of a file or a spec; None where nobody asks for some.

    Raises:
        UsageError: Borders are asked for beside a recipe file, which says which they are.
    """
    from decant.quantize import OFFERED, RECIPES, load_recipes, spec_recipes

    if file is not None:
        if borders is not None:
            raise UsageError(f"--borders: {file} says what borders are; leave the option out")
        return tuple(load_recipes(file))
    pure = plan is not None and plan.pure
    if spec is None:
        if not pure and borders is None:
            return None
        recipes = (OFFERED["pure_int8"],) if pure else tuple(RECIPES.values())
    else:
        recipes = spec_recipes(spec, pure=pure)
    return recipes if borders is None else tuple(each.with_borders(borders) for each in recipes)


def _calibration(
    spec: Spec | None, file: AnyPath | None, recipes: Sequence[Recipe] | None
) -> Arrays | None:
    """Read or prepare the samples to calibrate and to measure on; None if there are none."""
    if file is not None:
        return {**open_arrays(file)}
    if spec is None:
        return None
    calibrates = any(recipe.needs_calibration for recipe in recipes or ())
    return calibration_arrays(spec, few=not calibrates)


def _model(source: Source, spec: Spec | None) -> Path | nn.Module:
    """Give the file or the network of a source."""
    return source.path if spec is None else load_source(spec)


def _convert(
    model: Path | nn.Module,
    spec: Spec | None,
    out: Path,
    arrays: Arrays | None,
    options: ConvertOptions,
) -> ConvertReport:
    """Convert whatever the model is."""
    if spec is not None:
        if isinstance(model, Path) and model.suffix.lower() == ".tflite":
            raise UsageError(f"{model}: is a .tflite already; decant quantize or tflite takes it")
        return convert_network(spec, model, out, arrays, **options)
    from decant.convert import to_tflite

    return to_tflite(model, out, inputs=arrays, **options)


def float_file(
    source: Source,
    spec: Spec | None,
    out: Path,
    arrays: Arrays | None,
    options: ConvertOptions,
) -> tuple[Path, Infos | None, Infos | None]:
    """Give the float file of a source, and what goes in and out where that was converted here."""
    if source.kind == "tflite":
        return source.path, None, None
    file = None if spec is None else spec.model.file
    if spec is not None and file is not None and file.lower().endswith(".tflite"):
        path = spec.file("model.file", file)
        signature = describe(path)
        return path, inputs_as(spec, signature.inputs), signature.outputs
    report = _convert(_model(source, spec), spec, out, arrays, options)
    return report.tflite, report.inputs, report.outputs
