"""Limits are compared as their decimal digits mean them, whatever float arithmetic makes of it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.limits import at_least, at_most

DIGITS = 4


@st.composite
def shares(draw):
    """Counts of right answers of two models on one test set, and a limit as one writes it."""
    images = draw(st.integers(1, 10**6))
    limit = draw(st.integers(0, 10**DIGITS))
    first = draw(st.integers(0, images))
    # As near to the limit as counts come, as well as anywhere.
    near = first - images * limit // 10**DIGITS + draw(st.integers(-2, 2))
    second = draw(st.one_of(st.integers(0, images), st.just(max(0, min(images, near)))))
    return images, first, second, limit


@given(shares())
def test_drop_is_compared_as_its_counts_are(drawn):
    images, first, second, limit = drawn
    exact = Fraction(first - second, images) <= Fraction(limit, 10**DIGITS)
    assert at_most(first / images - second / images, limit / 10**DIGITS) == exact


@given(shares())
def test_share_is_compared_with_a_floor_as_its_count_is(drawn):
    images, first, _, limit = drawn
    exact = Fraction(first, images) >= Fraction(limit, 10**DIGITS)
    assert at_least(first / images, limit / 10**DIGITS) == exact


@given(st.integers(1, 2**40), st.integers(1, 2**40), st.integers(0, 10**DIGITS))
def test_quotient_of_integers_is_exact_however_large(size, reference, limit):
    exact = size * 10**DIGITS <= limit * reference
    assert at_most(Fraction(size, reference), limit / 10**DIGITS) == exact


def test_three_of_three_hundred_is_one_point():
    drop = 293 / 300 - 290 / 300
    assert drop > 0.01
    assert at_most(drop, 0.01)
    assert not at_most(293 / 300 - 289 / 300, 0.01)


@pytest.mark.parametrize("limit", [10**6, 10**12, 10**15])
def test_one_byte_more_is_too_many(limit):
    assert at_most(limit, limit)
    assert not at_most(limit + 1, limit)
    assert at_least(limit, limit)
    assert not at_least(limit - 1, limit)
