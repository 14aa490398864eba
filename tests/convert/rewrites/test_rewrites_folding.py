"""Scales and shifts that move into the weights of the layers beside them."""

import pytest

BATCH_NORM = {"gamma": [6], "beta": [6], "mean": [6], "var": [6]}
NORM = "BatchNormalization(c, gamma, beta, mean, var)"
IMAGE = "(float[2,4,7,9] x) => (float[?,6,?,?] y)"


@pytest.mark.parametrize(
    ("layer", "weights"),
    [
        pytest.param("Conv(x, w)", {"w": [6, 4, 3, 3]}, id="conv"),
        pytest.param(
            "Conv<pads = [1, 1, 1, 1]>(x, w, b)", {"w": [6, 4, 3, 3], "b": [6]}, id="bias"
        ),
        pytest.param("Conv<group = 2>(x, w)", {"w": [6, 2, 3, 2]}, id="grouped"),
        pytest.param(
            "ConvTranspose<strides = [2, 2]>(x, w, b)",
            {"w": [4, 6, 3, 2], "b": [6]},
            id="transposed",
        ),
        pytest.param(
            "ConvTranspose<group = 2>(x, w)", {"w": [4, 3, 3, 2]}, id="transposed-grouped"
        ),
    ],
)
def test_batch_norm_folds_into(check, layer, weights):
    result = check(f"{IMAGE} {{ c = {layer} y = {NORM} }}", weights | BATCH_NORM)
    assert sum(result.ops.values()) == 1


def test_batch_norm_folds_into_gemm(check):
    weights = {"w": [6, 4], "b": [6]} | BATCH_NORM
    layer = "c = Gemm<transB = 1, alpha = 0.5, beta = 2.0>(x, w, b)"
    text = f"(float[3,4] x) => (float[3,6] y) {{ {layer} y = {NORM} }}"
    assert check(text, weights).ops == {"Gemm": 1}


def test_batch_norm_behind_a_shared_convolution_stays(check):
    text = (
        "(float[2,4,7,9] x) => (float[2,6,?,?] y, float[2,6,?,?] c) "
        f"{{ c = Conv(x, w) y = {NORM} }}"
    )
    assert check(text, {"w": [6, 4, 3, 3]} | BATCH_NORM).ops == {"Conv": 1, "BatchNormalization": 1}


def test_shared_weights_fold_apart(check):
    text = (
        "(float[2,4,7,9] x, float[2,4,7,9] z) => (float[2,6,?,?] y, float[2,6,?,?] d) "
        f"{{ c = Conv(x, w) y = {NORM} d = Conv(z, w) }}"
    )
    assert check(text, {"w": [6, 4, 3, 3]} | BATCH_NORM).ops == {"Conv": 2}


@pytest.mark.parametrize(
    ("nodes", "weights", "ops"),
    [
        pytest.param("c = Conv(x, w) y = Mul(c, s)", {"s": [6, 1, 1]}, {"Conv"}, id="scale"),
        pytest.param("c = Conv(x, w) y = Div(c, s)", {"s": [1, 6, 1, 1]}, {"Conv"}, id="divisor"),
        pytest.param("c = Conv(x, w) y = Add(s, c)", {"s": [6, 1, 1]}, {"Conv"}, id="shift"),
        pytest.param("c = Conv(x, w) y = Sub(c, s)", {"s": [1]}, {"Conv"}, id="subtrahend"),
        pytest.param(
            "c = Conv(x, w) y = Sub(s, c)", {"s": [6, 1, 1]}, {"Conv", "Sub"}, id="minuend"
        ),
        pytest.param(
            "c = Conv(x, w) y = Div(s, c)", {"s": [6, 1, 1]}, {"Conv", "Div"}, id="dividend"
        ),
        pytest.param("c = Conv(x, w) y = Mul(c, s)", {"s": [7]}, {"Conv", "Mul"}, id="along-width"),
        pytest.param(
            "c = Conv(x, w) r = Relu(c) y = Mul(r, s)",
            {"s": [6, 1, 1]},
            {"Conv", "Relu", "Mul"},
            id="behind-relu",
        ),
    ],
)
def test_constant_behind_a_convolution(check, nodes, weights, ops):
    result = check(f"{IMAGE} {{ {nodes} }}", {"w": [6, 4, 3, 3]} | weights)
    assert set(result.ops) == ops


