"""Infinities among the constants are infinities in the file."""

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from emitted import built, parsed

LARGEST = np.finfo(np.float32).max
X = np.array([[1, 2, 3, 4]], np.float32)


def answers(text, mask, folder):
    """What LiteRT makes of X and a mask of constants."""
    proto = parsed(text)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.float32([mask]), "m"))
    file = built(proto, folder)
    return Interpreter(model_content=file.data).get_signature_runner()(x=X)


MASKED = "(float[1,4] x) => (float[1,4] y, float[1,4] z) { y = Add(x, m) z = Softmax(y) }"


def test_a_mask_of_infinities_stays_one(tmp_path):
    found = answers(MASKED, [0, -np.inf, np.inf, 0], tmp_path)
    np.testing.assert_array_equal(found["y"], [[1, -np.inf, np.inf, 4]])


@pytest.mark.parametrize("lowest", [-np.inf, -LARGEST], ids=["infinite", "largest"])
def test_what_is_masked_has_no_share(lowest, tmp_path):
    found = answers(MASKED, [0, lowest, 0, lowest], tmp_path)
    np.testing.assert_array_equal(found["y"], X + np.float32([0, lowest, 0, lowest]))
    shares = np.exp([1, 3]) / np.exp([1, 3]).sum()
    np.testing.assert_allclose(found["z"], [[shares[0], 0, shares[1], 0]], rtol=1e-5)


def test_the_largest_float_beside_infinity_stays_what_it_is(tmp_path):
    text = """(float[1,4] x) => (float[1,4] y, float[1,4] z)
        <float[1,4] largest = {3.4028234663852886e38, 1, 1, 1}> {
        y = Add(x, m) z = Max(x, largest)
    }"""
    found = answers(text, [0, -np.inf, 0, 0], tmp_path)
    np.testing.assert_array_equal(found["y"], [[1, -np.inf, 3, 4]])
    np.testing.assert_array_equal(found["z"], [[LARGEST, 2, 3, 4]])


def test_the_logarithm_of_a_sum_with_infinity_is_infinite(tmp_path):
    text = """(float[1,4] x) => (float[1,4] y, float[1,1] z) <int64[1] last = {1}> {
        y = Add(x, m) z = ReduceLogSumExp(y, last)
    }"""
    found = answers(text, [0, np.inf, -np.inf, 0], tmp_path)
    assert found["z"] == np.inf


def test_functions_of_infinity_are_infinite(tmp_path):
    text = """(float[1,4] x) => (float[1,4] a, float[1,4] b, float[1,4] c, float[1,4] d) {
        y = Add(x, m) a = Acosh(y) b = Asinh(y) c = Cosh(y) d = Sinh(y)
    }"""
    found = answers(text, [0, np.inf, 0, np.inf], tmp_path)
    for name, exact in zip("abcd", (np.arccosh, np.arcsinh, np.cosh, np.sinh), strict=True):
        wanted = exact(X + np.float32([0, np.inf, 0, np.inf]))
        np.testing.assert_allclose(found[name], wanted, rtol=1e-5, atol=1e-6)
