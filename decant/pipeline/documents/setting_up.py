"""Of a spec that was begun, and of a machine."""

from __future__ import annotations

from pathlib import Path

from ...machine import Machine
from .document import Document


class InitialDocument(Document):
    """A spec that was begun.

    Attributes:
        path: Of the file.
        open_keys: How many keys are marked TODO.
    """

    path: Path
    open_keys: int


class ToolDocument(Document):
    """A program that only the demos, and their tests, want.

    Attributes:
        name: For the reader.
        version: Null where it is not there.
        purpose: What cannot be done without it.
        remedy: How to get it.
    """

    name: str
    version: str | None
    purpose: str
    remedy: str


class InstallationDocument(Document):
    """What a machine has, and what it lacks.

    Attributes:
        version: Of decant.
        machine: Processor, memory, and versions of libraries.
        int8_isa: Instruction set that int8 kernels run in; null for plain ones.
        slow_int8: Whether the processor has nothing that makes int8 fast.
        zoo: Names of the models that are at hand.
        tools: What the demos want.
        android_sdk: Where it is, or why there is none.
        can_build_app: Whether an APK can be built here.
        packages: Debian packages that the app's tests lack.
        missing: What cannot be done, by the module whose absence is why.
        whole: Whether every library that decant needs is there.
    """

    version: str
    machine: Machine
    int8_isa: str | None
    slow_int8: bool
    zoo: tuple[str, ...]
    tools: tuple[ToolDocument, ...]
    android_sdk: str
    can_build_app: bool
    packages: tuple[str, ...]
    missing: dict[str, str]
    whole: bool
