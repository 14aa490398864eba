"""Large weights go around TensorFlow's converter, and the file is the same."""

import dataclasses
from collections import Counter

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from emitted import emit, parsed
from tensorflow.core.protobuf import saved_model_pb2

from decant.convert import conversion, savedmodel, tflite
from decant.convert.layout.weights import LEAST_BYTES, apart
from decant.convert.stand_ins import NotRestored, restored, stand_ins, values
from decant.files import SAVED_MODEL_PB
from decant.flatbuffer import Graph
from decant.graph.load import prepare

TABLE = (700, 128)
PRODUCTS = """(int64[1,5] i) => (float[1,5,700] y) {
    x = Gather(table, i)
    square = MatMul(x, first)
    h = Relu(square)
    wide = MatMul(h, second)
    again = MatMul(wide, third)
    back = Add(again, x)
    y = MatMul(back, fourth)
}"""
CONVOLUTION = """(float[1,96,5,7] x) => (float[1,80,5,7] y) {
    c = Conv <pads = [1, 1, 1, 1]> (x, kernel)
    y = Relu(c)
}"""
SHARED = """(float[3,300] x, float[5,300] z) => (float[3,400] y, float[5,400] scaled) {
    y = MatMul(x, matrix)
    product = MatMul(z, matrix)
    scaled = Mul(product, factors)
}"""
BATCH = "(float[3,5,160] x) => (float[3,5,150] y) { y = MatMul(x, matrices) }"


def weights(**shapes):
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def model(text, arrays):
    proto = parsed(text)
    for name, array in arrays.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return prepare(ir.from_proto(proto))


def products():
    """A table that the last layer shares, as language models have it, and square matrices."""
    arrays = weights(table=TABLE, first=(128, 600), second=(600, 600), third=(600, 128))
    return PRODUCTS, {**arrays, "fourth": np.ascontiguousarray(arrays["table"].T)}


CASES = {
    "products": (*products(), 4),
    "convolution": (CONVOLUTION, weights(kernel=(80, 96, 3, 3)), 1),
    "a batch of matrices": (BATCH, weights(matrices=(3, 160, 150)), 0),
}
"""A model, its weights, and how many different ones something stands for."""


def emitted_apart(text, arrays):
    with apart():
        return emit(model(text, arrays))


@pytest.mark.parametrize(("text", "arrays", "count"), CASES.values(), ids=CASES)
def test_the_file_is_the_same(text, arrays, count, tmp_path):
    whole, emission = emit(model(text, arrays)), emitted_apart(text, arrays)
    assert len(emission.weights) == len(arrays)
    sent = stand_ins(emission)
    assert len(sent) == count
    savedmodel.write(whole, tmp_path / "whole")
    savedmodel.write(emission, tmp_path / "small", values(sent))
    file = tflite.convert(tmp_path / "small", emission, sent=sent)
    assert file.data == tflite.convert(tmp_path / "whole", whole).data


@pytest.mark.parametrize(("text", "arrays", "count"), CASES.values(), ids=CASES)
def test_the_saved_model_is_the_same_and_small_where_weights_are_left_out(
    text, arrays, count, tmp_path
):
    whole, emission = emit(model(text, arrays)), emitted_apart(text, arrays)
    savedmodel.write(whole, tmp_path / "whole")
    savedmodel.write(emission, tmp_path / "apart")
    savedmodel.write(emission, tmp_path / "small", values(stand_ins(emission)))
    written, again, small = (
        (tmp_path / name / SAVED_MODEL_PB).read_bytes() for name in ("whole", "apart", "small")
    )
    assert again == written
    message = saved_model_pb2.SavedModel.FromString(written)
    assert message.SerializeToString(deterministic=True) == written
    assert (len(small) < 1e4) == (count > 0)


def test_a_saved_model_is_read_with_its_weights_on_the_disk(tmp_path):
    text, arrays, _ = CASES["products"]
    whole = emit(model(text, arrays))
    savedmodel.write(whole, tmp_path)
    meta, found = savedmodel.read(tmp_path)
    assert meta.ByteSize() < LEAST_BYTES
    nodes = {node.name: node for node in whole.function.graph.as_graph_def().node}
    assert {node.name for node in meta.graph_def.node} == nodes.keys()
    assert len(found) == len(arrays)
    for name, array in found.items():
        assert array.tobytes() == nodes[name].attr["value"].tensor.tensor_content
        assert not array.flags.owndata


def large_constants(graph):
    found = {graph.name(i): graph.constant(i) for i in range(len(graph.subgraph.tensors))}
    return {n: x.tobytes() for n, x in found.items() if x is not None and x.nbytes >= LEAST_BYTES}


def test_a_file_of_more_than_2_gb_is_read_as_another(tmp_path, monkeypatch):
    text, arrays, _ = CASES["products"]
    emission = emitted_apart(text, arrays)
    sent = stand_ins(emission)
    savedmodel.write(emission, tmp_path, values(sent))
    expected = Graph(tflite.convert(tmp_path, emission, sent=sent).model)
    monkeypatch.setattr(tflite, "MOST_BYTES", 1)
    found = Graph(tflite.convert(tmp_path, emission, sent=sent).model)
    assert found.histogram() == expected.histogram()
    assert large_constants(found) == large_constants(expected)
    assert len(large_constants(found)) == len(sent)


def test_a_saved_model_that_tensorflow_cannot_read_is_told(tmp_path, monkeypatch):
    (tmp_path / SAVED_MODEL_PB).write_bytes(bytes(100))
    assert conversion._too_large(tmp_path) == []
    monkeypatch.setattr(conversion, "LARGEST_MESSAGE", 99)
    (warning,) = conversion._too_large(tmp_path)
    assert warning.startswith("saved_model/ takes 0.0 GB: decant has run it, but TensorFlow itself")


def test_what_became_something_else_is_not_restored(tmp_path):
    text, arrays, _ = CASES["convolution"]
    emission = emitted_apart(text, arrays)
    (sent,) = stand_ins(emission)
    savedmodel.write(emission, tmp_path, values([sent]))
    model = tflite.convert(tmp_path, emission, sent=[sent]).model
    (buffer,) = (b for b in model.buffers if b.data is not None and len(b.data) > LEAST_BYTES)
    with pytest.raises(NotRestored, match="filter"):  # its numbers are not there any more
        restored(model, [sent])
    buffer.data = np.full(sent.array.size, sent.number).view(np.uint8)
    other = dataclasses.replace(sent, readers=Counter({("FULLY_CONNECTED", 1): 1}))
    with pytest.raises(NotRestored, match="filter"):
        restored(model, [other])
    kept = restored(model, [sent]).buffers[model.buffers.index(buffer)].data
    assert kept.tobytes() == sent.array.tobytes()


def test_a_weight_that_was_folded_for_one_of_its_readers_is_not_restored(tmp_path):
    emission = emitted_apart(SHARED, weights(matrix=(300, 400), factors=(400,)))
    sent = stand_ins(emission)
    savedmodel.write(emission, tmp_path, values(sent))
    with pytest.raises(NotRestored):  # there is a copy times the factors, which are not the numbers
        tflite.convert(tmp_path, emission, sent=sent)
