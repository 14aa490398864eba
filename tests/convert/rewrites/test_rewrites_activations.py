"""GELU, SiLU, Mish, hard-sigmoid, hard-swish and limits, recognised from their parts."""

import pytest

CONSTANTS = """<float root2 = {1.4142135}, float inverse = {0.70710677}, float half = {0.5},
 float one = {1.0}, float three = {3.0}, float six = {6.0}, float zero = {0.0}, float two = {2.0},
 float cubic = {0.044715}, float root2pi = {0.7978845608}, float sixth = {0.16666667},
 float alpha = {1.702}, float[1,1] half2 = {0.5}, float[1,1,1] half3 = {0.5}>"""


def text(nodes: str, outputs: str = "float[2,3] y") -> str:
    return f"(float[2,3] x) => ({outputs}) {CONSTANTS} {{ {nodes} }}"


ERF = "a = Div(x, root2) b = Erf(a) c = Add(b, one)"
TANH = """p = Pow(x, three) q = Mul(p, cubic) s = Add(x, q) a = Mul(s, root2pi) b = Tanh(a)
 c = Add(one, b)"""


@pytest.mark.parametrize(
    ("nodes", "form"),
    [
        pytest.param(f"{ERF} d = Mul(x, c) y = Mul(d, half)", "none", id="erf-half-last"),
        pytest.param(f"{ERF} d = Mul(half, x) y = Mul(d, c)", "none", id="erf-half-first"),
        pytest.param(f"{ERF} d = Mul(c, half2) y = Mul(x, d)", "none", id="erf-half-on-gate"),
        pytest.param(f"{ERF} d = Mul(x, c) y = Div(d, two)", "none", id="erf-divided"),
        pytest.param(
            "a = Mul(x, inverse) b = Erf(a) c = Add(one, b) d = Mul(x, c) y = Mul(d, half)",
            "none",
            id="erf-times-inverse",
        ),
        pytest.param(f"{TANH} d = Mul(x, half) y = Mul(d, c)", "tanh", id="tanh-pow"),
        pytest.param(
            "p = Mul(x, x) q = Mul(p, cubic) r = Add(q, one) s = Mul(x, r) a = Mul(s, root2pi) "
            "b = Tanh(a) c = Add(b, one) d = Mul(c, half) y = Mul(d, x)",
            "tanh",
            id="tanh-factored",
        ),
    ],
)
def test_gelu_is_recognised(check, nodes, form):
    result = check(text(nodes))
    assert result.ops == {"Gelu": 1}
    assert next(iter(result.model.graph)).attributes["approximate"].value == form


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(f"{ERF} d = Mul(x, c) y = Mul(d, one)", id="not-halved"),
        pytest.param(
            "a = Mul(x, half) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)",
            id="other-inner-factor",
        ),
        pytest.param(f"{ERF} d = Mul(x, c) y = Mul(d, half3)", id="widens-the-shape"),
    ],
)
def test_nearly_gelu_stays(check, nodes):
    outputs = "float[1,2,3] y" if "half3" in nodes else "float[2,3] y"
    assert "gelu" not in check(text(nodes, outputs)).applied


def test_gelu_whose_inside_is_an_output_stays(check):
    nodes = f"{ERF} d = Mul(x, c) y = Mul(d, half)"
    assert "gelu" not in check(text(nodes, "float[2,3] y, float[2,3] b")).applied


def test_gelu_of_another_tensor_stays(check):
    nodes = f"{ERF} w = Exp(x) d = Mul(w, c) y = Mul(d, half)"
    assert "gelu" not in check(text(nodes)).applied


