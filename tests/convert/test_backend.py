"""Runs ONNX's own node tests through emission, and the op families also through LiteRT."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from emitted import emit
from node_suite import EMISSION_GAPS, LITE_GAPS, Case, gap_of, numeric_cases
from tensorflow.lite.tools import flatbuffer_utils

from decant.convert.rewrites import REWRITES
from decant.convert.tflite import restore_infinities
from decant.errors import UnsupportedOp
from decant.graph.load import prepare
from decant.graph.precision import other_floats, to_single
from decant.graph.rewrite import apply


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
    loaded = prepare(ir.from_proto(model))
    if other_floats(loaded):  # as a conversion does before all else
        to_single(loaded)
    rewritten, _ = apply(loaded, REWRITES.chosen())
    return emit(rewritten, input_layout="keep", output_layout="keep")


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


CASES = numeric_cases()


def marked(case: Case):
    reason = gap_of(case.name, EMISSION_GAPS)
    marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
    return pytest.param(case, id=case.name.removeprefix("test_"), marks=marks)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_emitted_node_computes_what_onnx_says(case):
    emission, inputs = emit_case(case)
    fed = zip(emission.inputs, inputs, strict=True)
    got = emission.function(**{emission.keys[i.name]: tf.constant(a) for i, a in fed})
    assert_equal([got[emission.keys[o.name]].numpy() for o in emission.outputs], case)


TOGETHER = 100  # node tests in one file: converting has a fixed cost


def in_litert() -> list[Case]:
    """Cases to run in LiteRT, which takes no empty tensors; expanded forms are the same again."""
    gaps = (*EMISSION_GAPS, *LITE_GAPS)
    return [
        case
        for case in CASES
        if gap_of(case.name, gaps) is None
        and not case.name.endswith("_expanded")
        and all(array.size for array in (*case.inputs, *case.outputs))
    ]


@pytest.mark.parametrize("start", range(0, len(in_litert()), TOGETHER))
def test_litert_computes_what_onnx_says(start):
    check_in_litert(in_litert()[start : start + TOGETHER])


def lite_gaps():
    for case in CASES:
        reason = gap_of(case.name, LITE_GAPS)
        if reason is not None and gap_of(case.name, EMISSION_GAPS) is None:
            mark = pytest.mark.xfail(reason=reason, strict=True)
            yield pytest.param(case, id=case.name.removeprefix("test_"), marks=mark)


@pytest.mark.parametrize("case", list(lite_gaps()))
def test_litert_gaps_are_still_gaps(case):
    check_in_litert([case])


def check_in_litert(cases: list[Case]) -> None:
    """Convert the cases into one file and compare what LiteRT makes of it."""
    emitted_cases = [emit_case(case) for case in cases]
    specs, feeds = {}, {}
    for number, (emission, inputs) in enumerate(emitted_cases):
        for info, array in zip(emission.inputs, inputs, strict=True):
            name = f"c{number}_{emission.keys[info.name]}"
            specs[name] = tf.TensorSpec(array.shape, array.dtype, name=name)
            feeds[name] = array
    file = tf.lite.TFLiteConverter.from_concrete_functions(
        [joined([emission for emission, _ in emitted_cases], specs)], tf.Module()
    ).convert()
    extremes = [array for emission, _ in emitted_cases for array in emission.extremes]
    runner = Interpreter(model_content=with_infinities(file, extremes)).get_signature_runner()
    results = runner(**feeds)
    for number, ((emission, _), case) in enumerate(zip(emitted_cases, cases, strict=True)):
        keys = [f"c{number}_{emission.keys[info.name]}" for info in emission.outputs]
        assert_equal([results[key] for key in keys], case)


def with_infinities(file: bytes, extremes: list[np.ndarray]) -> bytearray:
    """The file as a conversion leaves it."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(file))
    restore_infinities(model, extremes)
    return flatbuffer_utils.convert_object_to_bytearray(model)


def joined(emissions, specs):
    """One function that computes all emissions; names are theirs with "c<number>_" before."""

    def every(**given):
        results = {}
        for number, emission in enumerate(emissions):
            start = f"c{number}_"
            own = {
                key: given[start + key] for key in (emission.keys[i.name] for i in emission.inputs)
            }
            for key, tensor in emission.function(**own).items():
                results[start + key] = tensor
        return results

    return tf.function(every).get_concrete_function(**specs)


def test_at_least_as_many_pass_as_ever_did():
    """The share that docs and releases state: 1,502 of 1,534 with onnx 1.23."""
    gaps = [case for case in CASES if gap_of(case.name, (*EMISSION_GAPS, *LITE_GAPS))]
    assert len(gaps) <= 0.021 * len(CASES)
