"""Layer, RMS, instance and group normalisation, recognised from their parts."""

import pytest

CONSTANTS = """<float eps = {0.00001}, float two = {2.0}, float one = {1.0}, float half = {0.5},
 float mhalf = {-0.5}, int64[1] last = {-1}, int64[1] channel = {1}, int64[2] image = {2, 3},
 int64[2] tail = {-2, -1}>"""


def text(nodes: str, x: str = "float[2,5,7] x", outputs: str = "float[2,5,7] y") -> str:
    return f"({x}) => ({outputs}) {CONSTANTS} {{ {nodes} }}"


def centred(over: str) -> str:
    return f"m = ReduceMean(x, {over}) d = Sub(x, m)"


def variance(over: str, square: str = "q = Mul(d, d)") -> str:
    return f"{square} v = ReduceMean(q, {over}) e = Add(v, eps)"


LAYER = f"{centred('last')} {variance('last')}"


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(f"{LAYER} s = Sqrt(e) y = Div(d, s)", id="divided"),
        pytest.param(f"{LAYER} s = Sqrt(e) r = Reciprocal(s) y = Mul(d, r)", id="reciprocal"),
        pytest.param(f"{LAYER} s = Sqrt(e) r = Div(one, s) y = Mul(r, d)", id="one-over"),
        pytest.param(f"{LAYER} r = Pow(e, mhalf) y = Mul(d, r)", id="power"),
        pytest.param(f"{LAYER} s = Pow(e, half) y = Div(d, s)", id="square-root-power"),
        pytest.param(
            f"{centred('last')} {variance('last', 'q = Pow(d, two)')} s = Sqrt(e) y = Div(d, s)",
            id="squared-by-power",
        ),
        pytest.param(
            f"{centred('last')} d2 = Sub(x, m) {variance('last', 'q = Mul(d2, d2)')} "
            "s = Sqrt(e) y = Div(d, s)",
            id="difference-twice",
        ),
    ],
)
def test_layer_normalization_is_recognised(check, nodes):
    assert check(text(nodes)).ops == {"LayerNormalization": 1}


def test_scale_and_shift_join_the_normalization(check):
    nodes = f"{LAYER} s = Sqrt(e) n = Div(d, s) w = Mul(n, g) y = Add(b, w)"
    result = check(text(nodes), {"g": [7], "b": [1, 1, 7]})
    assert result.ops == {"LayerNormalization": 1}
    assert len(next(iter(result.model.graph)).inputs) == 3


def test_scale_over_another_axis_stays(check):
    nodes = f"{LAYER} s = Sqrt(e) n = Div(d, s) y = Mul(n, g)"
    assert check(text(nodes), {"g": [5, 1]}).ops == {"LayerNormalization": 1, "Mul": 1}


@pytest.mark.parametrize(
    ("nodes", "outputs"),
    [
        pytest.param(
            f"{centred('last')} {variance('channel')} s = Sqrt(e) y = Div(d, s)",
            "float[2,5,7] y",
            id="other-axis",
        ),
        pytest.param(
            f"{LAYER} s = Sqrt(e) y = Div(d, s)", "float[2,5,7] y, float[2,5,1] m", id="mean-used"
        ),
        pytest.param(f"{LAYER} s = Sqrt(e) y = Div(x, s)", "float[2,5,7] y", id="not-centred"),
    ],
)
def test_near_miss_stays(check, nodes, outputs):
    assert "LayerNormalization" not in check(text(nodes, outputs=outputs)).ops


def test_rms_normalization_is_recognised(check):
    nodes = (
        "q = Pow(x, two) v = ReduceMean(q, last) e = Add(eps, v) s = Sqrt(e) r = Reciprocal(s) "
        "n = Mul(x, r) y = Mul(g, n)"
    )
    assert check(text(nodes), {"g": [7]}).ops == {"RMSNormalization": 1}


def test_rms_normalization_keeps_a_summand_outside(check):
    nodes = (
        "q = Mul(x, x) v = ReduceMean(q, last) e = Add(v, eps) s = Sqrt(e) n = Div(x, s) "
        "y = Add(n, b)"
    )
    assert check(text(nodes), {"b": [7]}).ops == {"RMSNormalization": 1, "Add": 1}


IMAGE = "float[2,6,5,7]"


def test_instance_normalization_is_recognised(check):
    nodes = (
        f"{centred('image')} {variance('tail')} s = Sqrt(e) n = Div(d, s) w = Mul(n, g) "
        "y = Add(w, b)"
    )
    result = check(text(nodes, f"{IMAGE} x", f"{IMAGE} y"), {"g": [6, 1, 1], "b": [1, 6, 1, 1]})
    assert result.ops == {"InstanceNormalization": 1}


GROUPS = """split = Constant<value_ints = [0, 3, -1]>()
 whole = Constant<value_ints = [2, 6, 5, 7]>()
 ones = Constant<value_floats = [1.0, 1.0, 1.0]>()
 zeros = Constant<value_floats = [0.0, 0.0, 0.0]>()
 a = Reshape(x, split)"""


def test_group_normalization_is_recognised(check):
    nodes = (
        f"{GROUPS} i = InstanceNormalization(a, ones, zeros) r = Reshape(i, whole) "
        "w = Mul(r, g) y = Add(w, b)"
    )
    result = check(
        text(nodes, f"{IMAGE} x", f"{IMAGE} y"), {"g": [6, 1, 1], "b": [6, 1, 1]}, opset=21
    )
    assert result.ops == {"GroupNormalization": 1}


def test_group_normalization_with_a_scale_per_group_stays(check):
    nodes = f"{GROUPS} i = InstanceNormalization(a, g, zeros) y = Reshape(i, whole)"
    result = check(text(nodes, f"{IMAGE} x", f"{IMAGE} y"), {"g": [3]}, opset=21)
    assert "GroupNormalization" not in result.ops
