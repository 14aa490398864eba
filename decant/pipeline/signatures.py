"""Several signatures in one file: what is asked for, from a spec or of a file, and its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import DataError, SpecError, UsageError
from ..files import RECIPE
from ..inputs import load_arrays, open_arrays
from ..spec import FORWARD
from .conversion import settings_of
from .source_model import load_source

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from decant.convert import EntryPoint, SignaturesReport
    from decant.quantize import SignaturesQuantizeReport

    from ..inputs.stored import AnyArray
    from ..paths import AnyPath
    from ..shapes import AskedShapes, AskedSignatures
    from ..spec import Spec
    from .conversion import ConvertOptions

    Arrays = Mapping[str, AnyArray]

ONE_FILE = ("shapes", "unverified")
"""Options of a conversion that are of one signature."""


def convert_signatures(
    source: Path,
    spec: Spec | None,
    out: Path,
    *,
    asked: AskedSignatures,
    arrays: Arrays | None,
    options: ConvertOptions,
) -> SignaturesReport:
    """Convert a model to one file of several signatures.

    Args:
        source: An `.onnx`, or a spec.
        spec: What that says.
        out: A folder.
        asked: Of a file, signature → its shapes.
        arrays: To verify with, under names such as "small:image"; before the spec's.
        options: Of each conversion; `shapes` are of all signatures that do not say otherwise.

    Raises:
        DecantError: As `decant.convert.to_signatures` does.
    """
    from decant.convert import to_signatures

    if spec is None:
        entry_points = _of_file(asked, arrays or {}, options.get("shapes", {}))
        return to_signatures(source, out, entry_points, **_alike(options))
    entry_points = _of_spec(spec, arrays or {})
    settings = settings_of(spec, options)
    if settings.get("input_dtype") == "uint8":
        _check_pixels(entry_points)
    return to_signatures(load_source(spec), out, entry_points, **_alike(settings))


def _of_file(asked: AskedSignatures, arrays: Arrays, common: AskedShapes) -> dict[str, EntryPoint]:
    from decant.convert import EntryPoint

    given = by_signature(arrays, asked)
    return {
        name: EntryPoint({**common, **shapes}, given.get(name)) for name, shapes in asked.items()
    }


def _of_spec(spec: Spec, arrays: Arrays) -> dict[str, EntryPoint]:
    from decant.convert import EntryPoint

    given, found = by_signature(arrays, spec.model.signatures), {}
    for name, section in spec.model.signatures.items():
        if name not in given and section.inputs is not None:
            path = spec.file(f"model.signatures.{name}.inputs", section.inputs)
            given[name] = load_arrays(path)
        found[name] = EntryPoint(section.shapes, given.get(name), section.method)
    return found


def _check_pixels(entry_points: Mapping[str, EntryPoint]) -> None:
    """Refuse raw pixels where a method is called that has inputs of its own."""
    for name, each in entry_points.items():
        if each.method != FORWARD:
            raise SpecError(
                f'model.signatures.{name}: dtype = "uint8" is of the photo that {FORWARD} takes,'
                f' and {each.method} has inputs of its own; write dtype = "float32"'
            )


def by_signature(arrays: Arrays, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Part arrays by the signature that their names begin with, as in "small:image".

    Raises:
        DataError: If one is of none.
    """
    found: dict[str, dict[str, Any]] = {}
    for key, array in arrays.items():
        signature, colon, name = key.partition(":")
        if not colon or signature not in names:
            raise DataError(
                f"array {key}: is of none of the signatures {', '.join(names)}; call it"
                f" {next(iter(names))}:{key} or the like"
            )
        found.setdefault(signature, {})[name] = array
    return found


def several_asked(
    spec: Spec | None, asked: AskedSignatures | None, unfit: Mapping[str, object]
) -> bool:
    """Say whether several signatures are asked for, and refuse what cannot go with them.

    Args:
        spec: Of the model, if it has one.
        asked: Of a file.
        unfit: Option that is of one signature → what was given for it.

    Raises:
        UsageError: If there is some.
    """
    if spec is not None and asked:
        raise UsageError(
            "--signature is for an .onnx; a spec states its signatures in [model.signatures]"
        )
    if not (asked or (spec is not None and spec.model.signatures)):
        return False
    given = [option for option, value in unfit.items() if value]
    if given:
        raise UsageError(
            f"{', '.join(given)}: is for a file of one signature; leave it out, or leave the"
            " signatures out"
        )
    return True


def check_one_signature(spec: Spec, advice: str) -> None:
    """Refuse a spec of several signatures where one alone is worked on.

    Raises:
        SpecError: If it has several; the message ends with the advice.
    """
    if spec.model.signatures:
        names = ", ".join(spec.model.signatures)
        raise SpecError(
            f"model.signatures: {names} become one file of several signatures; {advice}, or give"
            " --set model.signatures={} for the spec's own inputs alone"
        )


def quantize_united(
    tflite: Path,
    keys: Collection[str],
    out: Path,
    *,
    calibration: AnyPath | None,
    recipe: AnyPath | None,
) -> SignaturesQuantizeReport:
    """Make the candidates of a file of several signatures.

    Args:
        tflite: The file.
        keys: Its signatures.
        out: A folder.
        calibration: An `.npz` with names such as "small:image".
        recipe: Refused.

    Raises:
        UsageError: If there is a recipe file, which holds the ranges of one signature.
        DecantError: As `decant.quantize.quantize_signatures` does.
    """
    from decant.quantize import quantize_signatures

    if recipe is not None:
        raise UsageError(
            f"{tflite}: holds the signatures {', '.join(keys)}, and a {RECIPE} the ranges of one;"
            " leave --recipe out"
        )
    given = None if calibration is None else by_signature(open_arrays(calibration), keys)
    return quantize_signatures(tflite, out, calibration=given)


def _alike(options: Mapping[str, Any]) -> Any:
    """Leave of options those that go for all signatures."""
    return {key: value for key, value in options.items() if key not in ONE_FILE}
