"""`decant tflite`: the whole way from a spec to a chosen, measured, described file."""

from __future__ import annotations

import importlib
import os
import shutil
import time
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import typer

from ..artifacts import read_json, sha256, updated_folder, write_json
from ..cache import RECORD, Result, Stage
from ..errors import GateFailed
from ..manifest import NAME as MANIFEST
from ..manifest import build_manifest, listed_files
from .project import Project, open_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from .terminal import Terminal

PARITY_SAMPLES = 8
FLOAT_FILE = "model_fp32.tflite"
RUNTIME = ("ai-edge-litert", "numpy", "opencv-python-headless")
CONVERTERS = (*RUNTIME, "onnx", "onnx-ir", "onnxruntime", "onnxscript", "tensorflow", "torch")


def run(terminal: Terminal, model: str, out: Path | None) -> None:
    """Go the whole way, or only those parts of it whose inputs have changed.

    Raises:
        DecantError: Of any kind; the build folder is then as it was.
        GateFailed: If no candidate meets the requirements; the build folder is new all the same.
    """
    started = time.monotonic()
    project = open_project(model, out)
    way = Way(project, terminal)
    results = way.go()
    files = {n: d for result in results for n, d in result.files.items() if n != RECORD}
    manifest = build_manifest(
        project.spec.model.name, ("decant", "tflite", model), project.spec.seed, files
    )
    if _published(project.out, files, manifest):
        terminal.say(f"nothing to do: {project.out} is up to date")
    else:
        publish(project.out, results, manifest)
        terminal.say(f"{project.out} is ready after {time.monotonic() - started:.0f} s")
    _show(terminal, read_json(project.out / "report.json"))
