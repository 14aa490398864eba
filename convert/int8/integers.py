"""Makes the marked and the losslessly stored parts of a float file int8."""

from __future__ import annotations

from collections.abc import Mapping

from decant.flatbuffer import Graph

from .dynamic import quantize_while_running
from .kernels import fuse
from .moves import move_integers
from .names import MARKERS
from .placing import place
from .storing import store_integers
from .wiring import NoKernel, drop_unread


def to_integers(graph: Graph, names: Mapping[int, str]) -> Graph:
    """Give a file int8 kernels where it has markers, and int8 weights where they lose nothing.

    Args:
        graph: What TensorFlow's converter made; it is used up.
        names: A marker's number → the name of its result.

    Raises:
        NoKernel: A marker has no place in TFLite.
    """
    place(graph, names)
    move_integers(graph)
    fuse(graph)
    quantize_while_running(graph)
    drop_unread(graph)
    bodies = (operator for body in graph.model.subgraphs for operator in body.operators)
    left = MARKERS.intersection(graph.kind(operator) for operator in bodies)
    if left:
        raise NoKernel(f"{', '.join(sorted(left))} stays")
    store_integers(graph)
    graph.forget_lowest_runtime()
    return Graph.from_bytes(graph.to_bytes())
