"""Names code by its content: the source itself, and the versions of the libraries it imports."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .artifacts import files_in, read_bytes, sha256_listing, sha256_text, to_json
from .errors import DataError
from .factory import locate

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from importlib.machinery import ModuleSpec

# What a package runs by: its modules, the templates it draws with, the schemas it checks against.
SOURCE = {".css", ".j2", ".json", ".py"}
# By package, folders in it that stand for themselves: whoever depends on one names it.
APART = {
    # Stages, the pipeline, the command line, and the apps that nothing measured depends on.
    "decant": {
        *("bench", "convert", "distill", "quantize", "zoo"),
        *("cli", "demo", "feedback", "pipeline"),
    },
    # What is measured does not depend on how it is drawn.
    "decant.bench": {"drawing"},
}
# Folders that hold what was installed.
INSTALLED = {"dist-packages", "site-packages"}
# What a folder holds in which Python itself was installed, by venv or by conda.
ENVIRONMENT = ("pyvenv.cfg", "conda-meta")
# Folders below a spec that hold no code of the user's own.
FOREIGN = {"__pycache__", "build", "dist", "node_modules", "site-packages"}
ZOO = re.compile(rb"\bdecant\.zoo\.(\w+)")
IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\w+)|import[ \t]+([^#;\n]+))|import_module\(\s*[\"'](\w+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Code:
    """What a piece of code is.

    Attributes:
        files: SHA-256 of each file, by a name that does not depend on where the code lies.
        libraries: Version of each installed distribution that they import.
    """

    files: Mapping[str, str]
    libraries: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Of the names and content of the files."""
        return sha256_listing(dict(sorted(self.files.items())))


@functools.cache
def package_code(name: str) -> Code:
    """Read the source of an installed module or package, without importing it.

    Folders of `APART` do not count: of `decant` itself only the core does.

    Raises:
        DataError: If there is no such module.
    """
    found = importlib.util.find_spec(name)
    if found is None:
        raise DataError(f"{name}: no such module; install it or mend the name")
    return _read(_source_files(found, APART.get(name, ())))


def factory_code(reference: str, folder: Path) -> Code:
    """Read the code that a spec's function may run, without running any.

    That is all Python below the spec's folder, since it can import from there, the function's own
    file or package if that lies elsewhere, and every module that these import from outside of the
    installed libraries, such as a package installed in editable mode. Of an installed library its
    version counts. Which data the function reads is not seen.

    Args:
        reference: `package.module:function`, or `file.py:function` with a path relative to folder.
        folder: Where the spec lies.

    Raises:
        SpecError: If there is no such file or module.
    """
    files = {file.relative_to(folder).as_posix(): file for file in _python_below(folder)}
    found, place = locate(reference, folder), reference.rpartition(":")[0]
    if place.endswith(".py"):
        files[place] = folder / place
    elif found is None or not found.is_relative_to(folder):
        files |= _package_elsewhere(place, folder)
    return _read(files | _imported_sources(files, folder))


def factory_hash(reference: str, folder: Path) -> str:
    """Hash what `factory_code` reads, and the versions of the libraries that it imports."""
    code = factory_code(reference, folder)
    return sha256_text(to_json([code.sha256, dict(code.libraries)]))


@functools.cache
def library_version(name: str) -> str | None:
    """Return the version of an installed distribution, None where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _read(files: Mapping[str, Path]) -> Code:
    """Hash files under their names, and look up what they import."""
    contents = {name: _content(file) for name, file in files.items()}
    imported = [_imports(contents[name]) for name, file in files.items() if file.suffix == ".py"]
    return Code(
        {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        _versions({module for modules in imported for module in modules}),
    )


def _content(file: Path) -> bytes:
    """Read a source; Python knows one line end, and Git may check out another."""
    content = read_bytes(file)
    return content.replace(b"\r\n", b"\n") if file.suffix == ".py" else content


def _imported_sources(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Find the modules that Python files import, and these in turn, which are no library's."""
    found: dict[str, Path] = {}
    beside = {name.partition("/")[0].removesuffix(".py") for name in files}
    seen = {"__main__", "decant", *beside, *sys.stdlib_module_names}
    fresh = list(files.values())
    while fresh:
        contents = [read_bytes(file) for file in fresh if file.suffix == ".py"]
        modules = {module for content in contents for module in _parsed_imports(content)} - seen
        seen |= modules
        named = {name: file for each in modules for name, file in _own_source(each, folder).items()}
        fresh = [file for name, file in named.items() if name not in files]
        found |= named
    return found


