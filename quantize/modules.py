"""Finds the operators that come from a PyTorch module, which the conversion has written down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from decant.artifacts import read_json
from decant.errors import DataError
from decant.files import TRACE

from .ranges import written_by
from .schemes import holds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from decant.flatbuffer.graph import Graph
    from decant.quantization import Group

    from .recipes import Recipe


def modules_beside(tflite: Path) -> dict[str, str]:
    """Read what `trace.json` beside a float file knows: tensor's name → PyTorch module's path.

    Empty where there is none, as beside a file of another converter.

    Raises:
        DataError: It is no JSON file, or no trace.
    """
    path = tflite.with_name(TRACE)
    if not path.exists():
        return {}
    try:
        return {name: entry["module"] for name, entry in read_json(path)["tensors"].items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(f"{path}: it is no trace; convert the model again") from error


def by_tensors(recipe: Recipe, graph: Graph, modules: Mapping[str, str]) -> Recipe:
    """Let a recipe's groups name tensors where they name modules.

    Args:
        recipe: Whose groups may name modules.
        graph: The float graph.
        modules: Tensor's name → module's path.

    Raises:
        DataError: A group names modules, and no operator that it is for comes from one of them.
    """
    groups = tuple(
        _by_tensors(group, recipe, graph, modules) if group.modules else group
        for group in recipe.groups
    )
    return recipe.model_copy(update={"groups": groups})


def _by_tensors(group: Group, recipe: Recipe, graph: Graph, modules: Mapping[str, str]) -> Group:
    written = [
        names
        for operator in graph.operators
        if holds(group, graph.kind(operator), names := written_by(graph, operator))
        and any(re.search(each, module_of(names, modules)) for each in group.modules)
    ]
    if not written:
        known = sorted({path for path in modules.values() if path})
        listed = ", ".join(known[:20]) or f"none: there is no {TRACE} of it beside the file"
        raise DataError(
            f"recipe {recipe.name!r}: no operator for {group.scheme} comes from a module that"
            f" {' or '.join(map(repr, group.modules))} fits. The model's modules are {listed}"
        )
    tensors = f"^(?:{'|'.join(map(re.escape, written))});?$"
    return group.model_copy(update={"tensors": (tensors,), "modules": ()})


def module_of(names: str, modules: Mapping[str, str]) -> str:
    """Give the module's path of an operator; "" where it is not known."""
    known = (modules.get(name.split("~")[0], "") for name in names.split(";"))
    return next((path for path in known if path), "")
