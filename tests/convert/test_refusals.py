"""What cannot be converted is said with node, op, opset, settings, reason and way out."""

from __future__ import annotations

import dataclasses
import re

import onnx
import onnx_ir as ir
import pytest
from emitted import emit, parsed

from decant.convert.lowering.refusals import fixing_advice
from decant.convert.operators_files import lowerings_with
from decant.convert.ops import built_in
from decant.errors import InternalError, UnsupportedOp
from decant.graph.load import prepare


def model_of(text, opset=18):
    proto = onnx.parser.parse_model(
        f'<ir_version: 9, opset_import: ["": {opset}, "mine": 1]> g {text}'
    )
    return prepare(ir.from_proto(proto))


BROKEN = '''
import tensorflow as tf
from decant.convert.layout.pointwise import pointwise
from decant.convert.lowering.registry import op

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
        emit(model_of(text), table=lowerings_with([operators]))
    first, second, third, last = str(caught.value).splitlines()
    assert first == "2 nodes cannot be converted to TFLite:"
    y = r"  y: mine::Wider \(opset 1, by = 4, table = 9 elements\): its lowering raised \w+: .*"
    assert re.fullmatch(rf"{y} \(.*broken\.py:9\)", second)
    z = r"  z: mine::Typo \(opset 1\): its lowering raised TypeError: 'int' object is not callable"
    assert re.fullmatch(rf"{z} \(.*broken\.py:14\)", third)
    assert last == "    for each of these: correct it"
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


def repeated(count, op, opset=18):
    """A model of so many nodes of one kind that nobody converts, one behind the other."""
    nodes = "\n".join(f"[node{i}] t{i + 1} = {op}(t{i})" for i in range(count))
    return model_of(f"(float[2,3] t0) => (float[2,3] t{count}) {{ {nodes} }}", opset)


def test_nodes_of_one_kind_are_listed_together_and_the_advice_is_given_once():
    with pytest.raises(UnsupportedOp) as caught:
        emit(repeated(23, "mine.Odd"))
    first, second = str(caught.value).splitlines()
    assert first == "23 nodes cannot be converted to TFLite:"
    names = ", ".join(f"node{i}" for i in range(8))
    assert second.startswith(f"  {names} and 15 more: mine::Odd (opset 1): decant has no lowering")
    assert str(caught.value).count("operators file") == 1


def test_advice_for_several_kinds_follows_them_all():
    text = """(float[2,3] x) => (float[2,3] y, float[2,3] z) {
        a = mine.One(x)
        b = mine.One(a)
        y = mine.Two(b)
        z = Einsum<equation = "ii">(x)
    }"""
    with pytest.raises(UnsupportedOp) as caught:
        emit(model_of(text))
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0].strip() for line in lines[:3]] == [
        "4 nodes cannot be converted to TFLite", "a, b", "y",
    ]  # fmt: skip
    assert lines[3].startswith("    for each of these: replace the op")
    assert lines[4].startswith("  z: Einsum")
    assert len(lines) == 5


def test_of_very_many_kinds_only_the_first_are_listed():
    nodes = "\n".join(f"t{i + 1} = mine.Op{i}(t{i})" for i in range(30))
    with pytest.raises(UnsupportedOp, match="and 10 more such lines") as caught:
        emit(model_of(f"(float[2,3] t0) => (float[2,3] t30) {{ {nodes} }}"))
    assert len(str(caught.value).splitlines()) == 1 + 20 + 1 + 1


OWN_FAULT = pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(IndexError("list index out of range"), "list index out", id="index"),
        pytest.param(ValueError("cannot reshape array"), "cannot reshape array", id="value"),
        pytest.param(AssertionError("axes divide"), "axes divide", id="invariant"),
    ],
)


@OWN_FAULT
def test_a_fault_of_our_own_lowering_is_not_put_on_the_user(error, reason):
    def broken(x, **attributes):
        raise error

    selu = ("", "Selu", 6)
    table = {**built_in(), selu: dataclasses.replace(built_in()[selu], function=broken)}
    with pytest.raises(InternalError) as caught:
        emit(model_of("(float[2,3] x) => (float[2,3] y) { y = Selu(x) }"), table=table)
    message = str(caught.value)
    assert message.startswith("decant's own lowering fails on 1 node:\n  y: Selu (opset 18): ")
    assert reason in message
    assert "report" not in message
    assert caught.value.__cause__ is error


def test_one_shape_fixes_all_sizes_of_the_same_names():
    text = "(float[n,t,4] a, float[t,n] b, float[n,m] c) => (float[p,q,4] y) { y = Identity(a) }"
    graph = prepare(ir.from_proto(parsed(text))).graph
    example = {"a": (2, 7, 4), "b": (7, 2), "c": (2, 9)}
    advice = fixing_advice(graph.inputs, example)
    assert advice.startswith("fix the free sizes, as with --shape a=2,7,4 --shape c=2,9 (")
