"""Serialises a flatbuffer's object form: nothing unused, equal vectors once, buffers aligned."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np

from decant.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE_IDENTIFIER = b"TFL3"
# The schema's force_align of a buffer's data.
BUFFER_ALIGNMENT = 16
ROOM = 1 << 20
MOST_BYTES = 2**31 - 2**20
"""Of a flatbuffer: its offsets are signed."""

LARGE = 1 << 16


class _Writer(flatbuffers.Builder):  # type: ignore[misc]  # flatbuffers has no types
    """Writes bytes on the alignment that the schema asks of buffers.

    And large arrays straight to where they belong; the library copies each before.
    """

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:
        """Begin a vector."""
        aligned = BUFFER_ALIGNMENT if elemSize == 1 else alignment
        return int(super().StartVector(elemSize, numElems, aligned))

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:
        """Write an array."""
        if x.nbytes < LARGE or x.ndim != 1:
            return int(super().CreateNumpyVector(x))
        self.StartVector(x.itemsize, x.size, x.dtype.alignment)
        self.head -= x.nbytes
        np.frombuffer(self.Bytes, x.dtype, x.size, self.head)[:] = x
        self.vectorNumElems = x.size
        return int(self.EndVector())


class _Packer(_Writer):
    """Writes equal vectors once.

    Every channel of an int8 weight and of its bias has an eight-byte zero point, all of them zero:
    with one copy per length the file of a small network is a tenth smaller.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, int, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:
        """Write an array, or refer to its equal."""
        content = np.ascontiguousarray(x).view(np.uint8).data
        key = x.dtype.str, x.size, hashlib.sha256(content).digest()
        if key not in self._written:
            self._written[key] = int(super().CreateNumpyVector(x))
        return self._written[key]


def pack(model: Any) -> bytes:
    """Serialise a model; the same model always gives the same bytes.

    Tensors, operator codes and buffers that nothing refers to are dropped from `model`.

    Raises:
        DataError: If it takes more than a flatbuffer holds.
    """
    return bytes(packed(model))


def packed(model: Any) -> memoryview:
    """Serialise as `pack`, without another copy of the whole."""
    drop_tensors(model)
    _drop_operator_codes(model)
    _drop_buffers(model)
    return _serialized(model, _Packer)


def written(model: Any) -> memoryview:
    """Serialise a model as it is, vectors that are equal and what nothing refers to included."""
    return _serialized(model, _Writer)


def _serialized(model: Any, kind: type[_Writer]) -> memoryview:
    """Write a model, and give the file."""
    size = room_for(model)
    if size > MOST_BYTES:
        raise DataError(
            f"the model takes {size / 1e9:.1f} GB: decant convert writes such a file, but what"
            f" changes a finished one, as quantization does, takes at most {MOST_BYTES / 1e9:.1f}"
            " GB; take a smaller model, or the file as it is"
        )
    builder = kind(size)
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return memoryview(builder.Bytes)[builder.Head() :]


def room_for(model: Any) -> int:
    """Bytes that a file will take: a builder that has to grow copies all that it holds."""
    data = (buffer.data for buffer in model.buffers)
    return ROOM + sum(len(array) for array in data if array is not None)


def listed(value: Any) -> list[Any]:
    """Return a vector of the object form, which is None when empty, as a list."""
    return [] if value is None else list(value)


def drop_tensors(model: Any) -> None:
    """Drop the tensors that nothing refers to, and number the others anew."""
    for number, graph in enumerate(model.subgraphs):
        renumber = _drop_tensors_of(graph)
        for signature in listed(model.signatureDefs):
            if signature.subgraphIndex == number:
                for entry in (*listed(signature.inputs), *listed(signature.outputs)):
                    entry.tensorIndex = renumber[entry.tensorIndex]


def _drop_tensors_of(graph: Any) -> dict[int, int]:
    """Drop what nothing of a subgraph refers to; returns the new number of each tensor."""
    inputs, outputs = listed(graph.inputs), listed(graph.outputs)
    used = {int(tensor) for tensor in (*inputs, *outputs)}
    for operator in graph.operators:
        used.update(int(t) for t in (*operator.inputs, *operator.outputs))
        used.update(int(t) for t in listed(operator.intermediates))
    kept = sorted(used - {-1})
    renumber = {old: new for new, old in enumerate(kept)} | {-1: -1}
    graph.tensors = [graph.tensors[old] for old in kept]
    graph.inputs = [renumber[int(index)] for index in inputs]
    graph.outputs = [renumber[int(index)] for index in outputs]
    for operator in graph.operators:
        operator.inputs = [renumber[int(index)] for index in operator.inputs]
        operator.outputs = [renumber[int(index)] for index in operator.outputs]
        if operator.intermediates is not None:
            operator.intermediates = [renumber[int(t)] for t in operator.intermediates]
    return renumber


def _drop_operator_codes(model: Any) -> None:
    operators = [operator for graph in model.subgraphs for operator in graph.operators]
    used = sorted({operator.opcodeIndex for operator in operators})
    renumber = {old: new for new, old in enumerate(used)}
    model.operatorCodes = [model.operatorCodes[old] for old in used]
    for operator in operators:
        operator.opcodeIndex = renumber[operator.opcodeIndex]


def _drop_buffers(model: Any) -> None:
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    owners = [*tensors, *listed(model.metadata)]
    stated = [int(number) for number in listed(model.metadataBuffer)]  # of files before 2020
    used = sorted({0, *(owner.buffer for owner in owners), *stated})
    renumber = {old: new for new, old in enumerate(used)}
    model.buffers = [model.buffers[old] for old in used]
    for owner in owners:
        owner.buffer = renumber[owner.buffer]
    if stated:
        model.metadataBuffer = [renumber[number] for number in stated]
