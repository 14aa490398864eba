"""ONNX files that older or sparing exporters write."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from decant.errors import DataError, UnsupportedOp
from decant.graph.load import load, load_declared


def saved(path, inputs, output, *, ir_version=9, opset=18):
    weight = onnx.numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph([node], "g", [x, *inputs], [output], [weight])
    opsets = [helper.make_opsetid("", opset)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=ir_version), path)
    return path


def test_weights_that_are_listed_as_inputs_are_none(tmp_path):
    weight = helper.make_tensor_value_info("w", TensorProto.FLOAT, [4, 3])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])
    graph = load(saved(tmp_path / "m.onnx", [weight], output, ir_version=3, opset=8)).graph
    assert [value.name for value in graph.inputs] == ["x"]
    assert list(graph.initializers) == ["w"]
    assert graph[0].inputs[1].const_value is not None


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(onnx.ValueInfoProto(name="y"), id="no-type"),
        pytest.param(helper.make_tensor_value_info("y", TensorProto.FLOAT, None), id="no-shape"),
    ],
)
def test_an_output_gets_the_shape_that_can_be_inferred(tmp_path, output):
    (y,) = load(saved(tmp_path / "m.onnx", [], output)).graph.outputs
    assert tuple(y.shape) == (1, 3)
    assert y.dtype.numpy() == np.float32


def test_an_output_that_nothing_makes_is_refused(tmp_path):
    with pytest.raises(DataError, match="not a whole ONNX model"):
        load(saved(tmp_path / "m.onnx", [], onnx.ValueInfoProto(name="z")))


def relu(folder, x, y, hidden=None):
    """A file of two nodes with these shapes of input, output and the value between."""
    info = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", x), ("y", y), ("h", hidden))
        if shape is not None
    }
    nodes = [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Neg", ["h"], ["y"])]
    between = [info["h"]] if hidden else []
    graph = helper.make_graph(nodes, "g", [info["x"]], [info["y"]], value_info=between)
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), folder / "m.onnx")
    return folder / "m.onnx"


def known(value):
    return [size if isinstance(size, int) else None for size in value.shape]


@pytest.mark.parametrize(
    ("x", "y", "hidden", "free"),
    [
        pytest.param([-1, 3, 5, 7], [-1, 3, 5, 7], None, 1, id="all-minus-one"),
        pytest.param([-2, 3, -1, -1], [-9, 3, -1, -4], None, 3, id="any-negative"),
        pytest.param(["n", 3, 5, 7], ["n", 3, 5, 7], [-1, 3, 5, 7], 0, id="only-between"),
        pytest.param(["n", 3, 5, 7], [0, 3, 5, 7], [0, 3, 5, 7], 0, id="zero-behind-the-input"),
        pytest.param(["", 3, "?", "None"], [None] * 4, None, 3, id="names-of-anything"),
    ],
)
def test_a_size_that_is_none_is_free(tmp_path, x, y, hidden, free):
    graph = load(relu(tmp_path, x, y, hidden)).graph
    (taken,) = graph.inputs
    assert [size for size in taken.shape if not isinstance(size, int)].count(None) == free
    assert known(taken) == known(graph[0].outputs[0]) == known(graph.outputs[0])


NUMBERS = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])
TEXT = helper.make_tensor_value_info("t", TensorProto.STRING, [1])
SEVERAL = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)


def saved_with(path, nodes, inputs, outputs):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])
    first = helper.make_node("Relu", ["x"], ["y"])
    graph = helper.make_graph([first, *nodes], "g", [x, *inputs], outputs)
    opsets = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


@pytest.mark.parametrize("read", [load, load_declared])
@pytest.mark.parametrize(
    ("nodes", "inputs", "outputs", "error", "message"),
    [
        pytest.param(
            *([], [], [NUMBERS, NUMBERS], DataError, 'lists the output "y" twice; list each once'),
            id="output twice",
        ),
        pytest.param(
            *([], [TEXT], [NUMBERS], UnsupportedOp, 'the input "t" is text, which no .tflite'),
            id="text",
        ),
        pytest.param(
            [helper.make_node("SequenceConstruct", ["x"], ["s"])],
            *([], [SEVERAL], UnsupportedOp, 'the output "s" is a sequence or another thing'),
            id="sequence",
        ),
    ],
)
def test_what_no_tflite_file_has_is_refused(tmp_path, read, nodes, inputs, outputs, error, message):
    path = saved_with(tmp_path / "m.onnx", nodes, inputs, outputs)
    with pytest.raises(error, match=f"m.onnx: {message}"):
        read(path)


def test_what_a_file_declares_is_read_without_its_weights(tmp_path):
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])
    path = saved(tmp_path / "m.onnx", [], output)
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="m.data", size_threshold=0)
    (tmp_path / "m.data").write_bytes(b"")
    declared = load_declared(path)
    assert [tuple(value.shape) for value in (*declared.inputs, *declared.outputs)] == [
        (1, 4),
        (1, 3),
    ]


def test_an_output_of_maps_is_refused_with_the_way_out(tmp_path):
    zipped = helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[0])
    number = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.INT64, number))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 1])
    graph = helper.make_graph([zipped], "g", [x], [helper.make_value_info("y", maps)])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), tmp_path / "m.onnx")
    message = r'the output "y" is a sequence of maps, .* decant convert writes .*"zipmap": False'
    with pytest.raises(UnsupportedOp, match=message):
        load(tmp_path / "m.onnx")


def test_a_function_of_an_older_operator_set_keeps_it(tmp_path):
    text = """<ir_version: 10, opset_import: ["": 18, "own": 1]>
        g (float[2,3] x) => (float[2,3] y) { y = own.rectified (x) }
        <domain: "own", opset_import: ["": 16]>
        rectified (a) => (b) { b = Relu (a) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "m.onnx")
    (node,) = load(tmp_path / "m.onnx").graph
    assert (node.op_type, node.version) == ("Relu", 16)


