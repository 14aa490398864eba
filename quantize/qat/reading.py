"""Reads from an integer file which tensors share a grid and how each constant is rounded.

Nothing of the quantizer library's choices is stated here again: the file says what they came to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from decant.errors import UnsupportedOp

from .constants import Asymmetric, Bias, Half, OnGrid, Symmetric
from .grids import FixedGrid, Grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from decant.flatbuffer import Graph

    from ..recipes import Recipe
    from .constants import Rule

Parameters = tuple[float, int]

# Operators that give values they have read: int8 ones read and write one scale.
MOVING = frozenset(
    ("BROADCAST_TO", "CONCATENATION", "DEPTH_TO_SPACE", "GATHER", "GATHER_ND", "MAX_POOL_2D",
     "MAXIMUM", "MINIMUM", "MIRROR_PAD", "PACK", "PAD", "PADV2", "REDUCE_MAX", "REDUCE_MIN",
     "RELU", "RESHAPE", "RESIZE_NEAREST_NEIGHBOR", "SELECT", "SELECT_V2", "SLICE",
     "SPACE_TO_DEPTH", "SPLIT", "STRIDED_SLICE", "TRANSPOSE", "UNPACK"),
)  # fmt: skip
# Those that average values they have read, on the same scale.
AVERAGING = frozenset(("AVERAGE_POOL_2D", "RESIZE_BILINEAR"))
# Where operators with weights read their input, weights and bias.
WEIGHTED: dict[str, tuple[int, int, int]] = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
# What the library calls a constant that two operators want in two types.
DUPLICATE = re.compile(r"^(.*)_duplicated_\d+$")


@dataclass(frozen=True, slots=True)
class IntegerFile:
    """What an integer file says of its tensors.

    Attributes:
        grids: By number.
        grid_of: Integer activation → number of its grid.
        rules: Rounded constant → its rule.
        origins: Constant → tensor of the float graph that it comes from.
    """

    grids: tuple[Grid | FixedGrid, ...]
    grid_of: dict[int, int]
    rules: dict[int, Rule]
    origins: dict[int, int]


def read_integers(made: Graph, source: Graph, recipe: Recipe) -> IntegerFile:
    """Read an integer file beside the float graph that it was made of.

    Raises:
        UnsupportedOp: A constant is rounded in a way that training cannot follow.
    """
    activations = [at for at in _read_or_written(made) if _is_activation(made, at)]
    sets = _shared(made, activations)
    grids, grid_of = _grids(made, source, recipe, sets)
    origins = _origins(made, source)
    rules = {
        at: rule
        for at in origins
        if (rule := _rule(made, source, at, origins[at], grid_of)) is not None
    }
    return IntegerFile(grids, grid_of, rules, origins)


def parameters_of(graph: Graph, tensor: int) -> Parameters | None:
    """Give scale and zero point of a tensor that has one of each."""
    scale = graph.scale(tensor)
    if scale is None:
        return None
    return scale, int(graph.subgraph.tensors[tensor].quantization.zeroPoint[0])


def _read_or_written(graph: Graph) -> list[int]:
    both = (at for op in graph.operators for at in (*op.inputs, *op.outputs) if at >= 0)
    return list(dict.fromkeys(int(at) for at in both))


def _is_activation(graph: Graph, tensor: int) -> bool:
    return (
        graph.is_quantized(tensor)
        and graph.constant(tensor) is None
        and parameters_of(graph, tensor) is not None
    )


def _shared(made: Graph, activations: list[int]) -> list[set[int]]:
    """Part integer activations into sets that share a grid because values move among them."""
    sets = {at: {at} for at in activations}
    for operator in made.operators:
        if made.kind(operator) not in MOVING | AVERAGING:
            continue
        joined = [int(at) for at in (*operator.inputs, *operator.outputs) if int(at) in sets]
        for other in joined[1:]:
            if parameters_of(made, other) == parameters_of(made, joined[0]):
                _join(sets, joined[0], other)
    return _different(sets.values())


def _join(sets: dict[int, set[int]], one: int, other: int) -> None:
    both = sets[one] | sets[other]
    for at in both:
        sets[at] = both


def _different(sets: Iterable[set[int]]) -> list[set[int]]:
    return list({min(each): each for each in sets}.values())


def _grids(
    made: Graph, source: Graph, recipe: Recipe, sets: list[set[int]]
) -> tuple[tuple[Grid | FixedGrid, ...], dict[int, int]]:
    """Give each set a grid: the range that it comes from, or what the file says if it has none.

    Sets that come from one range are one.
    """
    names = {source.name(at) for at in range(len(source.subgraph.tensors))}
    written = {int(at): op for op in made.operators for at in op.outputs}
    owned: list[tuple[set[int], set[str]]] = []
    for members in sets:
        first = min(members)
        own = {
            name
            for name in (_origin(made, at, names, written) for at in members)
            if name in recipe.ranges and _fits(made, first, recipe, name)
        }
        for earlier in [each for each in owned if each[1] & own]:
            owned.remove(earlier)
            members, own = members | earlier[0], own | earlier[1]
        owned.append((members, own))
    grids = tuple(_grid(made, members, sorted(own), recipe) for members, own in owned)
    return grids, {at: number for number, (members, _) in enumerate(owned) for at in members}


def _origin(made: Graph, at: int, names: set[str], written: Mapping[int, Any]) -> str:
    """Name the float graph's tensor whose values an integer tensor holds."""
    while made.name(at) not in names and at in written and made.kind(written[at]) == "QUANTIZE":
        at = int(written[at].inputs[0])
    return made.name(at)


