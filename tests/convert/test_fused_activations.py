"""Activations become TFLite's own ops, whatever else reads the tensors around them."""

from collections import Counter

import pytest
from emitted import check, parsed

SHARED = {
    "two-gelus": ('y = Gelu(x)  z = Gelu<approximate="tanh">(x)', {"GELU": 2}),
    "gelu-and-negative": ("y = Gelu(x)  z = Neg(x)", {"GELU": 1, "NEG": 1}),
    "gelu-twice": ("y = Gelu(x)  g = Gelu(x)  z = Neg(g)", {"GELU": 1, "NEG": 1}),
    "two-prelus": ("y = PRelu(x, slope)  z = PRelu(x, other)", {"PRELU": 2}),
    "prelu-and-relu": ("y = PRelu(x, slope)  z = Relu(x)", {"PRELU": 1, "RELU": 1}),
    "prelu-of-one-slope": ("y = PRelu(x, one)  z = Relu(x)", {"LEAKY_RELU": 1, "RELU": 1}),
    "hardswish-and-sum": (
        "y = HardSwish(x)  three = Constant<value_float=3.0>()  s = Add(x, three)  z = Mul(s, x)",
        {"HARD_SWISH": 1, "ADD": 1, "MUL": 1},
    ),
}


@pytest.mark.parametrize(("nodes", "ops"), SHARED.values(), ids=SHARED)
def test_activations_are_fused_where_something_else_reads_their_parts(nodes, ops, tmp_path):
    text = f"(float[1,6,9,7] x) => (float[1,6,9,7] y, float[1,6,9,7] z) {{ {nodes} }}"
    weights = {"slope": (6, 1, 1), "other": (6, 1, 1), "one": (1,)}
    used = {name: shape for name, shape in weights.items() if name in nodes}
    assert check(parsed(text, used), tmp_path).ops == Counter(ops)
