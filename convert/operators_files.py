"""Runs a user's operators files, and gives what they register beside what decant has."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from decant.errors import DataError, SpecError
from decant.graph.rewrite import Rewrites
from decant.paths import no_file
from decant.user_code import user_code

from .lowering.registry import OPERATORS_MODULE, registering
from .rewrites import REWRITES
from .rewrites.own import collected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

    import onnx_ir as ir

    from decant.graph.rewrite import GraphRewrite, Rewrite

    from .lowering.registry import Key, Lowering, Table


def lowerings_with(files: Iterable[Path]) -> Mapping[Key, Lowering]:
    """All ops, with those that the user's own files register.

    Raises:
        DataError: If a file is missing, or registers nothing.
        SpecError: If a file raises anything when it is run.
    """
    from .ops import built_in

    brought: Table = {}
    for file in files:
        brought |= _run(file)[0]
    return {**built_in(), **brought}


def rewrites_with(files: Iterable[Path]) -> Rewrites:
    """All rewrites, those that the user's own files register first.

    Raises:
        DataError: If a file is missing, or registers nothing.
        SpecError: If a file raises anything when it is run, or a name is taken.
    """
    every = REWRITES
    for file in reversed([*files]):
        try:
            every = Rewrites(_run(file)[1], every)
        except ValueError as error:
            raise SpecError(f"operators file {file}: {error}; give its own another name") from error
    return every


def locate(file: Path) -> tuple[ModuleSpec, Loader]:
    """Find an operators file without running it.

    Raises:
        DataError: If it is missing, or is no Python file.
    """
    if not file.is_file():
        raise DataError(f"operators file {file}: {no_file(file)}")
    spec = importlib.util.spec_from_file_location(f"{OPERATORS_MODULE}{file.stem}", file)
    if spec is None or spec.loader is None:
        raise DataError(f"operators file {file}: not a Python file; its name must end in .py")
    return spec, spec.loader


def _run(file: Path) -> tuple[Table, Rewrites]:
    """Run an operators file, which registers its ops and rewrites."""
    spec, loader = locate(file)
    module = importlib.util.module_from_spec(spec)
    running = f"operators file {file}: importing it"
    with registering() as table, collected() as rewrites, user_code(running):
        loader.exec_module(module)
    brought = Rewrites([_guarded(rewrite, file) for rewrite in rewrites])
    if not table and not [*brought]:
        raise DataError(
            f'operators file {file}: registers nothing; write @op("domain::Op") of decant.convert'
            ' above the function that lowers one, or @rewrite("name") above one that rewrites'
        )
    return table, brought


def _guarded(rewrite: Rewrite, file: Path) -> Rewrite:
    """Make what a user's rewrite raises a message about it."""
    return replace(rewrite, apply=_told(rewrite, file), file=file)


def _told(rewrite: Rewrite, file: Path) -> GraphRewrite:
    def apply(model: ir.Model) -> int:
        with user_code(f"operators file {file}: rewrite {rewrite.name}"):
            return rewrite.apply(model)

    return apply
