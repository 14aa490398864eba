"""Transposes, reshapes, pools and padding that merge or vanish."""

import pytest

CONSTANTS = """<int64[3] flat = {2, 3, 20}, int64[4] back = {2, 3, 4, 5}, int64[2] image = {2, 3},
 int64[4] single = {2, 3, 1, 1}, int64[1] last = {-1}, int64[2] tail = {2, 3}>"""


def text(nodes: str, output: str = "float[2,3,4,5] y", x: str = "float[2,3,4,5] x") -> str:
    return f"({x}) => ({output}) {CONSTANTS} {{ {nodes} }}"


@pytest.mark.parametrize(
    ("nodes", "output", "ops"),
    [
        pytest.param(
            "a = Transpose<perm = [0, 2, 3, 1]>(x) y = Transpose<perm = [0, 3, 1, 2]>(a)",
            "float[2,3,4,5] y",
            {"Identity": 1},
            id="transposes-cancel",
        ),
        pytest.param(
            "a = Transpose<perm = [0, 2, 3, 1]>(x) y = Transpose<perm = [0, 2, 3, 1]>(a)",
            "float[2,5,3,4] y",
            {"Transpose": 1},
            id="transposes-merge",
        ),
        pytest.param(
            "a = Transpose(x) y = Transpose(a)",
            "float[2,3,4,5] y",
            {"Identity": 1},
            id="default-order",
        ),
        pytest.param(
            "r = Relu(x) y = Transpose<perm = [0, 1, 2, 3]>(r)",
            "float[2,3,4,5] y",
            {"Relu": 1},
            id="transpose-of-nothing",
        ),
        pytest.param(
            "r = Relu(x) a = Reshape(r, flat) y = Reshape(a, back)",
            "float[2,3,4,5] y",
            {"Relu": 1},
            id="reshapes-cancel",
        ),
        pytest.param(
            "a = Reshape(x, flat) y = Flatten(a)",
            "float[2,60] y",
            {"Reshape": 1},
            id="reshapes-merge",
        ),
        pytest.param(
            "a = Unsqueeze(x, image) b = Squeeze(a, image) y = Relu(b)",
            "float[2,3,4,5] y",
            {"Relu": 1},
            id="unsqueeze-squeeze",
        ),
    ],
)
def test_movement_merges(check, nodes, output, ops):
    assert check(text(nodes, output)).ops == ops


def test_reshapes_merge_around_a_free_batch(check):
    nodes = "a = Flatten(x) b = Unsqueeze(a, last) y = Relu(b)"
    result = check(text(nodes, "float[N,60,1] y", "float[N,3,4,5] x"))
    assert result.ops == {"Reshape": 1, "Relu": 1}


def test_a_transpose_between_a_relu_stays(check):
    nodes = "a = Transpose(x) b = Relu(a) y = Transpose(b)"
    assert check(text(nodes)).ops == {"Transpose": 2, "Relu": 1}


@pytest.mark.parametrize(
    ("nodes", "ops"),
    [
        pytest.param(
            "m = ReduceMean<keepdims = 0>(x, tail) y = Reshape(m, single)",
            {"ReduceMean": 1},
            id="squeeze-excite",
        ),
        pytest.param(
            "m = ReduceMax<keepdims = 0>(x, tail) y = Unsqueeze(m, tail)",
            {"ReduceMax": 1},
            id="max",
        ),
        pytest.param("y = GlobalAveragePool(x)", {"ReduceMean": 1}, id="global-average"),
        pytest.param("y = GlobalMaxPool(x)", {"ReduceMax": 1}, id="global-max"),
        pytest.param("y = AveragePool<kernel_shape = [4, 5]>(x)", {"ReduceMean": 1}, id="whole"),
        pytest.param(
            "g = GlobalAveragePool(x) m = ReduceMean(g, tail) y = Relu(m)",
            {"ReduceMean": 1, "Relu": 1},
            id="mean-of-single-pixels",
        ),
    ],
)
def test_pool_over_the_image_becomes_a_mean(check, nodes, ops):
    assert check(text(nodes, "float[2,3,1,1] y")).ops == ops


@pytest.mark.parametrize(
    ("nodes", "output", "op"),
    [
        pytest.param(
            "y = AveragePool<kernel_shape = [4, 4]>(x)",
            "float[2,3,1,2] y",
            "AveragePool",
            id="part",
        ),
        pytest.param(
            "y = AveragePool<kernel_shape = [4, 5], pads = [1, 0, 1, 0], strides = [9, 1]>(x)",
            "float[2,3,1,1] y",
            "AveragePool",
            id="padded",
        ),
    ],
)
def test_pool_over_part_of_the_image_stays(check, nodes, output, op):
    assert check(text(nodes, output)).ops == {op: 1}


PADS = """<int64[8] pads = {0, 0, 1, 0, 0, 0, 2, 1},
 int64[8] deep = {0, 1, 0, 0, 0, 0, 0, 0}, float one = {1.0}>"""
CONV = "(float[2,4,7,9] x) => (float[?,6,?,?] y)"


@pytest.mark.parametrize(
    ("nodes", "ops"),
    [
        pytest.param("p = Pad(x, pads) y = Conv(p, w)", {"Conv"}, id="zeros"),
        pytest.param("p = Pad(x, pads) y = Conv<pads = [1, 1, 1, 1]>(p, w)", {"Conv"}, id="both"),
        pytest.param("p = Pad(x, pads, one) y = Conv(p, w)", {"Pad", "Conv"}, id="ones"),
        pytest.param(
            'p = Pad<mode = "reflect">(x, pads) y = Conv(p, w)', {"Pad", "Conv"}, id="reflected"
        ),
        pytest.param("p = Pad(x, deep) y = Conv(p, w5)", {"Pad", "Conv"}, id="channels"),
        pytest.param(
            'p = Pad(x, pads) y = Conv<auto_pad = "SAME_UPPER">(p, w)', {"Pad", "Conv"}, id="auto"
        ),
    ],
)
def test_padding_joins_the_convolution(check, nodes, ops):
    weights = {"w": [6, 4, 3, 3], "w5": [6, 5, 3, 3]}
    assert set(check(f"{CONV} {PADS} {{ {nodes} }}", weights).ops) == ops


POOL = "(float[2,4,7,9] x) => (float[?,4,?,?] y)"


@pytest.mark.parametrize(
    ("nodes", "ops"),
    [
        pytest.param("y = AveragePool<kernel_shape = [3, 3]>(p)", {"AveragePool"}, id="average"),
        pytest.param(
            "y = AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(p)",
            {"Pad", "AveragePool"},
            id="average-that-does-not-count",
        ),
        pytest.param(
            "y = MaxPool<kernel_shape = [3, 3]>(p)", {"Pad", "MaxPool"}, id="max-of-zeros"
        ),
    ],
)
def test_padding_joins_the_pool(check, nodes, ops):
    assert set(check(f"{POOL} {PADS} {{ p = Pad(x, pads) {nodes} }}").ops) == ops
