"""Forms that keep networks in one piece for XNNPACK: the file's operators, and the numbers."""

import pytest
from emitted import check, parsed  # sets TensorFlow up: before it is imported

import tensorflow as tf  # isort: skip

VOLUME = "(float[2,{channels},5,7,9] x) => (float[?,?,?,?,?] y)"
ONES = """(float[2,6,5,7,9] x) => (float[?,?,?,?,?] y)
 <int64[10] pads = {0, 0, 0, 0, 1, 0, 0, 0, 0, 2}, float one = {1.0}>
 { y = Pad(x, pads, one) }"""
DEEP = """(float[2,3,2,5,2,7] x) => (float[?,?,?,?,?,?] y)
 <int64[12] pads = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2}> { y = Pad(x, pads) }"""


@pytest.mark.parametrize(
    ("channels", "settings", "kernel", "ops"),
    [
        pytest.param(
            6,
            "pads = [0, 1, 1, 0, 1, 1], strides = [1, 2, 1]",
            [8, 6, 1, 3, 3],
            {"CONV_2D": 1, "RESHAPE": 2},
            id="frames",
        ),
        pytest.param(
            6,
            "pads = [1, 0, 0, 1, 0, 0], group = 2",
            [8, 3, 3, 1, 1],
            {"CONV_2D": 1, "RESHAPE": 2},
            id="columns",
        ),
        pytest.param(
            1,
            "pads = [1, 1, 0, 1, 1, 0]",
            [8, 1, 3, 3, 1],
            {"DEPTHWISE_CONV_2D": 1, "RESHAPE": 2},
            id="planes",
        ),
        pytest.param(
            6, "pads = [1, 1, 1, 1, 1, 1]", [8, 6, 3, 3, 3], {"CONV_3D": 1, "ADD": 1}, id="whole"
        ),
    ],
)
def test_volume_is_convolved_in_two_axes_where_one_does_nothing(
    channels, settings, kernel, ops, tmp_path
):
    text = f"{VOLUME.format(channels=channels)} {{ y = Conv<{settings}>(x, w, b) }}"
    assert check(parsed(text, {"w": kernel, "b": [8]}), tmp_path).ops == ops


def test_padding_with_ones_is_a_join(tmp_path):
    assert check(parsed(ONES), tmp_path).ops == {"CONCATENATION": 1}


def test_padding_of_six_axes_joins_neighbours(tmp_path):
    assert check(parsed(DEEP), tmp_path).ops == {"PAD": 1, "RESHAPE": 2}


def test_grouped_convolution_with_bias_runs_in_the_saved_model(tmp_path):
    text = "(float[1,6,9,7] x) => (float[?,?,?,?] y) { c = Conv<group = 2>(x, w, b) y = Relu(c) }"
    assert check(parsed(text, {"w": [8, 3, 3, 3], "b": [8]}), tmp_path).ops == {"CONV_2D": 1}
    served = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    assert served(x=tf.ones([1, 9, 7, 6]))["y"].shape == (1, 7, 5, 8)


def test_sixty_four_bit_indices_are_divided_in_thirty_two(tmp_path):
    text = """(float[2,40] x) => (int64[2,3] y) <int64[1] k = {3}, int64 w = {7}>
     { v, i = TopK(x, k) q = Div(i, w) r = Mod(i, w) y = Add(q, r) }"""
    assert check(parsed(text), tmp_path).ops["DIV"] == 1
