"""Resizing gives the integers that its definition gives, and what OpenCV gives but for rounding."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.contract.resample import resample

SIDES = st.integers(1, 40)


def area(source, target):
    """Weights by the definition: the share of each new pixel that lies in each old one."""
    ratio = Fraction(source, target)
    return [
        [
            max(Fraction(0), min(j + 1, (i + 1) * ratio) - max(j, i * ratio)) / ratio
            for j in range(source)
        ]
        for i in range(target)
    ]


def bilinear(source, target):
    """Weights by the definition: pixel i has its centre at i + 1/2, the border goes on."""
    rows = []
    for i in range(target):
        centre = (i + Fraction(1, 2)) * source / target - Fraction(1, 2)
        left = centre.__floor__()
        row = [Fraction(0)] * source
        for column, weight in ((left, 1 - (centre - left)), (left + 1, centre - left)):
            row[min(max(column, 0), source - 1)] += weight
        rows.append(row)
    return rows


def expected(image, size, shrink):
    axes = []
    for source, target in ((image.shape[1], size[0]), (image.shape[0], size[1])):
        averages = source == target or (shrink and target < source)
        axes.append(area(source, target) if averages else bilinear(source, target))
    across, down = (np.array(axis, object).reshape(len(axis), -1) for axis in axes)
    exact = np.einsum("yj,jic->yic", down, image.astype(object))
    exact = np.einsum("xi,yic->yxc", across, exact)
    return np.vectorize(lambda value: (value + Fraction(1, 2)).__floor__())(exact)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, SIDES, SIDES, st.booleans(), st.integers(0, 2**32 - 1))
def test_every_pixel_is_the_exact_mean_rounded_once(width, height, across, down, shrink, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    found = resample(image, (across, down), area=shrink)
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, expected(image, (across, down), shrink))


@pytest.mark.parametrize(
    ("size", "method", "share"),
    [((320, 240), cv2.INTER_AREA, 0.05), ((1500, 1000), cv2.INTER_LINEAR, 0.35)],
    ids=["area", "bilinear"],
)
def test_opencv_differs_by_its_rounding_alone(size, method, share):
    image = np.random.default_rng(0).integers(0, 256, (960, 1280, 3), np.uint8)
    apart = np.abs(
        resample(image, size, area=True).astype(int) - cv2.resize(image, size, interpolation=method)
    )
    assert apart.max() <= 1
    assert (apart > 0).mean() < share


def test_axes_are_treated_one_by_one():
    image = np.random.default_rng(0).integers(0, 256, (30, 20, 3), np.uint8)
    twice = resample(resample(image, (20, 10), area=True), (40, 10), area=True)
    once = resample(image, (40, 10), area=True)
    assert np.abs(once.astype(int) - twice).max() <= 1  # Rounded once, not twice.


def test_huge_pictures_do_not_overflow():
    image = np.full((9001, 8999, 3), 255, np.uint8)
    assert (resample(image, (320, 317), area=True) == 255).all()
