"""Finds the function that a spec names: `package.module:function` or `file.py:function`."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from .errors import SpecError
from .paths import no_file
from .user_code import user_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    Factory: TypeAlias = "Callable[..., object]"

_neighbours: dict[Path, dict[str, ModuleType]] = {}
"""The modules that were imported from each folder, by name."""


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
        module = (
            _load_file(folder / place, reference)
            if place.endswith(".py")
            else _load_module(place, reference)
        )
    return _function(module, name, reference)


def locate(reference: str, folder: Path) -> Path | None:
    """Find the file that a reference's function lies in, without running anything of it.

    Returns:
        The file; None for a module that has none, such as a built-in one.

    Raises:
        SpecError: If there is no such file or module.
    """
    place, _, _ = reference.rpartition(":")
    if place.endswith(".py"):
        return _python_file(folder / place, reference)
    top = place.partition(".")[0]
    with _importable(folder):
        found = importlib.util.find_spec(top) if top else None
    if found is None:
        raise SpecError(_no_module(reference, top))
    return None if found.origin is None else Path(found.origin)


def _load_module(name: str, reference: str) -> ModuleType:
    with user_code(f'"{reference}": importing {name}'):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            # Another module that is missing is one that this one imports.
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
            raise SpecError(_no_module(reference, error.name)) from error


def _no_module(reference: str, name: str) -> str:
    return (
        f'"{reference}": there is no module "{name}"; install it or correct the name, or write '
        '"file.py:function" with a path relative to the spec'
    )


def _python_file(path: Path, reference: str) -> Path:
    path = path.resolve()
    if not path.is_file():
        raise SpecError(f'"{reference}": {path}: {no_file(path)}')
    return path


def _load_file(path: Path, reference: str) -> ModuleType:
    """Import a file as a module of its own, once per path, so that pickles of it load again."""
    path = _python_file(path, reference)
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None
    assert found.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    try:
        with user_code(f'"{reference}": importing {path.name}'):
            found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _function(module: ModuleType, name: str, reference: str) -> Factory:
    function: object = getattr(module, name, None)
    if callable(function):
        return function
    offered = [each for each, value in vars(module).items() if callable(value)]
    close = difflib.get_close_matches(name, offered, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else "; add it or correct the name"
    place = reference.rpartition(":")[0]
    what = "has no" if function is None else "has a value, not a function,"
    raise SpecError(f'"{reference}": {place} {what} "{name}"{hint}')


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let modules beside the spec be imported, whatever bears their names beside another."""
    folder = folder.resolve()
    for other, modules in _neighbours.items():
        for name, module in modules.items():
            if other != folder and sys.modules.get(name) is module:
                del sys.modules[name]
    sys.modules.update(_neighbours.get(folder, {}))
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        found = {name for name in set(sys.modules) - before if _lies_in(name, folder)}
        _neighbours.setdefault(folder, {}).update((name, sys.modules[name]) for name in found)


def _lies_in(name: str, folder: Path) -> bool:
    """Tell whether a module, or the package that it is of, was found by its name in a folder."""
    top = name.partition(".")[0]
    module = sys.modules.get(top)
    origin = getattr(module, "__file__", None)
    places = map(Path, getattr(module, "__path__", None) or ([origin] if origin else []))
    return any(each.parent == folder and each.name.split(".")[0] == top for each in places)
