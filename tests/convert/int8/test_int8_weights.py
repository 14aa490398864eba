"""Integers are found again in the floats that were made of them, and only there."""

import numpy as np
import pytest

from decant.convert.int8.weights import LARGEST_SUM, SPAN, as_bytes, halves, lossless


def drawn(*shape, limit=127):
    return np.random.default_rng(0).integers(-limit, limit + 1, shape)


def floats(integers, scales, axis=0):
    shape = [1] * integers.ndim
    shape[axis] = -1
    return integers.astype(np.float32) * np.reshape(np.float32(scales), shape)


def restored(found):
    shape = [1] * found.values.ndim
    shape[found.axis] = -1
    zeros = 0 if found.zero_points is None else found.zero_points.reshape(shape)
    return (found.values - zeros) * found.scales.reshape(shape if len(found.scales) > 1 else ())


def test_one_scale_is_found_for_all_where_one_does():
    weights = floats(drawn(5, 7), [0.013])
    found = lossless(weights, (0,))
    assert len(found.scales) == 1
    np.testing.assert_allclose(restored(found), weights, rtol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_scale_for_each_index_is_found_along_the_axis_that_has_them(axis):
    integers = drawn(4, 5, 6, limit=100)
    weights = floats(integers, np.linspace(0.01, 0.03, integers.shape[axis]), axis)
    found = lossless(weights, (axis,))
    assert found.scales.shape == (integers.shape[axis],)
    assert np.abs(found.values).max() <= 127
    np.testing.assert_allclose(restored(found), weights, rtol=1e-6)


def test_few_values_leave_no_coarse_scale():
    found = lossless(floats(np.array([[1, 0, -1]]), [0.5]), ())
    np.testing.assert_array_equal(found.values, [[127, 0, -127]])


def test_weights_that_were_no_integers_have_none():
    weights = np.random.default_rng(0).normal(size=(6, 40)).astype(np.float32)
    assert lossless(weights, (0, 1)) is None
    assert lossless(np.full((2, 3), np.inf, np.float32), (0,)) is None


def test_weights_of_nothing_but_zeros_are_integers():
    assert not lossless(np.zeros((2, 3), np.float32), (0,)).values.any()


def test_nine_bits_are_the_sum_of_two_int8():
    integers = drawn(6, 40, limit=200)
    weights = floats(integers, [0.02])
    assert lossless(weights, (0,)) is None
    first, second = halves(lossless(weights, (0,), LARGEST_SUM))
    assert max(np.abs(first).max(), np.abs(second).max()) <= 127
    np.testing.assert_allclose((first + second) / (first + second).max(), integers / integers.max())


def test_bytes_around_a_zero_point_are_bytes_again():
    integers = np.random.default_rng(0).integers(0, 256, (3, 50)) - np.array([[30], [0], [255]])
    weights = floats(integers, [0.1, 0.2, 0.3])
    found = as_bytes(lossless(weights, (0,), SPAN))
    assert found.values.min() >= -128
    assert found.values.max() <= 127
    np.testing.assert_allclose(restored(found), weights, rtol=1e-6, atol=1e-7)


def test_what_spans_more_than_a_byte_is_not_one():
    assert as_bytes(lossless(floats(drawn(3, 90, limit=220), [0.1]), (0,), SPAN)) is None
