"""A spoiled file is converted or refused in a message, never a fault of decant's own."""

from __future__ import annotations

import onnx
import pytest
from mutated_models import mutated
from node_suite import numeric_cases

from decant.convert.build import Request
from decant.convert.support import refusal
from decant.errors import DataError, DecantError, InternalError, UnsupportedOp, UsageError

EVERY = 3
"""Of the node tests, which one in so many is spoiled; more seeds have been run by hand."""

SMALL = [case.model for case in numeric_cases() if case.model.ByteSize() < 20_000][::EVERY]


@pytest.mark.parametrize("start", range(0, len(SMALL), 20))
def test_a_spoiled_model_is_converted_or_refused(start, tmp_path):
    file = tmp_path / "spoiled.onnx"
    outcomes = set()
    for seed, model in enumerate(SMALL[start : start + 20], start):
        file.write_bytes(mutated(model.SerializeToString(), seed))
        try:
            outcomes.add(bool(refusal(Request(file, tmp_path / "unused"))))
        except InternalError as error:
            raise AssertionError(f"seed {seed}") from error
        except DecantError as error:
            outcomes.add(type(error))
    assert outcomes <= {True, False, DataError, UnsupportedOp}
    assert DataError in outcomes


HEAD = '<ir_version: 10, opset_import: ["": 20]>'


@pytest.fixture
def file(tmp_path):
    def file(text):
        onnx.save(onnx.parser.parse_model(f"{HEAD} g {text}"), tmp_path / "net.onnx")
        return tmp_path / "net.onnx"

    return file


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "(float[1,3] x, float[4] scale) => (float[1,3] y)"
            " { y = LayerNormalization<axis = -1>(x, scale) }",
            DataError,
            "ONNX Runtime cannot run the model",
        ),
        (
            "(float[2,3] x) => (float[2,3] y) <float w = {1.0}> { y = Gemm(x, w) }",
            DataError,
            "net.onnx: contradicts itself",
        ),
        (
            "(float[3,4000000000] x) => (float[3,4000000000] y) { y = Relu(x) }",
            UnsupportedOp,
            'the input "x" is of 1.2e+10 elements, which no .tflite file has',
        ),
        (
            "(float[0,4611686018427387904] x) => (float[?,?] y) { y = Relu(x) }",
            UnsupportedOp,
            'the input "x" is of 4.6e+18 elements, which no .tflite file has',
        ),
        (
            '(float[3] x) => (float[3] y) { y = Max(x, "") }',
            DataError,
            'the node "y" (Max) leaves out its input data_0, which it needs',
        ),
        (
            "(float8e4m3fn[3] x) => (float[3] y) { y = Cast<to = 1>(x) }",
            UnsupportedOp,
            'the input "x" is of type float8e4m3fn',
        ),
    ],
    ids=[
        "found by a run",
        "found by inference",
        "too large",
        "too large beside none",
        "left out",
        "of eight bits",
    ],
)
def test_what_contradicts_itself_is_told(file, tmp_path, text, kind, message):
    with pytest.raises(kind) as caught:
        refusal(Request(file(text), tmp_path / "unused"))
    assert message in str(caught.value)


def test_a_shape_that_does_not_fit_is_told(file, tmp_path):
    text = "(float[N,M] x) => (float[N,4] y) <float[3,4] w = {1,2,3,4,5,6,7,8,9,10,11,12}>"
    path = file(f"{text} {{ y = MatMul(x, w) }}")
    with pytest.raises(UsageError, match=r"--shape x=2,5: does not fit .*give other sizes"):
        refusal(Request(path, tmp_path / "unused", shapes={"x": (2, 5)}))


def test_where_a_shape_does_not_fit_multiples_that_do_are_named(file, tmp_path):
    """The network halves its input twice, doubles it twice and joins both."""
    text = """
    (float[1,2,H,W] x) => (float[1,4,P,Q] y)
    <float[4] by = {1,1,2,2}, float[2,2,2,2] w = {1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1}> {
        a = Conv <strides = [2,2], pads = [0,0,1,1]> (x, w)
        b = Conv <strides = [2,2], pads = [0,0,1,1]> (a, w)
        c = Resize (b, , by)
        d = Resize (c, , by)
        y = Concat <axis = 1> (x, d)
    }"""
    with pytest.raises(UsageError) as caught:
        refusal(Request(file(text), tmp_path / "unused", shapes={"x": (1, 2, 9, 14)}))
    assert "Concat" in str(caught.value)
    assert str(caught.value).endswith("give other sizes, such as --shape x=1,2,12,16")


def test_an_output_of_another_rank_than_stated_is_what_it_is(file, tmp_path):
    text = "(float[2,3,4] x) => (float[2,?] y) { a = Relu(x) y = Identity(a) }"
    assert refusal(Request(file(text), tmp_path / "unused")) == ""


def test_a_slice_of_another_rank_than_stated_is_what_it_is(file, tmp_path):
    text = """(float[20,10,3] x, int64[3] ends) => (float[7,3] y)
        <int64[3] zeros = {0, 0, 0}> { y = Slice(x, zeros, ends) }"""
    assert refusal(Request(file(text), tmp_path / "unused")) == ""
