"""Random numbers in LiteRT: their distributions, and that every run begins alike."""

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from emitted import built, parsed

from decant.convert import to_tflite
from decant.errors import ParityError


def drawn(text, folder, **feeds):
    """What a fresh run of the file gives."""
    file = built(parsed(text), folder, input_layout="keep", output_layout="keep")
    first, second = (
        Interpreter(model_content=file.data).get_signature_runner()(**feeds) for _ in range(2)
    )
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
    return first


LIKE = np.zeros((40, 50), np.float32)


@pytest.mark.parametrize("like", [False, True], ids=["shape", "like"])
def test_normal_numbers(like, tmp_path):
    like_x, bare = (
        "RandomNormalLike<mean = 3.0, scale = 2.0>(x)",
        "RandomNormal<shape = [40, 50], mean = 3.0, scale = 2.0>()",
    )
    node = like_x if like else bare
    text = f"""(float[40,50] x) => (float[40,50] y, float[40,50] z)
     {{ a = {node} b = {node} y = Add(a, x) z = Add(b, x) }}"""
    found = drawn(text, tmp_path, x=LIKE)
    assert abs(found["y"].mean() - 3) < 0.2  # 4.5 standard errors
    assert abs(found["y"].std() - 2) < 0.15
    assert np.abs(found["y"] - found["z"]).min() > 0  # another node, other numbers


@pytest.mark.parametrize("like", [False, True], ids=["shape", "like"])
def test_uniform_numbers(like, tmp_path):
    like_x, bare = (
        "RandomUniformLike<low = -1.0, high = 3.0>(x)",
        "RandomUniform<shape = [40, 50], low = -1.0, high = 3.0>()",
    )
    node = like_x if like else bare
    text = f"(float[40,50] x) => (float[40,50] y) {{ a = {node} y = Add(a, x) }}"
    y = drawn(text, tmp_path, x=LIKE)["y"]
    assert y.min() >= -1
    assert y.max() < 3
    assert np.abs(np.histogram(y, 4)[0] - 500).max() < 90  # 4.6 standard deviations


def test_the_seed_of_a_node_decides_its_numbers(tmp_path):
    text = """(float[40,50] x) => (float[40,50] y, float[40,50] z, float[40,50] w) {
        y = RandomNormalLike<seed = 1.0>(x)
        z = RandomNormalLike<seed = 1.0>(x)
        w = RandomNormalLike<seed = 2.0>(x)
    }"""
    found = drawn(text, tmp_path, x=LIKE)
    np.testing.assert_array_equal(found["y"], found["z"])
    assert np.abs(found["y"] - found["w"]).min() > 0


def test_draws_of_one_by_probability(tmp_path):
    text = "(float[4000] x) => (float[4000] y) { y = Bernoulli(x) }"
    x = np.repeat(np.array([0, 0.25, 0.5, 1], np.float32), 1000)
    counts = drawn(text, tmp_path, x=x)["y"].reshape(4, 1000).sum(1)
    assert (counts[0], counts[3]) == (0, 1000)
    np.testing.assert_allclose(counts[1:3], [250, 500], atol=70)  # 4.4 standard deviations


def test_draws_of_classes_by_log_probability(tmp_path):
    text = "(float[2,3] x) => (int32[2,2000] y) { y = Multinomial<sample_size = 2000>(x) }"
    p = np.array([[0.1, 0.6, 0.3], [0.5, 0, 0.5]], np.float32)
    with np.errstate(divide="ignore"):
        y = drawn(text, tmp_path, x=np.log(p))["y"]
    shares = [[(row == c).mean() for c in range(3)] for row in y]
    np.testing.assert_allclose(shares, p, atol=0.05)  # 4.5 standard deviations


NOISY = """(float[2,5] x, float scale) => (float[2,5] y) {
    n = RandomNormalLike(x)
    m = Mul(n, scale)
    y = Add(x, m)
}"""


def converted(scale, folder):
    onnx.save(parsed(NOISY), folder / "net.onnx")
    inputs = {"x": LIKE[None, :2, :5], "scale": np.full(1, scale, np.float32)}
    return to_tflite(folder / "net.onnx", folder / "out", inputs=inputs)


def test_noise_that_cannot_be_compared_is_told_with_the_way_to(tmp_path):
    why = r"n: RandomNormalLike.*draws random numbers.*in which the noise is scaled by zero"
    with pytest.raises(ParityError, match=f"(?s){why}"):
        converted(1, tmp_path)
    assert not (tmp_path / "out").exists()


def test_noise_scaled_by_zero_is_compared(tmp_path):
    assert all(each.max_relative == 0 for each in converted(0, tmp_path).parity)
