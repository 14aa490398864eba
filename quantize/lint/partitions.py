"""Makes the static int8 form of a model, and sees what XNNPACK takes of both forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from decant.artifacts import scratch_folder, write_bytes
from decant.delegation import delegation
from decant.errors import DataError, DecantError
from decant.flatbuffer.graph import Graph
from decant.isolation import run_checked, run_isolated

from ..transform import transform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..recipes import Recipe

SCALINGS = ("DEQUANTIZE", "QUANTIZE")


@dataclass(frozen=True, slots=True)
class Outside:
    """What of a file XNNPACK does not take.

    Attributes:
        operators: What each of them writes → its kind, in the file's order.
        partitions: Nodes that XNNPACK runs.
        total: Operators of the file.
    """

    operators: Mapping[str, str]
    partitions: int
    total: int


@dataclass(frozen=True, slots=True)
class Partitions:
    """What XNNPACK takes of a model.

    Attributes:
        real: Of the float file after decant's rewrites.
        int8: Of its static int8 form; None where none was made.
        refusal: Why no int8 form could be made; "" where it was.
    """

    real: Outside
    int8: Outside | None
    refusal: str = ""


def partitions(content: bytes, real: Outside, recipe: Recipe | None) -> Partitions:
    """Load the int8 form that a recipe makes of a float file.

    Args:
        content: The float flatbuffer.
        real: What of it XNNPACK does not take.
        recipe: A static one with its ranges; None where they could not be measured.
    """
    if recipe is None:
        return Partitions(real, None)
    try:
        made = run_isolated(transform, content, recipe)
        return Partitions(real, run_checked(outside, made))
    except DecantError as error:
        return Partitions(real, None, refusal=str(error))


def outside(content: bytes) -> Outside:
    """Say what of a file XNNPACK does not take; for a child process.

    Raises:
        DataError: LiteRT cannot load it.
    """
    with scratch_folder("decant-lint-") as folder:
        path = folder / "looked_at.tflite"
        write_bytes(path, content)
        try:
            found = delegation(path)
        except DataError as error:
            raise DataError(str(error).removeprefix(f"{path}: ")) from error
    graph = Graph.from_bytes(content)
    left = {
        graph.name(int(graph.operators[index].outputs[0])): found.kinds[index]
        for index in found.outside
    }
    return Outside(left, found.partitions, len(found.kinds))
