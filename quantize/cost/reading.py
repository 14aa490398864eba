"""Reads the costs of operators from the profiles of whole files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .alignment import align
from .store import NONE, Cost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from decant.flatbuffer.graph import Graph
    from decant.quantization import SchemeName
    from decant.runtime_profile import OperatorTime, Profile

    from .store import Kernel
    from .variants import Variant

    Times = Mapping[int, Sequence[OperatorTime]]


def read_costs(
    graph: Graph, variants: Mapping[SchemeName, Variant], profiles: Mapping[str, Profile]
) -> dict[SchemeName, list[Cost]]:
    """Tell the costs of all operators of a network in each scheme.

    Args:
        graph: The float graph.
        variants: Scheme → its file; float is one.
        profiles: Scheme → the file's times.
    """
    between_ms = _between_ms([profiles[scheme] for scheme in variants])
    times = {
        scheme: align(variant.made, profiles[scheme].operators)
        for scheme, variant in variants.items()
    }
    left_out = {at for at, found in times["float"].items() if not found}
    return {
        scheme: _in_scheme(graph, variant, times[scheme], left_out, between_ms)
        for scheme, variant in variants.items()
    }


def _between_ms(profiles: Sequence[Profile]) -> float:
    """What a run takes beyond its operators' times, which are whole microseconds, for each."""
    beyond = sum(profile.whole_ms - profile.sum_ms for profile in profiles)
    return max(0.0, beyond / sum(len(profile.operators) for profile in profiles))


def _in_scheme(
    graph: Graph, variant: Variant, times: Times, left_out: set[int], between_ms: float
) -> list[Cost]:
    """Tell the cost of every operator in the scheme of a file.

    Args:
        graph: The float graph.
        variant: The file.
        times: By number of the operator in the file.
        left_out: Operators of the float graph to which no time belongs in the float file.
        between_ms: To add to each time.
    """
    kernels = _kernels(variant, times)
    took = [0.0] * len(graph.operators)
    for place, owner in enumerate(variant.owners):
        if owner is not None:
            payer = _payer(graph, owner, kernels, left_out)
            took[payer] += sum(time.ms + between_ms for time in times[place])
    return [
        Cost(ms=round(took[at], 6), kernel=kernels[at]) if at in kernels else NONE
        for at in range(len(graph.operators))
    ]


def _kernels(variant: Variant, times: Times) -> dict[int, Kernel]:
    """Say of the operators of the float graph that take the scheme who runs them."""
    return {
        source: _kernel(times[place])
        for place, source in enumerate(variant.sources)
        if source is not None and variant.takes(place)
    }


def _kernel(times: Sequence[OperatorTime]) -> Kernel:
    if not times:
        return "part"
    return "xnnpack" if all(time.delegated for time in times) else "litert"


def _payer(graph: Graph, owner: int, kernels: Mapping[int, Kernel], left_out: set[int]) -> int:
    """Say to whose cost an operator's time is added: mostly its own.

    What takes no time in a float file, but does where the next operator has another scheme, is
    for that one: XNNPACK makes a PAD part of a float convolution, and of none that rounds its
    input on the fly.
    """
    if owner in kernels or owner not in left_out:
        return owner
    written = {int(tensor) for tensor in graph.operators[owner].outputs}
    readers = (
        at
        for at in sorted(kernels)
        if written.intersection(int(tensor) for tensor in graph.operators[at].inputs)
    )
    return next(readers, owner)
