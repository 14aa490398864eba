"""Runs code that the user brought: whatever it raises becomes a message about that code."""

from __future__ import annotations

import contextlib
import os
import sysconfig
import traceback
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DecantError, SpecError
from .interrupts import Terminated

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARIES = tuple(
    Path(path).resolve()
    for name, path in sysconfig.get_paths().items()
    if name in {"stdlib", "platstdlib", "purelib", "platlib"}
)


@contextmanager
def user_code(what: str, advice: str = "correct it", *, mixed: bool = False) -> Iterator[None]:
    """Turn whatever the code inside raises into a `SpecError` that says where it did.

    Ctrl-C, termination and errors of our own pass through. The current folder is the same again
    behind the block: relative paths of ours start there.

    Args:
        what: Names the code, as the spec does.
        advice: What to do about it.
        mixed: Code of ours calls theirs inside; what was raised with no line of theirs under way
            passes through as well.

    Raises:
        SpecError: If the code raises anything or exits.
    """
    folder = _current_folder()
    try:
        yield
    except (DecantError, KeyboardInterrupt, Terminated):
        raise
    except BaseException as error:
        if mixed and not any(_own(file) for file, _ in _lines(error)):
            raise
        if isinstance(error, ModuleNotFoundError) and error.name:
            advice = f'install "{error.name}"'
        raise SpecError(f"{what} raised {fault(error)}; {advice}") from error
    finally:
        _go_back(folder)


def fault(error: BaseException) -> str:
    """Say what was raised, and on which line of the user's; where it is caught is no such line."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    text = next((line.strip() for line in _text(error).splitlines() if line.strip()), "")
    raised = f"{type(error).__name__}: {text}" if text else type(error).__name__
    line = raising_line(error)
    return f"{raised} ({line})" if line else raised


def raising_line(error: BaseException) -> str:
    """Name the innermost line that the user wrote; where all is a library's, there the library's.

    It is "" where there is none.
    """
    lines = _lines(error)
    own = [line for line in lines if _own(line[0])] or lines
    return f"{own[-1][0]}:{own[-1][1]}" if own else ""


def _text(error: BaseException) -> str:
    """Write an exception; nothing where its own way to say so fails."""
    with contextlib.suppress(Exception):
        return str(error)
    return ""


def _current_folder() -> str | None:
    """Name the current folder; None where it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return None


def _go_back(folder: str | None) -> None:
    """Make a folder the current one again, if it is there still."""
    if folder is not None and folder != _current_folder():
        with contextlib.suppress(OSError):
            os.chdir(folder)


def _lines(error: BaseException) -> list[tuple[Path, int]]:
    """List the lines that led to an exception, outermost first, without ours and Python's own.

    The outermost two are those that catch it, such as `user_code` and the block itself.
    """
    return [
        (Path(frame.f_code.co_filename), line)
        for frame, line in islice(traceback.walk_tb(error.__traceback__), 2, None)
        if not frame.f_code.co_filename.startswith("<")
        and not _ours(str(frame.f_globals.get("__name__")))
    ]


def _ours(module: str) -> bool:
    """Whether a module is decant's; models of the zoo are as good as a user's."""
    return module.startswith("decant.") and not module.startswith("decant.zoo.")


def _own(path: Path) -> bool:
    """Whether a file is the user's and not a library's."""
    return not any(path.is_relative_to(library) for library in LIBRARIES)
