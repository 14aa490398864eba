"""ONNX models written as text, converted to TFLite and compared with ONNX Runtime."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from decant.convert import savedmodel, tflite
from decant.convert.lowering import emit as lowering
from decant.convert.lowering.emit import Emission
from decant.convert.ops import built_in
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime

SINGLE_PRECISION = 1e-5
"""Relative to the largest element: convolutions sum up to a few hundred products."""


@dataclass(frozen=True)
class File:
    """A converted model, its operators, and how far LiteRT is from ONNX Runtime."""

    data: bytes
    ops: Counter[str]
    emission: Emission
    converted: tflite.TFLiteFile


def emit(model, table=None, **options):
    return lowering.emit(model, built_in() if table is None else table, **options)


def parsed(text, weights=None, opset=20):
    """A model "(inputs) => (outputs) {nodes}" with seeded weights of the given shapes."""
    proto = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}]> g {text}')
    rng = np.random.default_rng(0)
    for name, shape in (weights or {}).items():
        array = (rng.standard_normal(shape) / 2).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return proto


def built(proto, folder, **options):
    emission = emit(prepare(ir.from_proto(proto)), **options)
    savedmodel.write(emission, folder)
    converted = tflite.convert(folder, emission)
    interpreter = Interpreter(
        model_content=converted.data,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    ops = Counter(op["op_name"] for op in interpreter._get_ops_details())
    return File(converted.data, ops, emission, converted)


def feeds_of(proto):
    rng = np.random.default_rng(1)
    shapes = {v.name: [d.dim_value or 2 for d in v.type.tensor_type.shape.dim] for v in fed(proto)}
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def drawn(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


def fed(proto):
    weights = {initializer.name for initializer in proto.graph.initializer}
    return [value for value in proto.graph.input if value.name not in weights]


def check(proto, folder, **options):
    """Convert and compare with ONNX Runtime on seeded numbers."""
    file = built(proto, folder, **options)
    feeds = feeds_of(proto)
    expected = OnnxRuntime(proto.SerializeToString()).run(feeds)
    runner = Interpreter(model_content=file.data).get_signature_runner()
    infos = file.emission.inputs
    results = runner(**{i.name: i.from_onnx_order(feeds[i.name]) for i in infos})
    for info in file.emission.outputs:
        result, wanted = info.to_onnx_order(results[info.name]), expected[info.name]
        assert result.shape == wanted.shape
        assert np.abs(result - wanted).max() <= SINGLE_PRECISION * np.abs(wanted).max()
    return file


def check_free(proto, folder, shapes):
    """Convert a model of free sizes, and compare it with ONNX Runtime for each choice of them."""
    file = built(proto, folder)
    oracle = OnnxRuntime(proto.SerializeToString())
    for sizes in shapes:
        feeds = {name: drawn(*shape) for name, shape in sizes.items()}
        expected = oracle.run(feeds)
        results = run_resized(file, feeds)
        for info in file.emission.outputs:
            result, wanted = info.to_onnx_order(results[info.name]), expected[info.name]
            assert result.shape == wanted.shape
            assert np.abs(result - wanted).max() <= SINGLE_PRECISION * np.abs(wanted).max()
    return file


def run_resized(file, feeds):
    """Run a file on inputs by name, in ONNX order, after giving it their sizes."""
    details = Interpreter(model_content=file.data).get_signature_runner().get_input_details()
    given = {i.name: i.from_onnx_order(feeds[i.name]) for i in file.emission.inputs}
    interpreter = Interpreter(model_content=file.data)
    for name, detail in details.items():
        interpreter.resize_tensor_input(detail["index"], given[name].shape)
    return interpreter.get_signature_runner()(**given)
