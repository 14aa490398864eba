"""Numbers for free sizes: distinct, larger than 1, equal where names are, and such as fit."""

import itertools

import pytest

from decant.free_sizes import accepted, plausible


def first(*shapes):
    return next(plausible(shapes))


@pytest.mark.parametrize(
    "shapes",
    [
        pytest.param([["n", 3, "h", "w"]], id="image"),
        pytest.param([[None, None, None, None]], id="nothing-known"),
        pytest.param([["n", 3, "d", "h", "w"]], id="volume"),
        pytest.param([["n", "t", 8]], id="sequence"),
        pytest.param([["t"]], id="signal"),
        pytest.param([["n", 3, "h", "w"], ["n", "t"]], id="two-inputs"),
        pytest.param([["a", "b", "c", "d", "e", "f", "g", "h"]], id="more-than-are-listed"),
    ],
)
def test_sizes_are_distinct_and_larger_than_one(shapes):
    sizes = first(*shapes)
    free = {
        (name or (i, axis)): sizes[i][axis]
        for i, shape in enumerate(shapes)
        for axis, name in enumerate(shape)
        if not isinstance(name, int)
    }
    assert min(free.values()) > 1
    assert len(set(free.values())) == len(free)
    stated = [n for own in shapes for n in own if isinstance(n, int)]
    kept = [n for own, got in zip(shapes, sizes, strict=True)
            for m, n in zip(own, got, strict=True) if isinstance(m, int)]  # fmt: skip
    assert kept == stated


def test_sizes_of_one_name_are_equal_wherever_they_stand():
    for image, text in itertools.islice(plausible([["n", 3, "s", "s"], ["s", "n"]]), 8):
        assert image[0] == text[1]
        assert image[2] == image[3] == text[0]


def test_sizes_without_a_name_are_tried_apart_and_as_equal():
    found = [(a[0], b[0]) for a, b in itertools.islice(plausible([[None, 4], [None, 5]]), 4)]
    assert any(a != b for a, b in found)
    assert any(a == b for a, b in found)


def test_names_that_hide_an_equality_are_seen_through():
    (sizes, *_) = accepted([["a", 4], ["b", 4]], lambda sizes: sizes[0][0] == sizes[1][0])
    assert sizes[0][0] == sizes[1][0] > 1


@pytest.mark.parametrize("multiple", [4, 8, 32])
def test_what_the_model_takes_decides(multiple):
    def takes(sizes):
        _, _, height, width = sizes[0]
        return height % multiple == width % multiple == 0

    found = accepted([["n", 3, "h", "w"]], takes)
    assert len(found) == 2
    assert all(takes(sizes) for sizes in found)


def test_the_second_time_every_free_size_is_another():
    (first_image,), (second_image,) = accepted([["n", 3, "h", "w"]], lambda _: True)
    assert all(a != b for a, b in zip(first_image, second_image, strict=True) if a != 3)
    assert second_image[1] == 3


def test_nothing_free_is_one_choice():
    assert accepted([[1, 3, 5, 7], []], lambda _: True) == [[(1, 3, 5, 7), ()]]


def test_one_is_the_last_resort():
    (only,) = accepted([["n", 3]], lambda sizes: sizes[0][0] == 1)
    assert only == [(1, 3)]


def test_a_long_signal_is_found():
    assert accepted([["samples"]], lambda sizes: sizes[0][0] >= 4000)


def test_a_model_that_takes_nothing_gives_nothing():
    assert accepted([["n", 3, "h", "w"]], lambda _: False) == []
