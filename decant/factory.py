"""Finds the function that a spec names: `package.module:function` or `file.py:function`."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from .errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    Factory: TypeAlias = "Callable[..., object]"

# What running a module's top level typically raises; anything else is left to show where it is.
IMPORT_FAULTS = (ImportError, SyntaxError, NameError, AttributeError, TypeError, ValueError)


def resolve(reference: str, folder: Path) -> Factory:
    """Import the function a spec refers to.

    While its module is imported, `folder` can be imported from too, as with a script.

    Args:
        reference: `package.module:function`, or `file.py:function` with a path relative to folder.
        folder: Where the spec lies.

    Raises:
        SpecError: If there is no such module, file or function, or importing it fails.
    """
    place, _, name = reference.rpartition(":")
    if not place:
        raise SpecError(f'"{reference}" names no function; write "module:function"')
    with _importable(folder):
        module = _load_file(folder / place) if place.endswith(".py") else _load_module(place)
    return _function(module, name, reference)


def _load_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except IMPORT_FAULTS as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        advice = f"install {missing!r}" if missing else "correct it"
        raise SpecError(
            f'cannot import "{name}": {type(error).__name__}: {error}; {advice}, or write '
            '"file.py:function" with a path relative to the spec'
        ) from error


def _load_file(path: Path) -> ModuleType:
    """Import a file as a module of its own, once per path, so that pickles of it load again."""
    path = path.resolve()
    if not path.is_file():
        raise SpecError(f"{path}: no such file; correct the factory's path")
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise SpecError(f"{path}: not a Python file; correct the factory's path")
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, IMPORT_FAULTS):
            reason = f"{type(error).__name__}: {error}"
            raise SpecError(f"{path}: importing it fails ({reason}); correct it") from error
        raise
    return module


def _function(module: ModuleType, name: str, reference: str) -> Factory:
    function: object = getattr(module, name, None)
    if callable(function):
        return function
    offered = [each for each, value in vars(module).items() if callable(value)]
    close = difflib.get_close_matches(name, offered, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else "; add it or correct the name"
    what = "has no" if function is None else "has a value, not a function,"
    raise SpecError(f'"{reference}": {module.__name__} {what} "{name}"{hint}')


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let modules beside the spec be imported."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)
