"""ONNX files that older or sparing exporters write."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from decant.errors import DataError
from decant.graph.load import load


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
