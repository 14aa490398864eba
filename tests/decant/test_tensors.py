"""An array of other axes is told how it becomes what is wanted."""

import numpy as np
import pytest

from decant.tensors import reshaping


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((1, 5, 7, 3), (1, 3, 5, 7)),
        ((1, 3, 5, 7), (1, 5, 7, 3)),
        ((2, 9, 4), (None, 4, 9)),
        ((4, 1, 5, 6, 3), (1, 3, 4, 5, 6)),
        ((3, 5, 7), (1, 3, 5, 7)),
    ],
    ids=["to NCHW", "to NHWC", "free size", "volumes", "one sample"],
)
def test_the_call_makes_the_shape(given, wanted):
    call = reshaping("image", given, wanted)
    made = eval(call, {"np": np, "image": np.zeros(given)}).shape
    assert len(made) == len(wanted)
    assert all(want in (None, size) for size, want in zip(made, wanted, strict=True))


def test_of_two_orders_that_fit_the_usual_one_is_named():
    assert reshaping("image", (1, 8, 8, 3), (1, 3, 8, 8)) == "np.transpose(image, (0, 3, 1, 2))"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [((1, 5, 7, 4), (1, 3, 5, 7)), ((5, 7), (1, 3, 5, 7)), ((2, 4), (None, 4))],
    ids=["size", "rank", "fits already"],
)
def test_nothing_is_advised_where_axes_are_not_the_matter(given, wanted):
    assert reshaping("image", given, wanted) is None


def test_a_name_that_python_cannot_say_is_left_out():
    assert reshaping("input.1", (5, 7), (7, 5)) == "np.transpose(x, (1, 0))"
