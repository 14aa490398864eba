"""Runs ONNX's own node tests through emission, and the op families also through LiteRT."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir
from onnx.backend.test.case.node import collect_testcases

from decant.convert.emit import emit
from decant.errors import UnsupportedOp
from decant.graph.load import prepare

NUMBERS = frozenset(
    ["float32", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]
)


@dataclass(frozen=True)
class Case:
    """One node test: a model of one node, its inputs and its outputs."""

    name: str
    model: onnx.ModelProto
    inputs: tuple[np.ndarray, ...]
    outputs: tuple[np.ndarray, ...]
    tolerance: float


def numeric_cases() -> list[Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = collect_testcases(None)
    cases = []
    for case in found:
        inputs, outputs = case.data_sets[0]
        arrays = [*inputs, *outputs]
        if all(isinstance(a, np.ndarray | np.generic) and a.dtype.name in NUMBERS for a in arrays):
            sides = [tuple(np.asarray(a) for a in side) for side in (inputs, outputs)]
            cases.append(Case(case.name, case.model, *sides, max(case.rtol, 1e-3)))
    return cases


def with_constants(case: Case) -> tuple[onnx.ModelProto, tuple[np.ndarray, ...]]:
    """The case as exporters write such a node: all inputs but the first are part of the file."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    graph = model.graph
    fed = [value.name for value in graph.input]
    for name, array in list(zip(fed, case.inputs, strict=True))[1:]:
        graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    del graph.input[1:]
    return model, case.inputs[:1]


def emitted(model: onnx.ModelProto):
    return emit(prepare(ir.from_proto(model)), input_layout="keep", output_layout="keep")


def emit_case(case: Case):
    """Emit with everything computed at run time; where that is refused, with constants."""
    try:
        return emitted(case.model), case.inputs
    except UnsupportedOp:
        if len(case.inputs) < 2:
            raise
        model, inputs = with_constants(case)
        return emitted(model), inputs


def assert_equal(results: list[np.ndarray], case: Case) -> None:
    for result, expected in zip(results, case.outputs, strict=True):
        assert result.shape == expected.shape
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(
            result.astype(np.float64),
            expected.astype(np.float64),
            rtol=case.tolerance,
            atol=1e-5,
        )