def _bits(graph: Graph, tensor: int) -> int:
    return 8 * graph.dtype(tensor).itemsize


def _learned(made: Graph, tensor: int, recipe: Recipe, names: list[str]) -> Grid:
    bits = _bits(made, tensor)
    symmetric = recipe.symmetric or bits == 16
    return Grid(recipe.ranges[names[0]], names, bits=bits, symmetric=symmetric)


def _fits(made: Graph, tensor: int, recipe: Recipe, name: str) -> bool:
    """Whether a tensor's scale and zero point come from the range of a name."""
    with torch.no_grad():
        scale, zero_point = _learned(made, tensor, recipe, [name]).parameters_now()
    found = parameters_of(made, tensor)
    assert found is not None
    return abs(float(scale) - found[0]) <= 1e-6 * found[0] and int(zero_point) == found[1]


def _grid(made: Graph, members: set[int], names: list[str], recipe: Recipe) -> Grid | FixedGrid:
    first = min(members)
    if names:
        return _learned(made, first, recipe, names)
    found = parameters_of(made, first)
    assert found is not None
    return FixedGrid(*found, bits=_bits(made, first))


def _origins(made: Graph, source: Graph) -> dict[int, int]:
    """Map each float or rounded constant to the float graph's."""
    floats = {
        source.name(at): at
        for at in _read_or_written(source)
        if source.is_float(at) and source.constant(at) is not None
    }
    found = {}
    for at in _read_or_written(made):
        name = made.name(at)
        duplicate = DUPLICATE.match(name)
        known = floats.get(name, floats.get(duplicate[1]) if duplicate else None)
        if known is not None and made.constant(at) is not None:
            found[at] = known
    return found


def _rule(
    made: Graph, source: Graph, at: int, origin: int, grid_of: Mapping[int, int]
) -> Rule | None:
    """Find the rule that gives what a file says of a constant; None of one that stays float."""
    if made.is_float(at):
        return None
    if made.dtype(at).kind == "f":
        return Half()
    readers = made.readers()[at]
    for operator in readers:
        x, weights, bias = WEIGHTED.get(made.kind(operator), (-1, -1, -1))
        inputs = [int(each) for each in operator.inputs]
        if bias >= 0 and len(inputs) > bias and inputs[bias] == at:
            return Bias(inputs[x], inputs[weights])
        for other in (*inputs, *(int(each) for each in operator.outputs)):
            moved = made.kind(operator) in MOVING and other in grid_of
            if moved and parameters_of(made, other) == parameters_of(made, at):
                return OnGrid(other)
    return _by_values(made, source, at, origin)


def _by_values(made: Graph, source: Graph, at: int, origin: int) -> Rule:
    """Find the rule by which the values alone give the file's scales."""
    value = source.constant(origin)
    assert value is not None
    parameters = made.subgraph.tensors[at].quantization
    axis = int(parameters.quantizedDimension) if len(parameters.scale) > 1 else None
    for rule in (Symmetric(axis, _bits(made, at)), Asymmetric()):
        if _gives(rule, value, parameters):
            return rule
    raise UnsupportedOp(
        f"constant {made.name(at)!r} of the integer file is rounded in a way that training cannot"
        " follow; keep the operators that read it in float (`keep_float` of the recipe)"
    )


def _gives(rule: Rule, value: NDArray[Any], parameters: Any) -> bool:
    def scaled(_: int) -> tuple[torch.Tensor, torch.Tensor]:
        raise AssertionError("of values alone")

    scale, zero_point = rule.scale(torch.from_numpy(value.copy()), scaled)
    found = torch.as_tensor([float(each) for each in parameters.scale])
    zeros = torch.as_tensor([float(each) for each in parameters.zeroPoint])
    fits = scale.numel() == found.numel() and torch.allclose(
        scale.reshape(-1), found, rtol=1e-5, atol=0.0
    )
    return bool(fits and (zeros == zero_point).all())