@pytest.mark.parametrize(
    ("nodes", "ops"),
    [
        pytest.param("s = Sigmoid(x) y = Mul(x, s)", {"Swish": 1}, id="silu"),
        pytest.param("a = Mul(x, alpha) s = Sigmoid(a) y = Mul(s, x)", {"Swish": 1}, id="quick"),
        pytest.param("s = Softplus(x) t = Tanh(s) y = Mul(x, t)", {"Mish": 1}, id="mish"),
        pytest.param(
            "e = Exp(x) p = Add(e, one) s = Log(p) t = Tanh(s) y = Mul(t, x)",
            {"Mish": 1},
            id="mish-parts",
        ),
        pytest.param(
            "a = Add(x, three) c = Clip(a, zero, six) y = Div(c, six)",
            {"HardSigmoid": 1},
            id="hard-sigmoid-relu6",
        ),
        pytest.param(
            "a = Mul(x, sixth) b = Add(a, half) y = Clip(b, zero, one)",
            {"HardSigmoid": 1},
            id="hard-sigmoid-clip",
        ),
        pytest.param(
            "a = Add(x, three) b = Relu(a) c = Min(b, six) y = Mul(c, sixth)",
            {"HardSigmoid": 1},
            id="hard-sigmoid-min",
        ),
        pytest.param(
            "a = Add(x, three) c = Clip(a, zero, six) d = Div(c, six) y = Mul(x, d)",
            {"HardSwish": 1},
            id="hard-swish-gate",
        ),
        pytest.param(
            "a = Add(x, three) c = Clip(a, zero, six) d = Mul(x, c) y = Div(d, six)",
            {"HardSwish": 1},
            id="hard-swish-product",
        ),
        pytest.param(
            "s = HardSigmoid<alpha = 0.16666667, beta = 0.5>(x) y = Mul(s, x)",
            {"HardSwish": 1},
            id="hard-swish-operator",
        ),
        pytest.param("a = Max(x, zero) y = Min(a, six)", {"Clip": 1}, id="relu6"),
        pytest.param("a = Relu(x) y = Clip(a, , six)", {"Clip": 1}, id="relu-clip"),
        pytest.param("y = Max(zero, x)", {"Relu": 1}, id="relu"),
        pytest.param("a = Relu(x) y = Relu(a)", {"Relu": 1}, id="relu-twice"),
    ],
)
def test_activation_is_recognised(check, nodes, ops):
    assert check(text(nodes)).ops == ops


@pytest.mark.parametrize(
    ("nodes", "ops"),
    [
        pytest.param(
            "e = Exp(x) s = Sigmoid(e) y = Mul(x, s)", {"Exp", "Sigmoid", "Mul"}, id="swish"
        ),
        pytest.param(
            "a = Add(x, one) s = Sigmoid(a) y = Mul(x, s)", {"Add", "Sigmoid", "Mul"}, id="shifted"
        ),
        pytest.param(
            "e = Exp(x) p = Add(e, two) s = Log(p) t = Tanh(s) y = Mul(t, x)",
            {"Exp", "Add", "Log", "Tanh", "Mul"},
            id="mish",
        ),
        pytest.param(
            "a = Add(x, three) c = Clip(a, one, six) y = Div(c, six)",
            {"Add", "Clip", "Div"},
            id="hard-sigmoid-low",
        ),
        pytest.param(
            "s = HardSigmoid<alpha = 0.2, beta = 0.5>(x) y = Mul(s, x)",
            {"HardSigmoid", "Mul"},
            id="hard-swish-slope",
        ),
        pytest.param("y = Max(x, half3)", {"Max"}, id="max-widens"),
    ],
)
def test_near_miss_stays(check, nodes, ops):
    outputs = "float[1,2,3] y" if "half3" in nodes else "float[2,3] y"
    assert set(check(text(nodes, outputs)).ops) == ops


def test_a_clipped_line_of_integers_stays(check):
    text = """(int64[2,3] x) => (int64[2,3] y) <int64 zero = {0}, int64 one = {1}> {
     a = Add(x, one) y = Clip(a, zero, one) }"""
    assert check(text).ops == {"Add": 1, "Clip": 1}
