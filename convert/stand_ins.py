"""Sends numbers that are all alike through TensorFlow's converter in place of large weights.

TensorFlow 2.21's converter takes 5 bytes of memory for every byte of a weight, and looks at each of
its numbers. A constant whose elements are all the same it holds as one number up to the file, where
that tells which weight belongs there. Only weights of which it is known how they lie in the file,
and that nothing is computed of on the way, are sent so.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from decant.flatbuffer import Graph

from .layout.weights import LEAST_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .lowering.emit import Emission

    Array = NDArray[np.float32]

ONE = 0x3F800000
"""The bits of 1.0: those that follow are numbers of their own, which nothing takes for 0 or 1."""

TRANSPOSED = {"MatMul": "transpose_b", "BatchMatMulV2": "adj_y"}
"""Product → its attribute that says whether the weight is [n, k], as FULLY_CONNECTED has it."""

READERS = {
    ("MatMul", 1): ("FULLY_CONNECTED", 1),
    ("BatchMatMulV2", 1): ("FULLY_CONNECTED", 1),
    ("Conv2D", 1): ("CONV_2D", 1),
    ("GatherV2", 0): ("GATHER", 0),
}
"""Operator of TensorFlow and which of its inputs → what has to read it in the file."""

COMPARED = 64
"""Elements that tell most weights apart."""


class NotRestored(Exception):
    """The converter has made something else of a weight than was expected."""


@dataclass(frozen=True, slots=True, eq=False)
class StandIn:
    """What stands for weights that are equal as they lie in the file.

    Attributes:
        number: Stands for each element.
        array: The weights as they lie there.
        names: Of their constants.
        readers: How many operators of the file read them, by kind and which of their inputs.
    """

    number: np.float32
    array: Array
    names: list[str] = field(default_factory=list)
    readers: Counter[tuple[str, int]] = field(default_factory=Counter)


def stand_ins(emission: Emission) -> tuple[StandIn, ...]:
    """Choose what stands for the weights that were kept apart, where it is known how they lie."""
    found: list[StandIn] = []
    for name, array in emission.weights.items():
        operation = emission.function.graph.get_operation_by_name(name)
        consumers = operation.outputs[0].consumers()
        uses = Counter(use for reader in consumers for use in _uses(reader, name))
        if len(uses) != 1:
            continue
        (((kind, index, transposed), count),) = uses.items()
        if (kind, index) not in READERS or (kind in TRANSPOSED and array.ndim != 2):
            continue
        lying = _lying(array, kind, transposed)
        own = next((each for each in found if _equal(each.array, lying)), None)
        if own is None:
            own = StandIn(np.uint32(ONE + 1 + len(found)).view(np.float32), lying)
            found.append(own)
        own.names.append(name)
        own.readers[READERS[kind, index]] += count
    return tuple(found)


def _uses(reader: Any, name: str) -> Iterator[tuple[str, int, bool]]:
    """How an operator of TensorFlow reads a constant."""
    flag = TRANSPOSED.get(reader.type)
    transposed = bool(flag and reader.get_attr(flag))
    for index, tensor in enumerate(reader.inputs):
        if tensor.op.name == name:
            yield reader.type, index, transposed


def _equal(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    one, other = one.view(np.int32), other.view(np.int32)
    first = (0,) * (one.ndim - 1)
    return np.array_equal(one[first][:COMPARED], other[first][:COMPARED]) and np.array_equal(
        one, other
    )


def _lying(array: Array, kind: str, transposed: bool) -> Array:
    if kind == "Conv2D":
        return array.transpose(3, 0, 1, 2)
    return array.T if kind in TRANSPOSED and not transposed else array


def restored(model: Any, sent: Sequence[StandIn]) -> Any:
    """Put the weights where their stand-ins are.

    Args:
        model: The file's object form, which refers to the bytes that it was read of.
        sent: What stands in it for what.

    Returns:
        The model, which refers to these bytes no longer.

    Raises:
        NotRestored: A weight is not where, or not as, it was expected.
    """
    numbers = {each.number.tobytes(): each for each in sent}
    places: dict[int, StandIn] = {}
    left = {each: each.readers for each in sent}
    for number in range(len(model.subgraphs)):
        for buffer, each, uses in _places(Graph(model, number), numbers):
            places[buffer] = each
            left[each] = left[each] - uses
    # Where one of two readers is missing, the converter has folded a factor into a copy for it.
    lost = [name for each, readers in left.items() if readers for name in each.names]
    if lost:
        raise NotRestored(", ".join(lost))
    for buffer in places:
        model.buffers[buffer].data = None
    model = copy.deepcopy(model)
    for buffer, each in places.items():
        flat = np.ascontiguousarray(each.array).reshape(-1)
        model.buffers[buffer].data = flat.view(np.uint8)
    return model


def _places(
    graph: Graph, numbers: dict[bytes, StandIn]
) -> Iterator[tuple[int, StandIn, Counter[tuple[str, int]]]]:
    """Yield the buffers that hold nothing but the number of a stand-in, and how they are read."""
    readers = graph.readers()
    for index, tensor in enumerate(graph.subgraph.tensors):
        each = _held(graph.model.buffers[tensor.buffer].data, numbers)
        if each is None or tensor.type != schema.TensorType.FLOAT32:
            continue
        uses = Counter(
            (graph.kind(reader), place)
            for reader in readers.get(index, ())
            for place, given in enumerate(reader.inputs)
            if given == index
        )
        if not uses.keys() <= each.readers.keys() or graph.shape(index) != each.array.shape:
            raise NotRestored(f"{', '.join(each.names)} as {graph.name(index)}")
        yield tensor.buffer, each, uses


def _held(data: Any, numbers: dict[bytes, StandIn]) -> StandIn | None:
    if data is None or len(data) < LEAST_BYTES:
        return None
    each = numbers.get(bytes(data[:4]))
    alike = each is not None and bool((data.view(np.float32) == each.number).all())
    return each if alike else None


def values(sent: Iterable[StandIn]) -> dict[str, np.float32]:
    """Map the names of weights to the numbers that stand for their elements."""
    return {name: each.number for each in sent for name in each.names}
