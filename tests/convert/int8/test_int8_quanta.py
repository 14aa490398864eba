"""How far one step of the integers before it moves an output, and what is allowed for it."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from decant.convert.int8.quanta import quanta
from decant.convert.verify.hops import within_quanta
from decant.parity import compare_all

HEAD = '<ir_version: 10, opset_import: ["": 20]> g (float[2,4] x) => (float[2,4] y)'
WEIGHTS = "<float s = {0.5}, float[4,4] w = {3,0,0,0, 4,0,0,0, 0,1,0,0, 0,0,1,0}>"
INTEGERS = "q = QuantizeLinear(x, s) d = DequantizeLinear(q, s)"


@pytest.mark.parametrize(
    ("rest", "step"),
    [
        ("y = Relu(d)", 0.5),
        ("y = Add(d, d)", 0.5 * 2**0.5),
        ("y = Add(d, x)", 0.5),
        ("y = MatMul(d, w)", 2.5),
        ("y = Gemm<transB = 1>(d, w)", 2.0),
        ("y = Exp(d)", None),
        ("y = Exp(x)", None),
    ],
    ids=["passed", "summed", "with a float", "product", "transposed", "unknown", "no integers"],
)
def test_a_step_is_followed_to_the_output(rest, step):
    proto = onnx.parser.parse_model(f"{HEAD} {WEIGHTS} {{ {INTEGERS} {rest} }}")
    found = quanta(ir.from_proto(proto).graph)
    assert found == ({} if step is None else {"y": pytest.approx(step)})


def test_an_output_may_be_one_step_off_and_no_more():
    expected = [[np.array([0.0, 2.0, 4.0])], [np.array([1.0, -8.0, 4.0])]]
    for off, passes in ((0.5, True), (1.0, False)):
        found = [[a + off for a in sample] for sample in expected]
        (parity,) = within_quanta(
            compare_all("hop", ["y"], found, expected, 1e-4), expected, {"y": 0.5}
        )
        assert parity.passed == passes
        assert parity.tolerance == pytest.approx(0.5 / 8, rel=0.01)
