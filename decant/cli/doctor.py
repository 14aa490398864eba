"""`decant doctor`: what this machine has, and what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import pipeline
from ..errors import DataError
from .options import Json
from .session import session

if TYPE_CHECKING:
    from .terminal import Terminal


def doctor(as_json: Json = False) -> None:
    """Show versions, the processor, and what is missing."""
    with session("doctor", as_json=as_json) as terminal:
        found = pipeline.doctor()
        terminal.give(found, _show)
        if not found.whole:
            raise DataError(f"{', '.join(found.missing)}: missing; install decant again")


def _show(terminal: Terminal, found: pipeline.Installation) -> None:
    machine = found.machine
    terminal.result(f"decant       {found.version}")
    terminal.result(f"python       {machine.python} on {machine.system}")
    terminal.result(f"processor    {machine.cpu}, {machine.cores} cores")
    terminal.result(f"instructions {' '.join(machine.isa)}")
    terminal.result(f"int8 kernels {machine.int8_isa or 'plain ones'}")
    if found.slow_int8:
        terminal.result("             no int8 dot product: int8 files gain less time here")
    for name, version in machine.libraries.items():
        terminal.result(f"  {name:24} {version}")
    terminal.result(f"zoo          {', '.join(found.zoo) or 'empty'}")
    _show_tools(terminal, found)
    for name, purpose in found.missing.items():
        terminal.result(f"missing      {name}: cannot {purpose}; install decant again")
    if found.whole:
        terminal.result(f"nothing is missing{found.gaps}")


def _show_tools(terminal: Terminal, found: pipeline.Installation) -> None:
    """Print what the demos want."""
    terminal.result("for the demos")
    for tool, version in found.tools.items():
        shown = version or f"not found: {tool.purpose} ({tool.remedy})"
        terminal.result(f"  {tool.name:24} {shown}")
    terminal.result(f"  {'Android SDK':24} {found.android_sdk}")
    if found.packages:
        terminal.result(f"  {'for make android-test':24} apt-get install {found.packages}")
