"""Depthwise convolutions of many taps are sums of smaller ones, against ONNX Runtime."""

import pytest
from emitted import check, check_free, parsed

SETTINGS = {
    "plain": ("[1,8,12,13]", "[8,1,7,7]", "", 3),
    "same": ("[1,8,12,13]", "[8,1,7,7]", "pads = [3,3,3,3]", 3),
    "strided": ("[2,8,15,14]", "[8,1,7,7]", "pads = [3,2,1,3], strides = [2,2]", 3),
    "dilated": ("[1,8,19,20]", "[8,1,5,7]", "pads = [2,6,4,6], dilations = [1,2]", 2),
    "several outputs of each channel": ("[1,8,9,9]", "[24,1,6,6]", "pads = [2,2,3,3]", 2),
    "many columns": ("[1,8,3,40]", "[8,1,2,31]", "pads = [0,15,1,15]", 4),
    "one axis": ("[1,8,60]", "[8,1,31]", "pads = [15,15]", 2),
    "few taps": ("[1,8,9,9]", "[8,1,5,5]", "pads = [2,2,2,2]", 1),
    "few channels": ("[1,4,12,12]", "[4,1,7,7]", "pads = [3,3,3,3]", 1),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_as_many_convolutions_as_are_needed(name, tmp_path):
    shape, kernel, settings, count = SETTINGS[name]
    channels = shape.split(",")[1]
    text = f"(float{shape} x) => (float y) {{ y = Conv<group = {channels}, {settings}>(x, w, b) }}"
    proto = parsed(text.replace(", >", ">"), {"w": eval(kernel), "b": (eval(kernel)[0],)})
    assert check(proto, tmp_path).ops["DEPTHWISE_CONV_2D"] == count


def test_a_plane_of_free_sizes(tmp_path):
    text = """(float[1,8,h,w] x) => (float[a,b,c,d] y)
        { y = Conv<group = 8, pads = [3,3,3,3], strides = [2,2]>(x, w) }"""
    check_free(
        parsed(text, {"w": (8, 1, 7, 7)}), tmp_path, [{"x": (1, 8, 12, 15)}, {"x": (1, 8, 9, 8)}]
    )
