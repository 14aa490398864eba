"""Finds what a command is asked to work on: a zoo model, a spec, or a model file."""

from __future__ import annotations

import difflib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import DataError, UsageError
from .paths import AnyPath

Kind = Literal["spec", "onnx", "pt2", "tflite"]

KINDS: dict[str, Kind] = {".toml": "spec", ".onnx": "onnx", ".pt2": "pt2", ".tflite": "tflite"}


@dataclass(frozen=True, slots=True)
class Source:
    """What a command works on.

    Attributes:
        path: The spec or model file.
        kind: Which of the two, and in what form.
    """

    path: Path
    kind: Kind


def find_source(text: AnyPath, *kinds: Kind) -> Source:
    """Find a zoo model by name, or a file by path.

    Args:
        text: What the user typed.
        kinds: What the command can work on.

    Raises:
        UsageError: If it names nothing, or something the command has no use for.
        DataError: If the file is missing.
    """
    text = os.fspath(text)
    source = _find(text)
    if source.kind not in kinds:
        forms = ["a zoo model", *(suffix for suffix, kind in KINDS.items() if kind in kinds)]
        raise UsageError(f"{text}: this command takes {' or '.join(forms)}")
    return source


def zoo_models() -> dict[str, Path]:
    """Map the name of each model that ships with decant to its spec."""
    package = importlib.util.find_spec("decant.zoo")
    folders = package.submodule_search_locations if package is not None else None
    specs = [spec for folder in folders or () for spec in Path(folder).glob("*/model.toml")]
    return {spec.parent.name: spec for spec in sorted(specs)}


def _find(text: str) -> Source:
    path = Path(text)
    if path.suffix not in KINDS:
        zoo = zoo_models()
        if text in zoo:
            return Source(zoo[text], "spec")
        close = difflib.get_close_matches(text, zoo, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"the zoo has {', '.join(zoo)}"
        raise UsageError(f"{text}: neither a zoo model nor a {', '.join(KINDS)} file; {hint}")
    if not path.is_file():
        raise DataError(f"{path}: no such file; correct the path")
    return Source(path, KINDS[path.suffix])
