"""`decant doctor`: what this machine has, and what it lacks."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .. import __version__
from ..cache import library_version
from ..manifest import LIBRARIES
from ..source import zoo_models

if TYPE_CHECKING:
    from .terminal import Terminal

# What makes int8 fast on x86 and Arm; without it ratios to float are not those of the README.
INT8_FLAGS = ("avx512_vnni", "avx_vnni", "asimddp", "i8mm")
OTHER_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_int8", "asimd")
MODULES = {
    "ai_edge_litert": "run and time .tflite files",
    "ai_edge_quantizer": "quantize",
    "cv2": "read photos",
    "faster_coco_eval": "measure detectors",
    "onnx": "read and write .onnx",
    "onnxruntime": "verify",
    "onnxscript": "export from PyTorch",
    "tensorflow": "convert",
    "torch": "export and train",
}


def show(terminal: Terminal) -> None:
    """Print versions, processor and gaps; exit 5 if a needed library is missing."""
    flags = processor_flags()
    fast = [flag for flag in INT8_FLAGS if flag in flags]
    terminal.result(f"decant       {__version__}")
    terminal.result(f"python       {platform.python_version()} on {platform.platform()}")
    terminal.result(f"processor    {processor_name()}, {os.cpu_count()} cores")
    shown = [flag for flag in (*INT8_FLAGS, *OTHER_FLAGS) if flag in flags]
    terminal.result(f"instructions {' '.join(shown) or 'none of those that matter here'}")
    if not fast:
        terminal.result("             no int8 dot product: int8 files gain less time here")
    for name in LIBRARIES:
        version = library_version(name)
        if version is not None:
            terminal.result(f"  {name:24} {version}")
    terminal.result(f"zoo          {', '.join(zoo_models()) or 'empty'}")
    terminal.result(f"adb          {shutil.which('adb') or 'not found: no phone can be measured'}")
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    for name in missing:
        terminal.result(f"missing      {name}: cannot {MODULES[name]}; install decant again")
    if missing:
        raise typer.Exit(5)
    terminal.result("nothing is missing")


def processor_flags() -> set[str]:
    """Give the instruction sets that Linux reports."""
    text = _cpuinfo()
    lines = (line for line in text.splitlines() if line.lower().startswith(("flags", "features")))
    return set(next(lines, ":").partition(":")[2].split())


def processor_name() -> str:
    """Give the processor's model name."""
    lines = (line for line in _cpuinfo().splitlines() if line.startswith("model name"))
    return next(lines, "").partition(":")[2].strip() or platform.machine()


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8") if path.is_file() else ""
