"""Converts several entry points of one model to one file, as signatures that share its weights."""

from __future__ import annotations

import copy
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from decant.artifacts import updated_folder, write_bytes, write_text
from decant.errors import UsageError
from decant.files import (
    CONVERSION,
    FLOAT_FILE,
    SAVED_MODEL,
    SIGNATURES,
    SIGNATURES_FOLDER,
    TRACE,
    UNVERIFIED_FILE,
)
from decant.flatbuffer import Graph, united
from decant.runtime_signatures import OwnFile, held_to_own, of_signature
from decant.shapes import SIGNATURE_NAME, SIGNATURE_NAME_TEXT
from decant.spec import FORWARD

from .conversion import TOLERANCE, to_tflite
from .report import SignaturesReport, moved_signatures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from numpy.typing import NDArray

    from decant.paths import AnyPath
    from decant.shapes import AskedShapes

    from .report import ConvertReport

    Array = NDArray[Any]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One way to call a model, which becomes a signature of the file.

    Attributes:
        shapes: Of a file, see `to_tflite`.
        inputs: To verify with, see `to_tflite`; a module needs them.
        method: Of a module, which of its methods is called.
    """

    shapes: AskedShapes = field(default_factory=dict)
    inputs: Mapping[str, Array] | None = None
    method: str = FORWARD


class SignatureOptions(TypedDict, total=False):
    """What may be asked of all signatures alike; see `to_tflite`."""

    input_layout: str
    output_layout: str
    input_dtype: str
    normalization: tuple[Sequence[float], Sequence[float]] | None
    tolerance: float
    allow_flex: bool
    rewrites: Sequence[str]
    without: Sequence[str]
    operators: Sequence[AnyPath]


def to_signatures(
    source: AnyPath | torch.nn.Module,
    out: AnyPath,
    entry_points: Mapping[str, EntryPoint],
    **options: Unpack[SignatureOptions],
) -> SignaturesReport:
    """Convert a model to one float TFLite file with a signature for each of its entry points.

    Each is converted and verified by itself, as `to_tflite` does, into `signatures/NAME`. Then the
    files become one, in which equal constants are stored once, and every signature of that is held
    to the file of its own.

    Args:
        source: An `.onnx` file, or a module in evaluation mode.
        out: Folder for `model_fp32.tflite`, `signatures.json` and `signatures/`.
        entry_points: Name of the signature → what it is.
        **options: Of each conversion.

    Raises:
        UsageError: A name is none, or an entry point does not fit the source.
        DecantError: As `to_tflite` raises it; the message names the signature.
    """
    _check(source, entry_points)
    tolerance = options.get("tolerance", TOLERANCE)
    target = Path(out)
    stale = [CONVERSION, TRACE, SAVED_MODEL, UNVERIFIED_FILE]
    with updated_folder(target, without=stale) as stage:
        reports: dict[str, ConvertReport] = {}
        for name, entry_point in entry_points.items():
            logger.info("signature %s …", name)
            with of_signature(name):
                reports[name] = to_tflite(
                    _called(source, entry_point.method),
                    stage / SIGNATURES_FOLDER / name,
                    shapes=entry_point.shapes,
                    inputs=entry_point.inputs,
                    **options,
                )
        report = _unite(stage / FLOAT_FILE, entry_points, reports, tolerance)
        write_text(stage / SIGNATURES, report.model_dump_json(indent=2) + "\n")
    return moved_signatures(report, stage, target)


def entry_point_of(module: torch.nn.Module, method: str) -> torch.nn.Module:
    """Give a module that is called as a method of another; it shares everything with that.

    Raises:
        UsageError: If the module has no such method.
    """
    import torch

    function = getattr(type(module), method, None)
    if not callable(function):
        kind = type(module)
        own = [name for name in dir(kind) if not hasattr(torch.nn.Module, name)]
        methods = ", ".join(name for name in own if callable(getattr(kind, name))) or "none"
        raise UsageError(
            f"{kind.__name__} has no method {method}; its methods beside {FORWARD}: {methods}"
        )
    called = copy.copy(module)
    vars(called)[FORWARD] = MethodType(function, called)
    return called


def _called(source: Any, method: str) -> Any:
    if method == FORWARD:
        return source
    return entry_point_of(source, method)


def _check(source: Any, entry_points: Mapping[str, EntryPoint]) -> None:
    """Refuse what is no set of entry points of the source."""
    if not entry_points:
        raise UsageError("no signature is asked for; name one or more, or convert without any")
    is_file = isinstance(source, str | os.PathLike)
    if is_file and Path(source).suffix.lower() != ".onnx":
        raise UsageError(f"{source}: signatures are of an .onnx file or a module; export it as one")
    for name, entry_point in entry_points.items():
        if not SIGNATURE_NAME.fullmatch(name):
            raise UsageError(f"signature {name!r}: a name is {SIGNATURE_NAME_TEXT}; rename it")
        if is_file and entry_point.method != FORWARD:
            raise UsageError(
                f"signature {name}: {source} has no method {entry_point.method}, as a module has;"
                " name a factory, or leave the method out"
            )


def _unite(
    tflite: Path,
    entry_points: Mapping[str, EntryPoint],
    reports: Mapping[str, ConvertReport],
    tolerance: float,
) -> SignaturesReport:
    """Write the one file, and hold each of its signatures to the file of its own."""
    graph = united({name: Graph.from_file(each.tflite) for name, each in reports.items()})
    lowest_runtime = graph.lowest_runtime
    write_bytes(tflite, graph.to_bytes())
    files = {
        name: OwnFile(each.tflite, each.inputs, each.outputs) for name, each in reports.items()
    }
    runs = {name: each.runs(entry_points[name].inputs) for name, each in files.items()}
    parities = held_to_own(tflite, files, runs, tolerance)
    return SignaturesReport(
        tflite=tflite,
        size_bytes=tflite.stat().st_size,
        signatures={
            name: each.model_copy(update={"parity": (*each.parity, *parities[name])})
            for name, each in reports.items()
        },
        alone_bytes={name: each.tflite.stat().st_size for name, each in reports.items()},
        lowest_runtime=lowest_runtime,
    )
