"""Protocol buffers byte by byte: messages of more than fits into memory several times over.

A message is a row of chunks; those that are arrays are copied when they are written. See
https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from mmap import mmap

    from numpy.typing import NDArray

    Chunk: TypeAlias = "bytes | NDArray[Any]"

VARINT, FIXED64, NESTED, FIXED32 = 0, 1, 2, 5
WIDTHS = {FIXED64: 8, FIXED32: 4}


def nested(field: int, *chunks: Chunk) -> list[Chunk]:
    """Make a field of a message or of bytes."""
    length = sum(len(chunk) if isinstance(chunk, bytes) else chunk.nbytes for chunk in chunks)
    return [_varint(field << 3 | NESTED) + _varint(length), *chunks]


def write(file: IO[bytes], chunks: Sequence[Chunk]) -> None:
    """Write a message, its arrays in C order."""
    for chunk in chunks:
        file.write(chunk if isinstance(chunk, bytes) else np.ascontiguousarray(chunk).data)


class Field(NamedTuple):
    """Where a field of a message is.

    Attributes:
        number: Which.
        begin: Where it starts, with its number.
        start: Where its content does.
        end: Behind it.
    """

    number: int
    begin: int
    start: int
    end: int


def fields(data: mmap, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of the message that is between two places."""
    while start < end:
        tag, content = _read_varint(data, start)
        kind, stop = tag & 7, content
        if kind == VARINT:
            _, stop = _read_varint(data, content)
        elif kind == NESTED:
            length, content = _read_varint(data, content)
            stop = content + length
        else:
            stop += WIDTHS[kind]
        yield Field(tag >> 3, start, content, stop)
        start = stop


def inside(data: mmap, message: Field, *path: int) -> Field | None:
    """Find a field of a message in a message, by the number of each from the outside."""
    found: Field | None = message
    for number in path:
        if found is None:
            return None
        own = fields(data, found.start, found.end)
        found = next((field for field in own if field.number == number), None)
    return found


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def _read_varint(data: mmap, at: int) -> tuple[int, int]:
    """Give the number that stands somewhere, and where the next thing does."""
    number, shift = 0, 0
    while True:
        byte = data[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
