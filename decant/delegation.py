"""Tells which operators of a `.tflite` file XNNPACK takes, by loading it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .runtime import open_interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DELEGATE = "DELEGATE"


@dataclass(frozen=True, slots=True)
class Delegation:
    """What XNNPACK took of a file's main graph.

    Attributes:
        kinds: Operator's number → its kind, in the file's order.
        outside: Numbers of those that LiteRT's own kernels run, in that order.
        partitions: Nodes that XNNPACK runs; more than one means that something cuts the graph.
    """

    kinds: Mapping[int, str]
    outside: tuple[int, ...]
    partitions: int


def delegation(path: Path) -> Delegation:
    """Load a file and see what became of its operators.

    Raises:
        DataError: If LiteRT cannot load it.
    """
    nodes = open_interpreter(path)._get_ops_details()
    operators = {int(node["index"]): node for node in nodes if node["op_name"] != DELEGATE}
    delegates = [node for node in nodes if node["op_name"] == DELEGATE]
    producer = {int(tensor): n for n, node in operators.items() for tensor in node["outputs"]}
    taken = set[int]().union(*(_inside(each, operators, producer) for each in delegates))
    return Delegation(
        kinds={index: node["op_name"] for index, node in operators.items()},
        outside=tuple(index for index in operators if index not in taken),
        partitions=len(delegates),
    )


def _inside(
    delegate: dict[str, Any], operators: dict[int, dict[str, Any]], producer: dict[int, int]
) -> set[int]:
    """Walk back from a delegate node's outputs to its inputs: the operators it replaced.

    LiteRT keeps replaced operators in its list and does not say which they are.
    """
    border = {int(tensor) for tensor in delegate["inputs"]}
    waiting = [int(tensor) for tensor in delegate["outputs"]]
    found: set[int] = set()
    while waiting:
        tensor = waiting.pop()
        index = producer.get(tensor)
        if index is None or index in found:
            continue
        found.add(index)
        inputs = (int(each) for each in operators[index]["inputs"])
        waiting += [each for each in inputs if each not in border]
    return found
