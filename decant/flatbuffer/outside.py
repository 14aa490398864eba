"""Files of more than 2 GB, where large buffers lie behind the flatbuffer, as its schema allows."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from .packing import BUFFER_ALIGNMENT, LARGE, MOST_BYTES, room_for

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pieces(
    model: Any, serialised: Callable[[Any], memoryview], most_bytes: int = MOST_BYTES
) -> Iterator[memoryview]:
    """Serialise a model, in pieces of which one behind the other makes the file.

    Args:
        model: Its object form.
        serialised: Writes one flatbuffer.
        most_bytes: If the file is larger, its large buffers lie behind the flatbuffer.
    """
    if room_for(model) <= most_bytes:
        yield serialised(model)
        return
    small, outside = _parted(model)
    end = len(serialised(small))  # of the same length with any offsets but 0
    for buffer, data in outside:
        buffer.offset = _aligned(end)
        end = buffer.offset + len(data)
    head = serialised(small)
    yield head
    end = len(head)
    for buffer, data in outside:
        yield memoryview(bytes(buffer.offset - end))
        yield data.data
        end = buffer.offset + len(data)


def _parted(model: Any) -> tuple[Any, list[tuple[Any, NDArray[np.uint8]]]]:
    """A copy of a model whose large buffers say where they are, and what they hold."""
    small, outside = copy.copy(model), []
    small.buffers = list(model.buffers)
    for number, buffer in enumerate(model.buffers):
        if buffer.data is not None and len(buffer.data) >= LARGE:
            small.buffers[number] = schema.BufferT()
            small.buffers[number].offset, small.buffers[number].size = 1, len(buffer.data)
            outside.append((small.buffers[number], np.asarray(buffer.data, np.uint8)))
    return small, outside


def _aligned(place: int) -> int:
    return -(-place // BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT


def hold_lists(model: Any) -> None:
    """Make of a model that `read` has read, in place, what `Graph.from_bytes` would have read.

    Vectors are lists, of which equal ones are each written, and no buffer but the first is empty.
    """
    flatbuffer_utils._compact_buffers_array(model)
    buffers, model.buffers = model.buffers, None
    flatbuffer_utils._ndarrays_to_lists(model)
    model.buffers = buffers


def read(data: bytes) -> Any:
    """Read a file's object form, which refers to its bytes and copies none of them."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    for buffer in model.buffers:
        if buffer.offset:
            buffer.data = np.frombuffer(data, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    for operator in (operator for graph in model.subgraphs for operator in graph.operators):
        if operator.largeCustomOptionsOffset:
            place = operator.largeCustomOptionsOffset, operator.largeCustomOptionsSize
            operator.customOptions = np.frombuffer(data, np.uint8, place[1], place[0])
            operator.largeCustomOptionsOffset = operator.largeCustomOptionsSize = 0
    return model
