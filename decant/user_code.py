"""Runs code that the user brought: whatever it raises becomes a message about that code."""

from __future__ import annotations

import sysconfig
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DecantError, SpecError
from .interrupts import Terminated

if TYPE_CHECKING:
    from collections.abc import Iterator

CORE = Path(__file__).resolve().parent
LIBRARIES = tuple(
    Path(path).resolve()
    for name, path in sysconfig.get_paths().items()
    if name in {"stdlib", "platstdlib", "purelib", "platlib"}
)


@contextmanager
def user_code(what: str, advice: str = "correct it") -> Iterator[None]:
    """Turn whatever the code inside raises into a `SpecError` that says where it did.

    Ctrl-C, termination and errors of our own pass through.

    Args:
        what: Names the code, as the spec does.
        advice: What to do about it.

    Raises:
        SpecError: If the code raises anything or exits.
    """
    try:
        yield
    except (DecantError, Terminated):
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name:
            advice = f'install "{error.name}"'
        raise SpecError(f"{what} {_described(error)}; {advice}") from error


def _described(error: BaseException) -> str:
    """Say what was raised, and on which line of the user's."""
    if isinstance(error, SyntaxError):
        return f"raised {type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    raised = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = [(Path(each.filename), each.lineno) for each in _frames(error)]
    # The innermost line that the user wrote; where all is a library's, there the library's.
    own = [each for each in frames if not _in_library(each[0])] or frames
    where = f" ({own[-1][0]}:{own[-1][1]})" if own else ""
    return f"raised {raised}{where}"


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    """List the calls that led to an exception, without ours and the import system's."""
    found = traceback.extract_tb(error.__traceback__)
    return [
        each
        for each in found
        if not each.filename.startswith("<") and not Path(each.filename).is_relative_to(CORE)
    ]


def _in_library(path: Path) -> bool:
    return any(path.is_relative_to(library) for library in LIBRARIES)
