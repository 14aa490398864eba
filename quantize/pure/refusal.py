"""Refuses a file that is to compute integers alone and does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from decant.errors import UnsupportedOp

from ..modules import module_of
from ..ranges import written_by
from ..schemes import PURE_KINDS
from .integers import SUFFIX
from .kernels import KERNELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from decant.flatbuffer.graph import Graph

    from ..recipes import Recipe

WIDE = ("int64", "uint64", "float16", "float32", "float64", "complex64", "complex128")
PASSING = ("QUANTIZE", "DEQUANTIZE")


def check_pure(graph: Graph, recipe: Recipe, modules: Mapping[str, str]) -> None:
    """Refuse a file in which some operator computes floats, or integers of 64 bits.

    The QUANTIZE of a float input and the DEQUANTIZE of a float output are its borders.

    Args:
        graph: The file.
        recipe: That it was made by.
        modules: Tensor's name → PyTorch module's path.

    Raises:
        UnsupportedOp: There is one; the message lists all.
    """
    # What passes between integers and floats follows from an operator that is listed.
    computing = [each for each in graph.operators if graph.kind(each) not in PASSING]
    passing = [each for each in graph.operators if graph.kind(each) in PASSING]
    listed = (_listed(graph, each, recipe, modules) for each in (computing, passing))
    found = next((lines for lines in listed if lines), [])
    if found:
        raise UnsupportedOp(
            f"{recipe.file} would not be int8 alone: {len(found)}"
            f" operator{'s' if len(found) > 1 else ''} would compute something else."
            f" {'; '.join(found)}. Write these otherwise in the model, or take them out of it and"
            " compute them in the app; or leave pure_int8 out: static_int8 keeps them float"
        )


def _listed(
    graph: Graph, operators: list[Any], recipe: Recipe, modules: Mapping[str, str]
) -> list[str]:
    return [
        f"{graph.kind(operator)} {_where(graph, operator, modules)}: {why}"
        for operator in operators
        for why in _reasons(graph, operator, recipe)
    ]


def _where(graph: Graph, operator: Any, modules: Mapping[str, str]) -> str:
    """Name an operator by what it writes and the PyTorch module that it comes from."""
    names = written_by(graph, operator).replace(SUFFIX, "")
    module = module_of(names, modules)
    return f"{names!r} of module {module!r}" if module else f"{names!r}"


def _reasons(graph: Graph, operator: Any, recipe: Recipe) -> Iterator[str]:
    """Yield why an operator is none of integers; nothing if it is one."""
    tensors = [int(t) for t in (*operator.inputs, *operator.outputs) if t >= 0]
    kind = graph.kind(operator)
    if kind in PASSING and _is_border(graph, tensors):
        return
    wide = sorted({np.dtype(each).name for each in map(graph.dtype, tensors)} & {*WIDE})
    if not wide:
        return
    if kind in PASSING:
        yield "it passes between integers and floats"
    elif kind not in PURE_KINDS and kind not in KERNELS:
        yield f"LiteRT has no int8 kernel of it ({', '.join(wide)})"
    elif missing := _without_range(graph, tensors, recipe):
        yield f"no range is known of {missing!r}, which is NaN, infinite or computed in a loop"
    elif recipe.groups or recipe.keep_float:
        yield f"it is {', '.join(wide)}, as groups or keep_float of the recipe may ask for"
    else:
        yield f"the quantizer leaves it {', '.join(wide)}"


def _is_border(graph: Graph, tensors: list[int]) -> bool:
    """Whether an operator is next to an input or output of the file."""
    read, written = tensors[0], tensors[-1]
    return read in graph.inputs or written in graph.outputs


def _without_range(graph: Graph, tensors: list[int], recipe: Recipe) -> str | None:
    """Name an activation of no known range."""
    for tensor in tensors:
        name = graph.name(tensor)
        if graph.is_float(tensor) and graph.constant(tensor) is None and name not in recipe.ranges:
            return name
    return None
