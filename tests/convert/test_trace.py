"""The trace names the ONNX value and the PyTorch module behind every tensor of the file."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from emitted import emit

from decant.convert import savedmodel, tflite
from decant.convert.lowering.trace import module_path
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime

NETWORK = """<ir_version: 10, opset_import: ["": 20]>
g (float[1,3,12,16] x) => (float[1,6,8] y, float[1,4,6,8] z) {
    shape = Constant<value_ints=[1,4,2,24]>()
    wide = Constant<value_ints=[1,2,96]>()
    a = Conv<strides=[2,2], pads=[1,1,1,1]>(x, w0, b0)
    b = HardSwish(a)
    c = Conv<pads=[1,1,1,1], group=4>(b, w1)
    d = BatchNormalization(c, s, s, s, s)
    z = Relu(d)
    e = Reshape(z, shape)
    f = Transpose<perm=[0,2,1,3]>(e)
    g = Reshape(f, wide)
    left, right = Split<axis=2, num_outputs=2>(g)
    h = Concat<axis=1>(left, right, left)
    i = MatMul(h, m)
    y = Softmax<axis=-1>(i)
}"""


# TensorFlow's converter reshapes what the product reads, not what it makes.
ATTENTION = """<ir_version: 10, opset_import: ["": 20]>
g (float[1,8,12,16] x) => (float[1,24,6,8] y) {
    rows = Constant<value_ints=[1,3,8,48]>()
    plane = Constant<value_ints=[1,24,6,8]>()
    tokens = Constant<value_ints=[1,24,48]>()
    a = Conv<strides=[2,2], pads=[1,1,1,1]>(x, w)
    b = Reshape(a, tokens)
    c = Transpose<perm=[0,2,1]>(b)
    d = MatMul(c, m)
    e = Add(d, n)
    f = Transpose<perm=[0,2,1]>(e)
    g = Reshape(f, plane)
    y = Add(a, g)
}"""


@pytest.fixture
def proto():
    proto = onnx.parser.parse_model(NETWORK)
    rng = np.random.default_rng(0)
    shapes = {"w0": (4, 3, 3, 3), "b0": (4,), "w1": (4, 1, 3, 3), "s": (4,), "m": (48, 8)}
    for name, shape in shapes.items():
        array = rng.uniform(0.2, 1.0, shape).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return proto


@pytest.fixture
def converted(proto, tmp_path):
    emission = emit(prepare(ir.from_proto(proto)))
    savedmodel.write(emission, tmp_path)
    return tflite.convert(tmp_path, emission)


def intermediates(proto, feeds):
    """Every value of the network, by ONNX Runtime."""
    every = onnx.shape_inference.infer_shapes(proto)
    known = {output.name for output in every.graph.output}
    every.graph.output.extend(v for v in every.graph.value_info if v.name not in known)
    return OnnxRuntime(every.SerializeToString(), optimize=False).run(feeds)


def test_nearly_all_activations_are_traced(converted):
    assert len(converted.tensors) >= 0.95 * converted.activations


def held(converted, image):
    """Name of a value → what each tensor that holds it has, in ONNX order."""
    interpreter = Interpreter(
        model_content=converted.data,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.moveaxis(image, 1, -1))
    interpreter.invoke()
    for detail in interpreter.get_tensor_details():
        located = converted.tensors.get(detail["name"])
        if located is not None and located.split is not None:
            memory = interpreter.get_tensor(detail["index"]).reshape(located.split)
            yield located.value, memory.transpose(located.perm).reshape(located.shape)


def test_traced_tensors_hold_the_values_they_name(proto, converted):
    image = np.random.default_rng(1).standard_normal((1, 3, 12, 16)).astype(np.float32)
    expected = {**intermediates(proto, {"x": image}), "x": image}
    compared = set()
    for name, value in held(converted, image):
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-5)
        compared.add(name)
    assert {"x", "b", "z", "h", "i", "y"} <= compared


def test_what_a_product_reads_is_not_traced_as_its_result(tmp_path):
    proto = onnx.parser.parse_model(ATTENTION)
    rng = np.random.default_rng(0)
    for name, shape in {"w": (24, 8, 3, 3), "m": (24, 24), "n": (24,)}.items():
        array = rng.uniform(0.2, 1.0, shape).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    emission = emit(prepare(ir.from_proto(proto)))
    savedmodel.write(emission, tmp_path)
    image = rng.standard_normal((1, 8, 12, 16)).astype(np.float32)
    expected = intermediates(proto, {"x": image})
    found = list(held(tflite.convert(tmp_path, emission), image))
    assert [name for name, _ in found].count("e") == 1
    for name, value in found[1:]:
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-5)


def test_tensors_are_named_after_their_values(converted):
    for name, located in converted.tensors.items():
        assert name.partition("~")[0].removesuffix("/step") == located.value


def test_module_path_is_the_innermost_scope_of_the_exporter():
    node = ir.node("Relu", [ir.val("x")])
    node.metadata_props["pkg.torch.onnx.name_scopes"] = (
        "['', 'backbone.0', 'backbone.0.act', 'relu']"
    )
    assert module_path(node) == "backbone.0.act"
    assert module_path(ir.node("Relu", [ir.val("x")])) == ""
    assert module_path(None) == ""
