"""The files whose profiles the costs are read from: the whole network in one scheme each."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from decant.errors import InternalError
from decant.flatbuffer.graph import Graph
from decant.isolation import run_isolated

from ..calibration import Statistics
from ..ranges import choose
from ..recipes import OFFERED
from ..schemes import SCHEMES
from ..sparing import sparing
from ..transform import transform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.quantization import SchemeName

    from ..ranges import Range

logger = logging.getLogger(__name__)

SCALINGS = ("QUANTIZE", "DEQUANTIZE")


@dataclass(frozen=True, slots=True)
class Variant:
    """A network in one scheme.

    Attributes:
        scheme: Of the operators that take it.
        content: The file.
        made: Its graph.
        sources: Number of each of its operators in the float graph; None for what the library put
            in between.
        owners: Number of the operator, in the float graph, that what was put in between works for;
            None for what stands between floats and integers.
    """

    scheme: SchemeName
    content: bytes
    made: Graph
    sources: tuple[int | None, ...]
    owners: tuple[int | None, ...]

    def takes(self, place: int) -> bool:
        """Whether an operator of the file computes in the scheme.

        Args:
            place: Its number in the file.
        """
        scheme = SCHEMES[self.scheme]
        operator = self.made.operators[place]
        if scheme.name == "float":
            return True
        if scheme.ranged:
            return any(self.made.is_quantized(int(tensor)) for tensor in operator.outputs)
        return any(self._lowered(int(tensor)) for tensor in operator.inputs)

    def _lowered(self, tensor: int) -> bool:
        """Whether a tensor is a constant of fewer bits, as it is or behind a DEQUANTIZE."""
        writer = self.made.writers().get(tensor)
        if writer is not None and self.made.kind(writer) == "DEQUANTIZE":
            tensor = int(writer.inputs[0])
        if tensor < 0 or self.made.constant(tensor) is None:
            return False
        half = self.made.subgraph.tensors[tensor].type == schema.TensorType.FLOAT16
        return half or self.made.is_int8(tensor)


def fixed(graph: Graph) -> Graph:
    """Copy a graph with the sizes that it states, where it leaves them free."""
    copy = Graph.from_bytes(graph.to_bytes())
    for tensor in copy.subgraph.tensors:
        tensor.shapeSignature = None
    copy.rename_duplicates()
    copy.ensure_signature()
    return copy


def make_variant(graph: Graph, scheme: SchemeName, ranges: Mapping[str, Range]) -> Variant:
    """Make the file of one scheme; operators that the library fails on stay float in it.

    Args:
        graph: The float graph, of fixed sizes.
        scheme: Which.
        ranges: Of its activations, where the scheme needs them.

    Raises:
        InternalError: The library makes no such file.
    """
    content = graph.to_bytes()
    if scheme == "float":
        places = tuple(range(len(graph.operators)))
        return Variant(scheme, content, graph, places, places)
    recipe = OFFERED[scheme]
    if SCHEMES[scheme].ranged:
        recipe = recipe.model_copy(update={"ranges": dict(ranges)})
    made_content, _, spared = sparing(
        graph, recipe, lambda each: run_isolated(transform, content, each)
    )
    for name, why in spared.items():
        logger.warning("%s is left float, since %s of it fails: %s", name, scheme, why)
    made = Graph.from_bytes(made_content)
    sources = _sources(graph, made)
    return Variant(scheme, made_content, made, sources, _owners(made, sources))


def made_up_ranges(graph: Graph) -> dict[str, Range]:
    """Give every activation a range of its own, and those the same that calibration would.

    Hardly any time depends on ranges but by which tensors share one.
    """
    computed = [int(tensor) for operator in graph.operators for tensor in operator.outputs]
    names = [graph.name(tensor) for tensor in (*graph.inputs, *computed) if graph.is_float(tensor)]
    ends = np.linspace(1, 2, len(names))
    seen = {
        name: Statistics.of(np.array([-end, end])) for name, end in zip(names, ends, strict=True)
    }
    return choose(graph, seen, "minmax")


def _sources(graph: Graph, made: Graph) -> tuple[int | None, ...]:
    """Find every operator of a file in the float graph: both have one order."""
    found: list[int | None] = []
    expected = 0
    for operator in made.operators:
        kind = made.kind(operator)
        wanted = graph.operators[expected] if expected < len(graph.operators) else None
        same = wanted is not None and graph.kind(wanted) == kind
        if same and (kind not in SCALINGS or _pixels(made, operator)):
            found.append(expected)
            expected += 1
        elif kind in SCALINGS:
            found.append(None)
        else:
            break
    if expected < len(graph.operators) or len(found) < len(made.operators):
        kind = graph.kind(graph.operators[min(expected, len(graph.operators) - 1)])
        raise InternalError(
            f"the quantizer's file has another order than the float file (at operator {expected},"
            f" {kind}), so that its operators' times cannot be told"
        )
    return tuple(found)


def _pixels(made: Graph, operator: Any) -> bool:
    """Whether it reads integers that the float graph has."""
    return made.is_uint8(int(operator.inputs[0]))


def _owners(made: Graph, sources: Sequence[int | None]) -> tuple[int | None, ...]:
    """Tell whom it belongs to what the library put in."""
    readers: dict[int, int] = {}
    for place in reversed(range(len(sources))):
        source = sources[place]
        if source is not None:
            readers.update((int(tensor), source) for tensor in made.operators[place].inputs)
    owners: list[int | None] = []
    for source, operator in zip(sources, made.operators, strict=True):
        if source is not None:
            owners.append(source)
            continue
        read, written = int(operator.inputs[0]), int(operator.outputs[0])
        inner = made.constant(read) is not None or (
            made.is_quantized(read) and made.is_quantized(written)
        )
        owners.append(readers.get(written) if inner else None)
    return tuple(owners)
