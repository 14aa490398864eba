"""Reads off a graph which integers its inputs are made for: positions of a table, codes to compare.

Of a table with a thousand rows, zeros and ones would show two; of a choice, one branch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from decant.graph.edit import stated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import onnx_ir as ir
    from numpy.typing import NDArray

PASSED_ON = frozenset(
    {
        "Cast", "Expand", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Squeeze",
        "Transpose", "Unsqueeze",
    }
)  # fmt: skip
"""Ops whose first input's elements are those of their output."""


POSITIONS = {"Gather": 1, "GatherElements": 1, "RoiAlign": 2, "ScatterElements": 1}
"""Ops that read or write their first input at positions along one axis → which input has those."""


def value_hints(graph: ir.Graph) -> Mapping[str, NDArray[np.int64]]:
    """Guess which integers an input takes: input name → numbers, sorted, none twice.

    Args:
        graph: The model's; of an input that meets no table and no code, nothing is said.
    """
    found = {str(value.name): _codes(value) for value in graph.inputs if _is_integer(value)}
    return {name: numbers for name, numbers in found.items() if numbers.size}


def _is_integer(value: ir.Value) -> bool:
    return value.dtype is not None and value.dtype.is_integer()


def _codes(value: ir.Value) -> NDArray[np.int64]:
    """All codes that an input is compared with, with 0 for none of them, or the smallest table."""
    tables, codes = [], [np.zeros(0, np.int64)]
    for node, index in _readers(value):
        if node.op_type == "Equal":
            codes.append(_integers(node.inputs[1 - index]))
        elif POSITIONS.get(node.op_type) == index:
            tables.append(_rows(node))
        elif node.op_type == "OneHot" and index == 0:
            tables.extend(int(n) for n in _integers(node.inputs[1])[:1])
    if any(tables):
        return np.arange(min(size for size in tables if size))
    compared = np.unique(np.concatenate(codes))
    return np.unique([0, *compared]) if compared.size else compared


def _readers(value: ir.Value) -> Iterator[tuple[ir.Node, int]]:
    """The nodes that read an input's elements, wherever they lie by then."""
    for node, index in value.uses():
        if node.op_type in PASSED_ON and index == 0:
            yield from _readers(node.outputs[0])
        else:
            yield node, index


def _rows(node: ir.Node) -> int:
    """How many entries the first input has along the axis; 0 where it is not known."""
    table = node.inputs[0]
    axis = node.attributes["axis"].as_int() if "axis" in node.attributes else 0
    if table is None or table.shape is None:
        return 0
    size = table.shape[axis]
    return size if isinstance(size, int) else 0


def _integers(value: ir.Value | None) -> NDArray[np.int64]:
    """The elements of a constant of whole numbers; none of anything else."""
    array = stated(value)
    if array is None or array.dtype.kind not in "iuf" or not np.all(array == np.floor(array)):
        return np.zeros(0, np.int64)
    return np.ravel(array).astype(np.int64)
