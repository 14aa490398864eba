"""`doctor`: what this machine has, and what it lacks."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..machine import this_machine
from ..source import zoo_models

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..machine import Machine
    from .documents.setting_up import InstallationDocument

# What makes int8 fast on x86 and Arm; without any, ratios to float are worse than the README's.
DOT_PRODUCTS = {"avx512_vnni", "avx_vnni", "asimddp", "i8mm"}
MODULES = {
    "ai_edge_litert": "run and time .tflite files",
    "litert_quantizer": "quantize",
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


@dataclass(frozen=True, slots=True)
class Installation:
    """What a machine has, and what it lacks.

    Attributes:
        version: Of decant.
        machine: Processor, memory, and versions of libraries.
        zoo: Names of the models that are at hand.
        tools: Version of each program that the demos want; None where it is not there.
        android_sdk: Where it is, or why there is none.
        can_build_app: Whether an APK can be built here.
        packages: Debian packages that the app's tests lack, with blanks between.
        missing: What cannot be done, by the module whose absence is why.
    """

    version: str
    machine: Machine
    zoo: tuple[str, ...]
    tools: Mapping[Tool, str | None]
    android_sdk: str
    can_build_app: bool
    packages: str
    missing: Mapping[str, str]

    @property
    def slow_int8(self) -> bool:
        """Whether the processor has nothing that makes int8 fast."""
        return not DOT_PRODUCTS & set(self.machine.isa)

    @property
    def whole(self) -> bool:
        """Whether every library that decant needs is there."""
        return not self.missing

    @property
    def gaps(self) -> str:
        """What is not there, to follow "nothing is missing"."""
        wanted = [version for tool, version in self.tools.items() if tool.name != "adb"]
        if self.packages or None in wanted:
            return ", but for the demos"
        whole = self.can_build_app and None not in self.tools.values()
        return "" if whole else ", but for building the app or putting it on a phone"

    def document(self) -> InstallationDocument:
        """Write it as `--json` does."""
        from .documents.setting_up import InstallationDocument, ToolDocument

        tools = [
            ToolDocument(name=tool.name, version=version, purpose=tool.purpose, remedy=tool.remedy)
            for tool, version in self.tools.items()
        ]
        return InstallationDocument(
            version=self.version,
            machine=self.machine,
            int8_isa=self.machine.int8_isa,
            slow_int8=self.slow_int8,
            zoo=self.zoo,
            tools=tuple(tools),
            android_sdk=self.android_sdk,
            can_build_app=self.can_build_app,
            packages=tuple(self.packages.split()),
            missing=dict(self.missing),
            whole=self.whole,
        )


def doctor() -> Installation:
    """Look at versions, processor and gaps."""
    sdk, can_build = _android_sdk()
    return Installation(
        version=__version__,
        machine=this_machine(),
        zoo=tuple(zoo_models()),
        tools={tool: version_of(tool) for tool in TOOLS},
        android_sdk=sdk,
        can_build_app=can_build,
        packages=_missing_packages(),
        missing={
            name: purpose
            for name, purpose in MODULES.items()
            if importlib.util.find_spec(name) is None
        },
    )


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
