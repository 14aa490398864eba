"""Finds what a command is asked to work on: a zoo model, a spec, or a model file."""

from __future__ import annotations

import difflib
import importlib.util
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import DataError, UsageError
from .files import SAVED_MODEL_PB, SPEC
from .paths import AnyPath, content_fault, no_file

Kind = Literal["spec", "onnx", "pt2", "tflite"]

KINDS: dict[str, Kind] = {".toml": "spec", ".onnx": "onnx", ".pt2": "pt2", ".tflite": "tflite"}
FORMS: dict[Kind, str] = {"spec": f"a {SPEC}", "onnx": ".onnx", "pt2": ".pt2", "tflite": ".tflite"}

EXPLANATION = "docs/reference/model.toml.md in decant's repository says what a spec is"

ALONE = "Without one, decant convert {file} makes a .tflite of it, and decant quantize {file} more"
# What can be done with a file that a command has no use for.
OTHERWISE: dict[Kind, str] = {
    "spec": "",
    "onnx": ALONE + "; a spec takes the PyTorch network that it was exported from",
    "pt2": ALONE + "; in a spec, a factory may return torch.export.load(…).module() of it",
    "tflite": "Of a .tflite, decant quantize {file} makes smaller ones, and decant bench {file} "
    "measures it; a spec takes the PyTorch network that it was made from",
}

CHECKPOINT = (
    "is a checkpoint, weights without the network that they belong to; name both in a model.toml, "
    "or export the network with torch.onnx.export or torch.export.save and give that file"
)
TENSORFLOW = "is a TensorFlow model; decant starts from PyTorch or ONNX"
CODE = "is code; name it in a model.toml, as factory"
STRANGERS = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin", ".safetensors"), CHECKPOINT),
    **dict.fromkeys((".pb", ".h5", ".keras"), TENSORFLOW),
    **dict.fromkeys((".py", ".ipynb"), CODE),
    **dict.fromkeys((".npz", ".npy"), "holds arrays; --calibration and --inputs take an .npz"),
}


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
    """Find a zoo model by name, or a file by path; a folder stands for the `model.toml` in it.

    Args:
        text: What the user typed.
        kinds: What the command can work on.

    Raises:
        UsageError: If it names nothing, or something the command has no use for.
        DataError: If the file is missing, or another than its name says.
    """
    text = os.fspath(text)
    source = _find(text, kinds)
    fault = None if source.kind == "spec" else content_fault(source.path)
    if fault is not None:
        raise DataError(f"{source.path}: {fault}")
    if source.kind not in kinds:
        otherwise = OTHERWISE[source.kind].format(file=shlex.quote(text))
        raise UsageError(f"{text}: this command takes {_forms(kinds)}. {otherwise}. {EXPLANATION}")
    return source


def zoo_models() -> dict[str, Path]:
    """Map the name of each model that ships with decant to its spec."""
    package = importlib.util.find_spec("decant.zoo")
    folders = package.submodule_search_locations if package is not None else None
    specs = [spec for folder in folders or () for spec in Path(folder).glob(f"*/{SPEC}")]
    return {spec.parent.name: spec for spec in sorted(specs)}


def _find(text: str, kinds: tuple[Kind, ...]) -> Source:
    zoo, path = zoo_models(), Path(text)
    if text in zoo:
        return Source(zoo[text], "spec")
    if text and os.path.isdir(text):
        return _in_folder(path, kinds)
    kind = KINDS.get(path.suffix.lower())
    if kind is not None and not os.path.isfile(text):
        raise DataError(f"{path}: {no_file(path)}")
    if kind is not None:
        return Source(path, kind)
    if os.path.isfile(text):
        stranger = content_fault(path) or STRANGERS.get(path.suffix.lower(), "is no model")
        raise UsageError(f"{text}: {stranger}. This command takes {_forms(kinds)}; {EXPLANATION}")
    raise UsageError(_nothing(text, kinds, zoo))


def _in_folder(folder: Path, kinds: tuple[Kind, ...]) -> Source:
    if (folder / SPEC).is_file():
        return Source(folder / SPEC, "spec")
    if (folder / SAVED_MODEL_PB).is_file():
        raise UsageError(f"{folder}: {TENSORFLOW}. This command takes {_forms(kinds)}")
    usable = [each for each in _listed(folder) if _usable(each, kinds)]
    hint = f'did you mean "{usable[0]}"?' if usable else f"name {_forms(kinds)}"
    raise UsageError(f"{folder}: a folder without a {SPEC}; {hint}")


def _nothing(text: str, kinds: tuple[Kind, ...], zoo: dict[str, Path]) -> str:
    """Say that a text names nothing, and what it may mean."""
    here = [each for each in _listed(Path(text).parent) if _usable(each, kinds)]
    close = difflib.get_close_matches(text, [*zoo, *map(str, here)], n=1)
    hint = f'did you mean "{close[0]}"?' if close else f"the zoo has {', '.join(zoo)}"
    return (
        f'"{text}": there is no such file or zoo model; this command takes {_forms(kinds)}; {hint}'
    )


def _usable(path: Path, kinds: tuple[Kind, ...]) -> bool:
    known = KINDS.get(path.suffix.lower()) in kinds and path.is_file()
    return known or os.path.isfile(path / SPEC)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _forms(kinds: tuple[Kind, ...]) -> str:
    """List what a command takes."""
    forms = [form for kind, form in FORMS.items() if kind in kinds]
    if "spec" in kinds:
        forms[0] += ", its folder or a zoo model" if len(forms) == 1 else " (or its folder)"
    return forms[0] if len(forms) == 1 else f"{', '.join(forms[:-1])} or {forms[-1]}"
