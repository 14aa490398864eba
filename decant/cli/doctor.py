"""`decant doctor`: what this machine has, and what it lacks."""

from __future__ import annotations

import importlib.util
import shutil
from typing import TYPE_CHECKING

import typer

from .. import __version__
from ..errors import DataError
from ..machine import this_machine
from ..source import zoo_models

if TYPE_CHECKING:
    from .terminal import Terminal

# What makes int8 fast on x86 and Arm; without any, ratios to float are worse than the README's.
DOT_PRODUCTS = {"avx512_vnni", "avx_vnni", "asimddp", "i8mm"}
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
    machine = this_machine()
    terminal.result(f"decant       {__version__}")
    terminal.result(f"python       {machine.python} on {machine.system}")
    terminal.result(f"processor    {machine.cpu}, {machine.cores} cores")
    terminal.result(f"instructions {' '.join(machine.isa)}")
    if not DOT_PRODUCTS & set(machine.isa):
        terminal.result("             no int8 dot product: int8 files gain less time here")
    for name, version in machine.libraries.items():
        terminal.result(f"  {name:24} {version}")
    terminal.result(f"zoo          {', '.join(zoo_models()) or 'empty'}")
    terminal.result(f"adb          {shutil.which('adb') or 'not found: no phone can be measured'}")
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    for name in missing:
        terminal.result(f"missing      {name}: cannot {MODULES[name]}; install decant again")
    if missing:
        raise typer.Exit(DataError.exit_code)
    terminal.result("nothing is missing")
