"""`decant doctor`: what this machine has, and what it lacks."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
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
VERSION = re.compile(r"\d+(?:\.\d+)+")
PATIENCE_S = 10
MISSING_PACKAGES = Path("android_demo", "missing-packages")


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that only the demos, and their tests, want.

    Attributes:
        name: For the reader.
        question: Command that prints its version.
        purpose: What cannot be done without it.
        remedy: How to get it.
    """

    name: str
    question: tuple[str, ...]
    purpose: str
    remedy: str


TOOLS = (
    Tool(
        "JDK",
        ("javac", "-version"),
        "the Kotlin core cannot be tested",
        "apt-get install openjdk-17-jdk-headless",
    ),
    Tool(
        "Node",
        ("node", "--version"),
        "decant demo cannot run, the Kotlin core cannot be compiled",
        "apt-get install nodejs npm",
    ),
    Tool(
        "npm",
        ("npm", "--version"),
        "LiteRT.js and the Kotlin compiler cannot be installed",
        "apt-get install npm",
    ),
    Tool(
        "Chromium",
        ("chromium", "--version"),
        "the page in the browser cannot be tested",
        "apt-get install chromium",
    ),
    Tool("adb", ("adb", "version"), "no phone can be reached", "apt-get install adb"),
)


def show(terminal: Terminal) -> None:
    """Print versions, processor and gaps; exit 5 if a needed library is missing."""
    machine = this_machine()
    terminal.result(f"decant       {__version__}")
    terminal.result(f"python       {machine.python} on {machine.system}")
    terminal.result(f"processor    {machine.cpu}, {machine.cores} cores")
    terminal.result(f"instructions {' '.join(machine.isa)}")
    terminal.result(f"int8 kernels {machine.int8_isa or 'plain ones'}")
    if not DOT_PRODUCTS & set(machine.isa):
        terminal.result("             no int8 dot product: int8 files gain less time here")
    for name, version in machine.libraries.items():
        terminal.result(f"  {name:24} {version}")
    terminal.result(f"zoo          {', '.join(zoo_models()) or 'empty'}")
    gaps = _show_tools(terminal)
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    for name in missing:
        terminal.result(f"missing      {name}: cannot {MODULES[name]}; install decant again")
    if missing:
        raise typer.Exit(DataError.exit_code)
    terminal.result(f"nothing is missing{gaps}")


def _show_tools(terminal: Terminal) -> str:
    """Print what the demos want; say what is not there, to follow "nothing is missing"."""
    terminal.result("for the demos")
    versions = {tool: version_of(tool) for tool in TOOLS}
    for tool, version in versions.items():
        found = version or f"not found: {tool.purpose} ({tool.remedy})"
        terminal.result(f"  {tool.name:24} {found}")
    sdk, can_build = _android_sdk()
    terminal.result(f"  {'Android SDK':24} {sdk}")
    packages = _missing_packages()
    if packages:
        terminal.result(f"  {'for make android-test':24} apt-get install {packages}")
    wanted = [version for tool, version in versions.items() if tool.name != "adb"]
    if packages or None in wanted:
        return ", but for the demos"
    whole = can_build and None not in versions.values()
    return "" if whole else ", but for building the app or putting it on a phone"


def _missing_packages() -> str:
    """Ask the app's own script, in a checkout of decant, which Debian packages it lacks."""
    try:
        answer = subprocess.run(
            [MISSING_PACKAGES.resolve()], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def version_of(tool: Tool) -> str | None:
    """Ask a program for its version; None if it is not there or gives no answer."""
    program = shutil.which(tool.question[0])
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, *tool.question[1:]],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = VERSION.search(answer.stdout + answer.stderr)
    return found.group() if found else None


def _android_sdk() -> tuple[str, bool]:
    """Say where the Android SDK is, by the variables that Gradle reads; tell if it can build."""
    folder = os.environ.get("ANDROID_HOME") or os.environ.get("ANDROID_SDK_ROOT")
    if not folder:
        remedy = "set ANDROID_HOME, or use Android Studio"
        return f"not found: no APK can be built here ({remedy})", False
    platforms = sorted(path.name for path in Path(folder, "platforms").glob("android-*"))
    if not platforms:
        return f"{folder} has no platforms/android-*: install one with its sdkmanager", False
    return f"{folder} ({', '.join(platforms)})", True