def test_an_operator_of_another_domain_is_no_branch(tmp_path):
    text = """<ir_version: 10, opset_import: ["": 18, "own": 1]>
        g (float[2,3] x) => (float[2,3] y) { y = own.If (x) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "m.onnx")
    assert [node.op_type for node in load(tmp_path / "m.onnx").graph] == ["If"]


UNKNOWN = """<ir_version: 10, opset_import: ["": 20]> g (float[2,3] x) => (float[2,3] y) {
    a = Foreign(x) b = Relu(a) y = Neg(b)
}"""


def test_an_op_that_onnx_does_not_know_is_let_through(tmp_path):
    onnx.save(onnx.parser.parse_model(UNKNOWN), tmp_path / "m.onnx")
    assert [node.op_type for node in load(tmp_path / "m.onnx").graph] == ["Foreign", "Relu", "Neg"]


def test_so_it_is_beside_weights_in_another_file(tmp_path):
    proto = onnx.parser.parse_model(UNKNOWN.replace("Neg(b)", "Add(b, w)"))
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(weight, "w"))
    external = {"save_as_external_data": True, "location": "m.data", "size_threshold": 0}
    onnx.save(proto, tmp_path / "m.onnx", **external)
    found = load(tmp_path / "m.onnx").graph.initializers["w"].const_value
    np.testing.assert_array_equal(found.numpy(), weight)


def test_a_fault_behind_an_op_that_onnx_does_not_know_is_told(tmp_path):
    proto = onnx.parser.parse_model(UNKNOWN)
    proto.graph.node[2].input[0] = "nowhere"
    onnx.save(proto, tmp_path / "m.onnx")
    with pytest.raises(DataError, match=r"not a whole ONNX model \(Nodes in a graph must be topol"):
        load(tmp_path / "m.onnx")


def test_an_operator_that_means_something_else_since_is_none_of_a_damaged_file(tmp_path):
    text = """<ir_version: 9, opset_import: ["": 18]>
        g (float[1,6,4] x, float[3] s, float[3] b) => (float[1,6,4] y) {
            y = GroupNormalization<num_groups = 3> (x, s, b) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "m.onnx")
    assert [node.op_type for node in load(tmp_path / "m.onnx").graph] == ["GroupNormalization"]