@pytest.mark.parametrize(
    ("nodes", "ops"),
    [
        pytest.param(
            "s = Mul(x, k) y = Conv<pads = [1, 1, 1, 1]>(s, w)", {"Conv"}, id="scale-padded"
        ),
        pytest.param("s = Div(x, k) y = Conv<group = 2>(s, w2)", {"Conv"}, id="divisor-grouped"),
        pytest.param("s = Add(x, k) y = Conv(s, w)", {"Conv"}, id="shift"),
        pytest.param("s = Sub(x, k) y = Conv<group = 2>(s, w2)", {"Conv"}, id="shift-grouped"),
        pytest.param(
            "s = Add(x, k) y = Conv<pads = [1, 1, 1, 1]>(s, w)", {"Add", "Conv"}, id="shift-padded"
        ),
        pytest.param("s = Mul(k, x) y = ConvTranspose(s, wt)", {"ConvTranspose"}, id="transposed"),
        pytest.param(
            "s = Add(k, x) y = ConvTranspose(s, wt)",
            {"Add", "ConvTranspose"},
            id="transposed-shift",
        ),
        pytest.param("s = Div(k, x) y = Conv(s, w)", {"Div", "Conv"}, id="dividend"),
    ],
)
def test_constant_before_a_convolution(check, nodes, ops):
    weights = {"w": [6, 4, 3, 3], "w2": [6, 2, 3, 3], "wt": [4, 6, 3, 3], "k": [4, 1, 1]}
    assert set(check(f"{IMAGE} {{ {nodes} }}", weights).ops) == ops


@pytest.mark.parametrize("op_type", ["Mul", "Add"])
def test_a_constant_that_makes_one_channel_many_stays(check, op_type):
    text = f"(float[2,1,7,9] x) => (float[?,6,?,?] y) {{ s = {op_type}(x, k) y = Conv(s, w) }}"
    ops = check(text, {"w": [6, 4, 3, 3], "k": [4, 1, 1]}).ops
    assert ops == {op_type: 1, "Conv": 1}


def test_a_scale_that_something_else_reads_stays(check):
    text = (
        "(float[2,4,7,9] x) => (float[2,6,?,?] y, float[2,4,7,9] r) "
        "{ s = Mul(x, k) y = Conv(s, w) r = Relu(s) }"
    )
    assert check(text, {"w": [6, 4, 3, 3], "k": [4, 1, 1]}).ops == {"Mul": 1, "Conv": 1, "Relu": 1}


def test_batch_norm_before_unpadded_convolutions_folds(check):
    weights = {
        "gamma": [4],
        "beta": [4],
        "mean": [4],
        "var": [4],
        "w": [6, 2, 3, 3],
        "v": [6, 4, 1, 1],
    }
    text = (
        "(float[2,4,7,9] x) => (float[2,6,?,?] y, float[2,6,?,?] z) "
        "{ c = BatchNormalization(x, gamma, beta, mean, var) "
        "y = Conv<group = 2>(c, w) z = Conv(c, v) }"
    )
    assert check(text, weights).ops == {"Conv": 2}


def test_batch_norm_before_a_padded_convolution_stays(check):
    weights = {"gamma": [4], "beta": [4], "mean": [4], "var": [4], "w": [6, 4, 3, 3]}
    text = (
        f"{IMAGE} {{ c = BatchNormalization(x, gamma, beta, mean, var) "
        "y = Conv<pads = [1, 1, 1, 1]>(c, w) }"
    )
    assert check(text, weights).ops == {"BatchNormalization": 1, "Conv": 1}


TOKENS = "(float[2,5,4] x) => (float[2,5,6] y)"


def test_layer_norm_parameters_move_into_all_readers(check):
    text = (
        "(float[2,5,4] x) => (float[2,5,6] q, float[2,5,3] k) "
        "{ n = LayerNormalization(x, g, b) a = MatMul(n, wq) q = Add(a, bq) k = MatMul(n, wk) }"
    )
    result = check(text, {"g": [4], "b": [4], "wq": [4, 6], "bq": [6], "wk": [4, 3]})
    assert result.ops == {"LayerNormalization": 1, "MatMul": 2, "Add": 2}
    norm = next(node for node in result.model.graph if node.op_type == "LayerNormalization")
    assert len(norm.inputs) == 2
    assert (norm.inputs[1].const_value.numpy() == 1).all()


def test_layer_norm_parameters_move_into_gemm(check):
    text = (
        "(float[5,4] x) => (float[5,6] y) "
        "{ n = LayerNormalization(x, g, b) y = Gemm<transB = 1>(n, w, c) }"
    )
    result = check(text, {"g": [4], "b": [4], "w": [6, 4], "c": [6]})
    assert result.applied["normalization_into_layers"] == 1


def test_layer_norm_with_another_reader_keeps_its_parameters(check):
    text = (
        "(float[2,5,4] x) => (float[2,5,6] y, float[2,5,4] r) "
        "{ n = LayerNormalization(x, g, b) y = MatMul(n, w) r = Relu(n) }"
    )
    result = check(text, {"g": [4], "b": [4], "w": [4, 6]})
    assert "normalization_into_layers" not in result.applied


def test_scale_and_shift_of_a_projection_fold(check):
    text = f"{TOKENS} {{ a = MatMul(x, w) b = Add(a, c) d = Mul(b, s) y = Add(d, c) }}"
    assert check(text, {"w": [4, 6], "c": [6], "s": [6]}).ops == {"MatMul": 1, "Add": 1}
