"""What cannot be converted is said with node, op, opset, settings, reason and way out."""

from __future__ import annotations

import onnx
import onnx_ir as ir
import pytest

from decant.convert.emit import emit
from decant.convert.registry import with_operators
from decant.errors import UnsupportedOp
from decant.graph.load import prepare


def model_of(text, opset=18):
    proto = onnx.parser.parse_model(
        f'<ir_version: 9, opset_import: ["": {opset}, "mine": 1]> g {text}'
    )
    return prepare(ir.from_proto(proto))


BROKEN = '''
import tensorflow as tf
from decant.convert.align import pointwise
from decant.convert.registry import op

@op("mine::Wider")
def wider(x, *, by=0, table=None):
    """Cannot be computed: the shapes differ."""
    return pointwise(lambda t: tf.concat([t, tf.zeros([by])], 0), x)

@op("mine::Typo")
def typo(x):
    """Calls what is not a function."""
    return x.rank()
'''


def test_errors_of_tensorflow_and_of_operators_files_name_all_their_nodes(tmp_path):
    operators = tmp_path / "broken.py"
    operators.write_text(BROKEN)
    text = """(float[2,3,5] x) => (float[2,3,5] y, float[2,3,5] z) {
        y = mine.Wider<by = 4, table = [1,2,3,4,5,6,7,8,9]>(x)
        z = mine.Typo(x)
    }"""
    with pytest.raises(UnsupportedOp) as caught:
        emit(model_of(text), table=with_operators([operators]))
    first, second, third = str(caught.value).splitlines()
    assert first == "2 nodes cannot be converted to TFLite:"
    assert second.startswith("  y: mine::Wider (opset 1, by = 4, table = 9 elements): ValueError: ")
    assert third.startswith("  z: mine::Typo (opset 1): TypeError: 'int' object is not callable; ")
    assert third.endswith("report this to decant with the node")
    assert caught.value.exit_code == 3


def test_a_node_of_an_old_opset_is_refused_with_the_way_to_upgrade_it():
    text = "(float[2,3] x, float[3] w) => (float[2,3] y) { y = Add<broadcast = 1>(x, w) }"
    why = r"Add \(opset 6\): decant reads opset 7 and newer; .*convert_version\("
    with pytest.raises(UnsupportedOp, match=why):
        emit(model_of(text, opset=6))


def test_a_constant_that_no_free_size_can_meet_is_refused():
    text = """(float[N,2] x) => (float[M] y)
        <int64[1] flat = {-1}, float[3] w = {1.0, 2.0, 3.0}> {
        a = Reshape(x, flat)
        y = Add(a, w)
    }"""
    with pytest.raises(UnsupportedOp, match="a constant of size 3 meets an axis of parts"):
        emit(model_of(text))
