"""Statistics of a stream, and what calibrators make of them."""

import numpy as np
import pytest

from decant.fidelity import Part
from decant.quantize.calibration import CALIBRATORS
from decant.quantize.calibration.calibrators import LEVELS, squared_error
from decant.quantize.calibration.comparison import local_error
from decant.quantize.calibration.histogram import BINS, Histogram
from decant.quantize.calibration.statistics import COUNTED_VALUES, Statistics
from decant.quantize.calibrator_choice import information


def histogram(*parts):
    found = Histogram()
    for part in parts:
        found.add(np.asarray(part, np.float32))
    return found


def laplace(seed, count=100_000):
    return np.random.default_rng(seed).laplace(size=count).astype(np.float32)


def rounding_error(values, low, high):
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / LEVELS
    rounded = low + np.round((np.clip(values, low, high) - low) / step) * step
    return np.square(values - rounded).mean()


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 1e6, 1e30])
def test_a_histogram_counts_as_numpy_does_over_the_same_bins(scale):
    values = np.float32(scale) * laplace(0, 5000)
    found = histogram(values)
    edges = (found.first + np.arange(len(found.counts) + 1)) * found.width
    np.testing.assert_array_equal(found.counts, np.histogram(values, edges)[0])
    assert BINS // 2 <= len(found.counts) <= BINS
    assert found.counts[0] > 0
    assert found.counts[-1] > 0


def test_a_histogram_is_the_same_in_whatever_order_values_come():
    parts = [factor * laplace(seed, 3000) for seed, factor in enumerate((1e-3, 50.0, 0.4, 7.0))]
    whole = histogram(np.concatenate(parts))
    for order in ([0, 1, 2, 3], [1, 3, 2, 0], [2, 0, 3, 1]):
        found = histogram(*(parts[at] for at in order))
        assert (found.exponent, found.first) == (whole.exponent, whole.first)
        np.testing.assert_array_equal(found.counts, whole.counts)


def test_a_histogram_of_values_far_from_zero_is_as_fine_as_they_are():
    values = np.float32(1000) + np.arange(3, dtype=np.float32) / 1024
    found = histogram(values)
    assert [found.counts[0], found.counts[-1], found.counts.sum()] == [1, 1, 3]


def test_statistics_do_not_grow_with_samples():
    few, many = (Statistics.of(*(laplace(seed, 500) for seed in range(n))) for n in (10, 500))
    assert many.samples == 500
    assert many.histogram.counts.nbytes <= 2 * few.histogram.counts.nbytes


def test_values_are_counted_in_every_channel():
    channels = 64
    # Evenly spaced values with a step of 64 would all be of one channel.
    value = np.zeros((COUNTED_VALUES, channels), np.float32) + np.arange(channels)
    seen = Statistics.of(value)
    assert np.count_nonzero(seen.histogram.counts) == channels - 1
    assert seen.zeros > 0


def test_a_moving_average_is_of_each_samples_extremes():
    seen = Statistics.of(*([-at, 2 * at] for at in (1.0, 2.0, 6.0)))
    assert (seen.average_low, seen.average_high) == pytest.approx((-3, 6))
    assert CALIBRATORS["moving_average"].range_of(seen) == (seen.average_low, seen.average_high)


@pytest.mark.parametrize("bound", [0.0, -0.5])
def test_values_below_a_bound_become_it(bound):
    values = np.random.default_rng(0).normal(size=4000).astype(np.float32)
    seen, cut = Statistics.of(values), Statistics.of(np.maximum(values, np.float32(bound)))
    found = seen.above(bound)
    assert (found.low, found.high, found.zeros) == (cut.low, cut.high, cut.zeros)
    assert found.histogram.counts.sum() == cut.histogram.counts.sum()
    # Bins of another width, for another range of values.
    assert local_error(found, (bound, 3.0)) == pytest.approx(
        local_error(cut, (bound, 3.0)), rel=0.02
    )
    assert seen.low < bound  # it is left as it was


def test_the_expected_error_is_that_of_rounding():
    values = laplace(1)
    seen = Statistics.of(*np.array_split(values, 10))
    for low, high in ((-9.0, 8.0), (-4.0, 6.0), (-2.0, 0.0)):
        # Rounding errors are taken for uniform, and bins for their middle.
        assert local_error(seen, (low, high)) == pytest.approx(
            rounding_error(values, low, high), rel=0.02
        )


def test_errors_of_many_ranges_are_those_of_each():
    seen = histogram(laplace(2))
    lows, highs = np.array([-8.0, -3.0]), np.array([2.0, 5.0, 9.0])
    grid = squared_error(seen, lows[:, None], highs[None, :])
    each = [[float(squared_error(seen, low, high)) for high in highs] for low in lows]
    np.testing.assert_allclose(grid, each)


def test_percentiles_leave_out_the_given_share_on_either_side():
    values = np.arange(-50_000, 50_000, dtype=np.float32)
    seen = Statistics.of(*values.reshape(10, -1))
    low, high = CALIBRATORS["percentile"].range_of(seen)
    # A ten-thousandth of 100,000 values, to the edge of a bin.
    width = seen.histogram.width
    assert low == pytest.approx(-49_990, abs=width)
    assert high == pytest.approx(49_990, abs=width)


@pytest.mark.parametrize("name", ["moving_average", "percentile", "entropy"])
def test_calibrators_that_clip_beat_the_extremes_on_one_outlier(name):
    parts = np.array_split(np.random.default_rng(0).normal(size=100_000), 50)
    parts[7][0] = 40.0
    seen = Statistics.of(*parts)
    others = np.random.default_rng(1).normal(size=100_000)
    spans = {each: CALIBRATORS[each].range_of(seen) for each in ("minmax", name)}
    assert spans[name][1] < 0.75 * spans["minmax"][1]
    assert rounding_error(others, *spans[name]) < 0.75 * rounding_error(others, *spans["minmax"])


@pytest.mark.parametrize("name", CALIBRATORS)
@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.full(50, 3.5), id="constant"),
        pytest.param(np.array([2.0, 2.5, 3.0]), id="positive"),
        pytest.param(np.array([-3.0, -2.5, -2.0]), id="negative"),
        pytest.param(np.array([0.0, 0.0, 1.0]), id="mostly-zero"),
        pytest.param(np.array([1e-38, 2e-38]), id="tiny"),
        pytest.param(np.array([-3e38, 3e38]), id="huge"),
    ],
)
def test_a_range_lies_within_what_was_seen(name, values):
    seen = Statistics.of(values)
    low, high = CALIBRATORS[name].range_of(seen)
    assert seen.low <= low <= high <= seen.high


def test_a_part_that_is_lost_anyway_does_not_outweigh_the_others():
    def part(snr_db):
        return Part(output="scores", snr_db=snr_db, low=0, high=1, meaning="good")

    spares_the_good = information([part(48.0), part(-46.0)])
    helps_the_lost = information([part(5.0), part(-30.0)])

    assert spares_the_good > helps_the_lost
    assert information([part(20.0)]) == pytest.approx(3.33, abs=0.01)
