"""Finds what of a static int8 file had better compute in float, from what surrounds it.

A recipe's kinds say which operators gain from int8 by themselves; these rules say where one of such
a kind does not. What they find goes into the recipe as groups, before its own ones.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.quantization import Group

from .calibration.calibrators import LEVELS
from .ranges import written_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from decant.flatbuffer.graph import Graph

    from .ranges import Range

    Rule = Callable[["Links", Mapping[str, Range]], Iterator[Any]]

# Larger than what a network computes: it stands for infinity, as a mask before a softmax.
HUGE = 1e4
# Scales of inputs over the result's, beyond which XNNPACK (its qs8 add and multiply) leaves an
# operator to LiteRT's own kernels.
SUM_RATIOS = (2.0**-10, 2.0**8)
PRODUCT_RATIOS = (2.0**-16, 2.0**8)
SUMS = ("ADD", "SUB")
AFFINE = (*SUMS, "MUL")
ARRANGING = ("RESHAPE", "TRANSPOSE")
PASSING = (*ARRANGING, "CONCATENATION", "MEAN", "SLICE", "SPLIT", "STRIDED_SLICE", "SUM", "UNPACK")


class Links:
    """Who writes and who reads each tensor of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.readers = graph.readers()
        self._writers = graph.writers()

    def writer(self, tensor: int, *kinds: str) -> Any | None:
        """Give what writes a tensor if it is of one of some kinds."""
        operator = self._writers.get(tensor)
        fits = operator is not None and self.graph.kind(operator) in kinds
        return operator if fits else None

    def constants(self, operator: Any) -> list[int]:
        """List the constants that an operator reads."""
        return [t for t in _read(operator) if self.graph.constant(t) is not None]

    def computed(self, operator: Any) -> list[int]:
        """List the activations that an operator reads."""
        return [t for t in _read(operator) if self.graph.constant(t) is None]


def float_groups(graph: Graph, ranges: Mapping[str, Range]) -> tuple[Group, ...]:
    """Give the groups of a static recipe that should be float.

    Args:
        graph: The float graph.
        ranges: Of its activations; one that was NaN or infinite has none.
    """
    links = Links(graph)
    found = [_group(graph, rule(links, ranges)) for rule in RULES]
    return tuple(group for group in found if group is not None)


def normalizations(links: Links, ranges: Mapping[str, Range]) -> Iterator[Any]:
    """Keep layer normalisations float, and the sums that they are of.

    x → MEAN, SUB, SQUARED_DIFFERENCE, MEAN, ADD, RSQRT, MUL → QUANTIZE → y: int8

    As int8, mean, variance and its inverse root each have a scale of their own, and lose what the
    smallest of them tells; and XNNPACK's int8 product with one value per row takes seven times the
    float one's time.
    """
    for operator in links.graph.operators:
        if links.graph.kind(operator) == "RSQRT":
            yield from _normalization(links, operator)


def residual_sums(links: Links, ranges: Mapping[str, Range]) -> Iterator[Any]:
    """Keep the sums of a network with layer normalisations float: its residual stream.

    As int8, every block rounds again what all blocks before it have made, and some values of the
    stream are a hundred times the others (ConvNeXt-T keeps 16 dB so, 31 as float; ViT-Tiny 5 and
    26). The time is the same: a float sum takes what an int8 one and its scales take.
    """
    operators = links.graph.operators
    if not any(links.graph.kind(operator) == "RSQRT" for operator in operators):
        return
    for operator in operators:
        if links.graph.kind(operator) == "ADD" and len(links.computed(operator)) == 2:
            yield operator


def joined_outputs(links: Links, ranges: Mapping[str, Range]) -> Iterator[Any]:
    """Join in float what an output joins.

    Before: boxes, scores: int8 → CONCATENATION: int8 of one scale → DEQUANTIZE → output
    After:  boxes, scores: int8 → DEQUANTIZE of each → CONCATENATION → output

    The output is float anyway, so that as many values are made float. Pixels beside probabilities
    in one scale leave nothing of these: a detector's raw head. What arranges the values behind is
    float, too, which takes XNNPACK the same time; and so is the arithmetic that makes pixels of the
    last layer's values. (A head of 240 boxes: AP 0 as int8, 0.778 with the joining float, 0.815
    with the arithmetic, as the float file; 0.236 and 0.247 ms.)
    """
    for output in links.graph.outputs:
        end, tensor = [], output
        while (moving := links.writer(tensor, *ARRANGING)) is not None:
            end.append(moving)
            tensor = int(moving.inputs[0])
        joining = links.writer(tensor, "CONCATENATION")
        # What is read as integers as well would be joined twice.
        between = [tensor, *(int(moving.inputs[0]) for moving in end)]
        single = all(len(links.readers.get(each, [])) <= 1 for each in between)
        if joining is not None and single and (end or tensor not in links.readers):
            yield from (*_decoding(links, joining), joining, *end)


def masks(links: Links, ranges: Mapping[str, Range]) -> Iterator[Any]:
    """Keep float what adds or multiplies values that stand for infinity.

    Before: scores → ADD(mask: 0 or -1e9): int8, of steps of 4e6 → SOFTMAX
    After:  scores → DEQUANTIZE → ADD(mask) → SOFTMAX

    The softmax is float anyway. Its result is the same as of -inf.
    """
    for operator in links.graph.operators:
        if links.graph.kind(operator) in AFFINE and _is_masking(links, operator, ranges):
            yield operator


