"""Counts a file's operators and those that XNNPACK took."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from decant.runtime import open_interpreter

from .schema import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DELEGATE = "DELEGATE"


def profile(path: Path) -> Profile:
    """Count the operators of a file's main graph.

    Raises:
        DataError: If LiteRT cannot load the file.
    """
    nodes = open_interpreter(path)._get_ops_details()
    operators = {node["index"]: node for node in nodes if node["op_name"] != DELEGATE}
    delegates = [node for node in nodes if node["op_name"] == DELEGATE]
    producer = {int(tensor): n for n, node in operators.items() for tensor in node["outputs"]}
    taken = set[int]().union(*(_inside(each, operators, producer) for each in delegates))
    names = {index: node["op_name"] for index, node in operators.items()}
    return Profile(
        operators=_counts(names.values()),
        outside=_counts(name for index, name in names.items() if index not in taken),
        delegated=len(taken),
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


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names))
