"""Expansions that the next operator does by itself."""

import pytest

CONSTANTS = "<int64[3] full = {2, 3, 4}, int64[4] deep = {1, 2, 3, 4}>"


def text(nodes: str, output: str = "float[2,3,4] y") -> str:
    return f"(float[2,1,4] x, float[2,3,4] z, float[3,1] r) => ({output}) {CONSTANTS} {{ {nodes} }}"


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param("e = Expand(x, full) y = Mul(e, z)", id="first"),
        pytest.param("e = Expand(x, full) y = Sub(z, e)", id="second"),
        pytest.param("e = Expand(r, full) y = Mul(z, e)", id="more-axes"),
    ],
)
def test_expansion_goes(check, nodes):
    result = check(text(nodes))
    assert result.applied == {"expansion_before_arithmetic": 1}
    assert "Expand" not in result.ops


@pytest.mark.parametrize(
    ("nodes", "output"),
    [
        pytest.param("e = Expand(x, full) y = Mul(e, x)", "float[2,3,4] y", id="nobody-has-it"),
        pytest.param("e = Expand(z, deep) y = Mul(e, z)", "float[1,2,3,4] y", id="rank"),
        pytest.param("e = Expand(x, full) y = Relu(e)", "float[2,3,4] y", id="one-operand"),
    ],
)
def test_expansion_that_is_needed_stays(check, nodes, output):
    assert "Expand" in check(text(nodes, output)).ops


def test_an_expansion_that_others_read_stays_for_them(check):
    nodes = "e = Expand(x, full) m = Mul(e, z) s = Softmax(e) y = Add(m, s)"
    assert check(text(nodes)).ops == {"Expand": 1, "Mul": 1, "Softmax": 1, "Add": 1}
