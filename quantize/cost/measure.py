"""Measures what every operator of a network costs in each scheme.

Not single operators are timed but whole files of one scheme each, in turns: there every operator
finds the caches as it will find them, and XNNPACK joins what it will join.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from decant.errors import DataError, InternalError, SpecError

from .borders import PASSINGS, Borders, border_files, border_times
from .costs import Costs
from .operator_costs import wiring_of
from .reading import read_costs
from .store import NONE, Cost, Store, operator_keys
from .target import Host
from .variants import fixed, made_up_ranges, make_variant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from decant.flatbuffer.graph import Graph
    from decant.quantization import SchemeName
    from decant.runtime_profile import Profile

    from ..ranges import Range
    from .borders import Passing
    from .target import Target
    from .variants import Variant

logger = logging.getLogger(__name__)

SCHEMES_MEASURED: tuple[SchemeName, ...] = ("float", "static_int8", "dynamic_int8")
FLOAT_FORM: SchemeName = "float"


def measure_costs(
    graph: Graph,
    *,
    cache: Path | None = None,
    target: Target | None = None,
    schemes: Sequence[SchemeName] = SCHEMES_MEASURED,
    ranges: Mapping[str, Range] | None = None,
) -> Costs:
    """Measure the costs of a float graph's operators, or take those that are known.

    Args:
        graph: The float graph after rewrites; sizes that it leaves free are those that it states.
        cache: Folder of the file that keeps what was measured; nothing is kept if None.
        target: What to measure on; this machine with one thread if None.
        schemes: Which; float always is one.
        ranges: Of the activations, where they are known: now and then an integer kernel is chosen
            by them.

    Raises:
        DataError: LiteRT refuses the float file, or the cache cannot be written.
        InternalError: LiteRT crashes on a file.
    """
    target = target or Host()
    graph = fixed(graph)
    store = Store(cache, target.identity)
    ranges = ranges or made_up_ranges(graph)
    keys = {scheme: operator_keys(graph, scheme, ranges) for scheme in (FLOAT_FORM, *schemes)}
    missing = [scheme for scheme in keys if None in map(store.operator, keys[scheme])]
    failures: dict[SchemeName, str] = {}
    if missing:
        # What the float file leaves out shows what others do not.
        making = dict.fromkeys((FLOAT_FORM, *missing))
        variants = _variants(graph, tuple(making), ranges, failures)
        profiles = _profiles(target, variants, failures)
        _keep(store, graph, variants, profiles, keys)
    borders = [passing for passing in PASSINGS if store.border(passing) is None]
    if borders:
        _measure_borders(store, target, borders)
    operators = {
        scheme: [store.operator(key) or NONE for key in keys[scheme]]
        for scheme in keys
        if scheme not in failures
    }
    times = Borders({passing: store.border(passing) or () for passing in PASSINGS})
    timed = bool(missing or borders)
    return Costs(wiring_of(graph), operators, times, timed=timed, failures=failures)


def _variants(
    graph: Graph,
    schemes: Sequence[SchemeName],
    ranges: Mapping[str, Range],
    failures: dict[SchemeName, str],
) -> dict[SchemeName, Variant]:
    """Make the files; a scheme that the library cannot make leaves its reason instead."""
    variants: dict[SchemeName, Variant] = {}
    for scheme in schemes:
        logger.info("cost of %s …", scheme)
        try:
            variants[scheme] = make_variant(graph, scheme, ranges)
        except (InternalError, SpecError) as error:
            failures[scheme] = str(error)
    return variants


def _profiles(
    target: Target, variants: Mapping[SchemeName, Variant], failures: dict[SchemeName, str]
) -> dict[str, Profile]:
    """Time the files in turns; one that does not run leaves its reason instead.

    Raises:
        DataError: LiteRT refuses the float file.
        InternalError: LiteRT crashes on it.
    """
    files: dict[str, bytes] = {scheme: each.content for scheme, each in variants.items()}
    try:
        return target.profile(files)
    except (DataError, InternalError):
        for scheme in variants:
            try:
                target.profile({scheme: files[scheme]})
            except (DataError, InternalError) as error:
                if scheme == FLOAT_FORM:
                    raise
                failures[scheme] = str(error)
                del files[scheme]
        return target.profile(files)


def _keep(
    store: Store,
    graph: Graph,
    variants: Mapping[SchemeName, Variant],
    profiles: Mapping[str, Profile],
    keys: Mapping[SchemeName, Sequence[str]],
) -> None:
    """Keep what the operators take by the profiles."""
    timed = {scheme: each for scheme, each in variants.items() if scheme in profiles}
    fresh: dict[str, Cost] = {}
    for scheme, costs in read_costs(graph, timed, profiles).items():
        fresh |= _averages(keys[scheme], costs)
    store.keep(fresh, {})


def _measure_borders(store: Store, target: Target, passings: Sequence[Passing]) -> None:
    """Time what passes between floats and integers, and keep it."""
    files = border_files()
    profiles = target.profile({passing: files[passing] for passing in passings})
    curves = {passing: border_times(passing, profiles[passing].operators) for passing in passings}
    store.keep({}, curves)


def _averages(keys: Sequence[str], costs: Sequence[Cost]) -> dict[str, Cost]:
    """Give one cost to operators that are alike: their mean, so that sums stay."""
    alike: dict[str, list[Cost]] = {}
    for key, cost in zip(keys, costs, strict=True):
        alike.setdefault(key, []).append(cost)
    return {
        key: Cost(ms=sum(cost.ms for cost in each) / len(each), kernel=each[0].kernel)
        for key, each in alike.items()
    }
