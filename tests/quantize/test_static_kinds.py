"""What a static recipe makes int8 runs as int8, whatever stands before and behind it."""

import numpy as np
import pytest
import static_graphs

from decant.isolation import run_isolated
from decant.quantize import STATIC_INT8

SEEDS = range(5)


def all_forms(kind):
    return [static_graphs.float_and_int8(kind, seed) for seed in SEEDS]


def test_every_static_kind_is_tried():
    assert set(STATIC_INT8.kinds) <= set(static_graphs.STEPS)
    tried = set()
    for kind in static_graphs.STEPS:
        for seed in SEEDS:
            tried |= static_graphs.grown(kind, seed).histogram().keys()
    assert set(STATIC_INT8.kinds) <= tried


@pytest.mark.parametrize("kind", STATIC_INT8.kinds)
def test_a_static_kind_runs_among_others(kind):
    """LiteRT takes the file, and every output is the float one's but for rounding."""
    for seed, (real, found) in zip(SEEDS, run_isolated(all_forms, kind), strict=True):
        for name in real[0]:
            expected, measured = (np.stack([out[name] for out in runs]) for runs in (real, found))
            assert measured.dtype == np.float32, (seed, name)
            # A rounding is 1/510 of a range, and up to a dozen follow one another: 0.02 at most was
            # seen. A tensor of another operator or scale is off by its whole range.
            assert np.abs(measured - expected).max() <= 0.05 * np.ptp(expected), (seed, name)
