"""`decant ops` says what is converted and how, and what of a file is in the way."""

import re
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Make a file of a graph in ONNX's own notation."""
    monkeypatch.chdir(tmp_path)

    def file(text):
        opsets = '"": 20, "mine": 1, "com.microsoft": 1'
        model = onnx.parser.parse_model(f"<ir_version: 10, opset_import: [{opsets}]> g {text}")
        onnx.save(model, "net.onnx")
        return "net.onnx"

    return file


PLAIN = """(float[N,3,8] x) => (float[N,3,8] y) <float half = {0.5}, float root = {1.41421356}> {
    a = Div(x, root) b = Erf(a) c = Add(b, half) d = Relu(c) y = Relu(d)
}"""
REFUSED = "(float[N,3] x) => (float[N,3] y, float[N,3] z) { y = mine.Twirl(x) z = Relu(y) }"


def rows(out):
    """Split lines at two blanks or more."""
    return [re.split(r" {2,}", line.strip()) for line in out.splitlines()]


def test_all_operators(decant):
    ended = decant("ops")
    assert ended.code == 0
    table = {row[0]: row[1:] for row in rows(ended.out)}
    assert table["Conv"][:2] == ["opset 7+", "emitted"]
    assert table["QLinearConv"][:2] == ["opset 10+", "rewritten"]
    assert table["HannWindow"][:2] == ["opset 17+", "defined"]
    assert table["StringSplit"][-2:] == ["no", "Nothing is there for it yet."]
    assert table["ai.onnx.ml::Scaler"][1] == "emitted"


def test_operators_of_a_file_are_counted(decant, file):
    ended = decant("ops", file(PLAIN))
    assert ended.code == 0
    counts = {row[0]: int(row[1].split()[0]) for row in rows(ended.out)}
    assert counts == {"Add": 1, "Div": 1, "Erf": 1, "Relu": 2}


def test_what_is_in_the_way_ends_with_3(decant, file):
    ended = decant("ops", file(REFUSED))
    assert ended.code == 3
    assert [row[-2:] for row in rows(ended.out)] == [
        ["emitted", "Element by element."],
        ["no", "Nothing is there for it yet."],
    ]
    assert "error: 1 node cannot be converted to TFLite:" in ended.err
    assert "y: mine::Twirl (opset 1): decant has no lowering for this op" in " ".join(
        ended.err.split()
    )


def test_an_operators_file_counts(decant, file):
    Path("twirl.py").write_text(
        "from decant.convert import op, pointwise\n\n\n"
        '@op("mine::Twirl")\ndef twirl(x):\n    """Twirl it."""\n'
        "    return pointwise(lambda tensor: -tensor, x)\n"
    )
    ended = decant("ops", file(REFUSED), "--operators", "twirl.py")
    assert ended.code == 0
    assert rows(ended.out)[-1][-1] == "Twirl it."


def test_rewrites_are_listed_with_their_pictures(decant):
    ended = decant("ops", "--rewrites")
    assert ended.code == 0
    assert "\nclips (exact)\n    Merge two limits in a row" in ended.out
    assert "    After:  Clip(x, 0, 6)" in ended.out


def test_a_file_of_another_kind_is_refused(decant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(b"\x18\x00\x00\x00TFL3" + bytes(16))
    assert decant("ops", "net.tflite").code == 2
    assert decant("ops", "gone.onnx").code == 5


def test_of_a_classifier_that_says_maps_the_form_in_numbers_is_asked_about(
    decant, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    labels = {"classlabels_strings": ["no", "yes"]}
    number = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.STRING, number))
    scores = helper.make_node("Softmax", ["x"], ["s"])
    graph = helper.make_graph(
        [scores, helper.make_node("ZipMap", ["s"], ["y"], domain="ai.onnx.ml", **labels)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 2])],
        [helper.make_value_info("y", maps)],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), "net.onnx")
    ended = decant("ops", "net.onnx")
    assert ended.code == 0
    assert [row[0] for row in rows(ended.out)] == ["Identity", "Softmax"]