def unequal_scales(links: Links, ranges: Mapping[str, Range]) -> Iterator[Any]:
    """Keep float what XNNPACK takes in float only, for the ratio of its scales.

    Such an operator cuts the graph in two, and one of LiteRT's own kernels computes it.
    """
    for operator in links.graph.operators:
        kind = links.graph.kind(operator)
        if kind not in AFFINE:
            continue
        scales = [_scale(links.graph, tensor, ranges) for tensor in _read(operator)]
        known = [scale for scale in scales if scale]
        result = _scale(links.graph, int(operator.outputs[0]), ranges)
        if not result or len(known) < len(scales):
            continue
        least, most = SUM_RATIOS if kind in SUMS else PRODUCT_RATIOS
        products = known if kind in SUMS else [math.prod(known)]
        if not all(least <= each / result < most for each in products):
            yield operator


RULES: tuple[Rule, ...] = (normalizations, residual_sums, joined_outputs, masks, unequal_scales)


def _group(graph: Graph, operators: Iterable[Any]) -> Group | None:
    """Name operators by what they write."""
    names = dict.fromkeys(re.escape(written_by(graph, operator)) for operator in operators)
    if not names:
        return None
    return Group(scheme="float", tensors=(f"^(?:{'|'.join(names)});?$",))


def _read(operator: Any) -> list[int]:
    return [int(index) for index in operator.inputs if index >= 0]


def _normalization(links: Links, root: Any) -> Iterator[Any]:
    """Yield what computes and applies the inverse root of a variance, and the sum before it."""
    variance = _variance(links, int(root.inputs[0]))
    if not variance:
        return
    yield from variance
    for operator in links.readers.get(int(root.outputs[0]), []):
        if links.graph.kind(operator) == "MUL":
            yield operator
            yield from _affine(links, int(operator.outputs[0]))
            for tensor in links.computed(operator):
                yield from _centred(links, tensor)


def _variance(links: Links, tensor: int) -> list[Any]:
    """List what makes a variance of an activation, in the form of a mean of squares; or nothing."""
    shifted = links.writer(tensor, "ADD")
    constant = shifted is not None and len(links.constants(shifted)) == 1
    inner = links.computed(shifted)[0] if constant else tensor
    mean = links.writer(inner, "MEAN")
    if mean is None:
        return []
    squares = links.writer(int(mean.inputs[0]), "SQUARED_DIFFERENCE", "SQUARE", "MUL")
    if squares is None:
        return []
    centred = [each for t in dict.fromkeys(_read(squares)) for each in _centred(links, t)]
    return [shifted, mean, squares, *centred] if constant else [mean, squares, *centred]


def _centred(links: Links, tensor: int) -> Iterator[Any]:
    """Yield what makes a tensor: a mean, a difference from one, or the sum that it is of."""
    operator = links.writer(tensor, "MEAN", "SUB", "ADD")
    if operator is None:
        return
    kind = links.graph.kind(operator)
    computed = links.computed(operator)
    if kind == "ADD":
        yield operator
    elif kind == "MEAN" or any(links.writer(each, "MEAN") for each in computed):
        yield operator
        for each in computed:
            yield from _centred(links, each)


def _affine(links: Links, tensor: int) -> Iterator[Any]:
    """Yield the scale and shift of constants behind a normalisation, where nothing else reads."""
    readers = links.readers.get(tensor, [])
    if len(readers) != 1 or links.graph.kind(readers[0]) not in AFFINE:
        return
    if len(links.constants(readers[0])) == 1:
        yield readers[0]
        yield from _affine(links, int(readers[0].outputs[0]))


def _decoding(links: Links, joining: Any) -> list[Any]:
    """List the arithmetic before a joining, and what passes its results on; no layer, no gate."""
    operators = links.graph.operators
    computed: set[int] = set()
    for operator in operators:
        kind = links.graph.kind(operator)
        passes = kind in PASSING and computed.intersection(_read(operator))
        if passes or (kind in AFFINE and not _is_gate(links, operator)):
            computed.update(int(index) for index in operator.outputs)
    wanted = set(_read(joining))
    found = []
    for operator in reversed(operators):
        if wanted.intersection(int(index) for index in operator.outputs) & computed:
            found.append(operator)
            wanted.update(_read(operator))
    return found


def _is_gate(links: Links, operator: Any) -> bool:
    """Whether a product is of a value and its own sigmoid, which is one table as it stands."""
    gates = [links.writer(tensor, "LOGISTIC") for tensor in _read(operator)]
    return any(gate is not None and int(gate.inputs[0]) in operator.inputs for gate in gates)


def _is_masking(links: Links, operator: Any, ranges: Mapping[str, Range]) -> bool:
    tensors = (*_read(operator), int(operator.outputs[0]))
    return any(_reach(links.graph, tensor, ranges) >= HUGE for tensor in tensors)


def _reach(graph: Graph, tensor: int, ranges: Mapping[str, Range]) -> float:
    """Give the largest magnitude of a float tensor."""
    if not graph.is_float(tensor):
        return 0.0
    value = graph.constant(tensor)
    if value is not None:
        return float(np.abs(value).max(initial=0))
    return max(map(abs, ranges.get(graph.name(tensor), (0.0, 0.0))))


def _scale(graph: Graph, tensor: int, ranges: Mapping[str, Range]) -> float | None:
    """Give the step that a tensor has as int8; None where that is not known."""
    value = graph.constant(tensor)
    if value is not None and graph.is_float(tensor) and value.size:
        low, high = float(value.min()), float(value.max())
    elif graph.name(tensor) in ranges:
        low, high = ranges[graph.name(tensor)]
    else:
        return None
    return (max(high, 0.0) - min(low, 0.0)) / LEVELS