def _own_source(module: str, folder: Path) -> dict[str, Path]:
    """Map names to the source of a module that lies neither among libraries nor in a folder.

    Of a package without `__init__.py`, which any folder may be, its Python files alone.
    """
    found = _find(module)
    if found is None:
        return {}
    places = [found.origin] if found.origin else [*(found.submodule_search_locations or ())]
    if not places or any(_is_library(Path(place)) for place in places):
        return {}
    files = _package_elsewhere(module, folder)
    return files if found.origin else {n: file for n, file in files.items() if file.suffix == ".py"}


def _find(module: str) -> ModuleSpec | None:
    """Find a module; one that was made by hand while Python runs has no source."""
    try:
        return importlib.util.find_spec(module)
    except ValueError:
        return None


def _is_library(file: Path) -> bool:
    """Whether a file was installed, so that a version stands for its content."""
    return bool(INSTALLED & {*file.parts}) or file.is_relative_to(sysconfig.get_path("stdlib"))


def _imports(source: bytes) -> set[str]:
    """List the top-level modules that a source imports, and the models of the zoo that it names.

    By a pattern and not a parser: this reads all of our files whenever a command is typed.
    """
    names = _zoo_models(source)
    for one, several, dynamic in IMPORT.findall(source):
        named = several.split(b",") if several else [one or dynamic]
        names |= {re.split(rb"[ .]", name.strip())[0].decode(errors="replace") for name in named}
    return names


def _parsed_imports(source: bytes) -> set[str]:
    """List the same by a parser, which takes no sentence of a docstring for an import."""
    try:
        nodes = ast.walk(ast.parse(source))
    except (SyntaxError, ValueError):
        return _imports(source)
    statements = [ast.unparse(node) for node in nodes if _is_import(node)]
    return _imports("\n".join(statements).encode()) | _zoo_models(source)


def _is_import(node: ast.AST) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    name = getattr(called, "attr", None) or getattr(called, "id", None)
    return isinstance(node, ast.Import | ast.ImportFrom) or name == "import_module"


def _zoo_models(source: bytes) -> set[str]:
    return {f"decant.zoo.{name.decode()}" for name in ZOO.findall(source)}


def _versions(modules: Iterable[str]) -> dict[str, str]:
    """Give the versions of the distributions that modules belong to; the standard library none."""
    owners = _owners()
    names = sorted({name for module in modules for name in owners.get(module, ())})
    versions = {name: library_version(name) for name in names}
    return {name: version for name, version in versions.items() if version is not None}


@functools.cache
def _owners() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def _source_files(found: ModuleSpec, skipped: Container[str] = ()) -> dict[str, Path]:
    """Map names to the source files of a module, or of a package less some of its subfolders."""
    if found.submodule_search_locations is None:
        return {} if found.origin is None else {Path(found.origin).name: Path(found.origin)}
    return {
        name: file
        for folder in found.submodule_search_locations
        for file in files_in(Path(folder))
        if file.suffix in SOURCE
        and (name := file.relative_to(folder).as_posix()).partition("/")[0] not in skipped
    }


def _package_elsewhere(module: str, folder: Path) -> dict[str, Path]:
    """Find the source of an installed package that a module belongs to.

    Of ours that is the one model's, unless it is the folder itself.
    """
    parts = module.split(".")
    package = ".".join(parts[: 3 if parts[:2] == ["decant", "zoo"] else 1])
    found = _find(package)
    files = {} if found is None else _source_files(found)
    root = folder.resolve()
    return {
        f"{package}: {name}": file
        for name, file in files.items()
        if not file.resolve().is_relative_to(root)
    }


def _python_below(folder: Path) -> list[Path]:
    """List the Python files of a user's project, past environments and what tools have made."""

    def is_own(below: Path) -> bool:
        if below.name.startswith(".") or below.name in FOREIGN or below.suffix == ".egg-info":
            return False
        # What cannot be read, such as lost+found, is not imported either.
        if not os.access(below, os.R_OK | os.X_OK):
            return False
        return not any((below / name).exists() for name in ENVIRONMENT)

    return [file for file in files_in(folder, enter=is_own) if file.suffix == ".py"]
