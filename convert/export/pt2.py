"""Reads `torch.export` archives without running anything that is in them."""

from __future__ import annotations

import contextlib
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.utils import _pytree as pytree

from decant.errors import DataError, UnsupportedOp
from decant.paths import content_fault

from .silence_torch import first_line, silence_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNSAFE_PARTS = ("custom_obj", "opaque_obj")


def load_pt2(source: Path) -> torch.export.ExportedProgram:
    """Load a `.pt2` archive without unpickling objects from it.

    Raises:
        DataError: The file is missing, damaged, or holds pickled objects.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            unsafe = [n for n in archive.namelist() if Path(n).name.startswith(UNSAFE_PARTS)]
    except (OSError, zipfile.BadZipFile) as error:
        fault = (
            content_fault(source) or f"not a whole torch.export archive ({error}); save it again"
        )
        raise DataError(f"{source}: {fault}") from error
    if unsafe:
        raise DataError(
            f"{source} holds pickled objects ({', '.join(unsafe)}), which could run code when "
            "loaded; export the module again without script or custom objects."
        )
    try:
        with silence_torch(), _weights_only():
            return torch.export.load(str(source))
    except Exception as error:
        raise DataError(
            f"{source} cannot be loaded by torch.export ({first_line(error)}); save it again, with "
            "this version of PyTorch"
        ) from error


def pt2_reference(
    program: torch.export.ExportedProgram,
) -> Callable[..., tuple[torch.Tensor, ...]]:
    """Give the program as a function from its flat inputs to its flat outputs."""
    module = program.module()

    def reference(*inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        args, kwargs = pytree.tree_unflatten(list(inputs), program.call_spec.in_spec)
        return tuple(pytree.tree_leaves(module(*args, **kwargs)))

    return reference


def stored_example(program: torch.export.ExportedProgram, source: Path) -> dict[str, torch.Tensor]:
    """Take the inputs that the archive was traced with, by name, in the program's order."""
    if program.example_inputs is None:
        raise DataError(f"{source} holds no example inputs; save it with torch.export.save again.")
    names = program.graph_signature.user_inputs
    leaves = pytree.tree_leaves(program.example_inputs)
    bad = [str(n) for n, x in zip(names, leaves, strict=True) if not isinstance(x, torch.Tensor)]
    if bad:
        raise UnsupportedOp(f"{source}: inputs that are not tensors cannot be fed: {bad}.")
    return {str(name): leaf for name, leaf in zip(names, leaves, strict=True)}


@contextlib.contextmanager
def _weights_only() -> Iterator[None]:
    """Make every `torch.load` inside `torch.export.load` refuse pickled code."""
    key = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(key)
    os.environ[key] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[key]
        else:
            os.environ[key] = before
