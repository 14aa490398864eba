"""Convolutions and pooling over one, two and three axes, with dilations and free sizes."""

import pytest
from emitted import check, check_free, parsed


def attributes(**values):
    return ", ".join(
        f"{name} = {list(v) if isinstance(v, tuple) else v}" for name, v in values.items()
    )


OVER_THREE = [
    pytest.param((3, 3, 3), {"pads": (2,) * 6, "dilations": (2, 2, 2)}, 1, id="all"),
    pytest.param((3, 2, 3), {"dilations": (1, 3, 2)}, 1, id="some"),
    pytest.param((2, 3, 2), {"dilations": (3, 1, 2), "strides": (1, 2, 3)}, 1, id="strides"),
    pytest.param((3, 2, 2), {"dilations": (2, 2, 1), "strides": (2, 2, 2)}, 1, id="both-on-depth"),
    pytest.param((2, 3, 2), {"dilations": (2, 2, 2), "pads": (1, 0, 2, 0, 3, 1)}, 1, id="uneven"),
    pytest.param((2, 2, 3), {"dilations": (2, 2, 2), "pads": (1,) * 6}, 2, id="two-groups"),
    pytest.param((3, 2, 2), {"dilations": (2, 1, 2), "strides": (1, 2, 1)}, 4, id="depthwise"),
    pytest.param((3, 2, 3), {"pads": (1,) * 6, "strides": (2, 1, 1)}, 2, id="groups-undilated"),
    pytest.param((2, 3, 2), {}, 4, id="depthwise-undilated"),
    pytest.param((1, 3, 3), {"dilations": (2, 2, 2)}, 1, id="frames"),
    pytest.param((3, 1, 1), {"dilations": (2, 2, 2), "strides": (2, 1, 1)}, 2, id="columns"),
]


@pytest.mark.parametrize("batch", ["2", "n"], ids=["fixed", "free-batch"])
@pytest.mark.parametrize(("kernel", "settings", "group"), OVER_THREE)
def test_a_convolution_over_three_axes(kernel, settings, group, batch, tmp_path):
    given = attributes(group=group, **settings)
    text = f"""(float[{batch},4,7,8,9] x) => (float[a,b,c,d,e] y) {{
        y = Conv<{given}>(x, w, bias)
    }}"""
    check(parsed(text, {"w": (8, 4 // group, *kernel), "bias": (8,)}), tmp_path)


FREE = [
    pytest.param("n,4,d,8,9", id="depth"),
    pytest.param("n,4,7,h,w", id="plane"),
    pytest.param("n,4,d,h,w", id="all"),
]


@pytest.mark.parametrize("sizes", FREE)
def test_a_dilated_convolution_over_free_axes(sizes, tmp_path):
    text = f"""(float[{sizes}] x) => (float[a,b,c,d,e] y) {{
        y = Conv<dilations = [2,1,2], strides = [1,2,1], pads = [1,0,2,1,0,2]>(x, w)
    }}"""
    shapes = [{"x": (2, 4, 7, 8, 9)}, {"x": (1, 4, 7, 8, 9)}]
    check_free(parsed(text, {"w": (6, 4, 2, 2, 3)}), tmp_path, shapes)


POOLS = [
    pytest.param("MaxPool", {"kernel_shape": (2, 3, 2), "strides": (1, 2, 1)}, 3, id="max-3d"),
    pytest.param("AveragePool", {"kernel_shape": (2, 2, 2), "strides": (2, 2, 2)}, 3, id="mean-3d"),
    pytest.param("MaxPool", {"kernel_shape": (3, 2), "dilations": (2, 2)}, 2, id="dilated"),
    pytest.param(
        "MaxPool", {"kernel_shape": (3, 2), "dilations": (1, 2), "strides": (2, 3)}, 2,
        id="dilated-strides",
    ),
    pytest.param("MaxPool", {"kernel_shape": (3, 2), "pads": (1, 0, 2, 1)}, 2, id="padded"),
    pytest.param("MaxPool", {"kernel_shape": (3,), "pads": (1, 1), "strides": (2,)}, 1, id="1d"),
    pytest.param(
        "MaxPool", {"kernel_shape": (2, 2, 3), "pads": (1, 0, 1, 0, 1, 2)}, 3, id="padded-3d"
    ),
    pytest.param("LpPool", {"kernel_shape": (2, 2), "strides": (2, 1)}, 2, id="norm"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "settings", "rank"), POOLS)
def test_pooling_over_free_axes(op, settings, rank, tmp_path):
    sizes, results = ",".join("dhw"[:rank]), ",".join("abcef"[: rank + 2])
    text = f"""(float[n,3,{sizes}] x) => (float[{results}] y) {{
        y = {op}<{attributes(**settings)}>(x)
    }}"""
    shapes = [{"x": (2, 3, *(9, 10, 11)[:rank])}, {"x": (1, 3, *(6, 8, 7)[:rank])}]
    check_free(parsed(text), tmp_path, shapes)


@pytest.mark.parametrize("pad", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize(("sizes", "kernel"), [("5", (1,)), ("5,7", (1, 1)), ("5,7", (1, 2))])
def test_a_transposed_convolution_with_fewer_taps_than_its_stride(sizes, kernel, pad, tmp_path):
    rank = len(kernel)
    results = ",".join("abcd"[: rank + 2])
    text = f"""(float[2,4,{sizes}] x) => (float[{results}] y) {{
        y = ConvTranspose<auto_pad = "{pad}", strides = {[2] * rank}>(x, w)
    }}"""
    check(parsed(text, {"w": (4, 3, *kernel)}), tmp_path)
