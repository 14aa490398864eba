"""Counted n-grams against ONNX Runtime, through LiteRT."""

import numpy as np
import onnx_ir as ir
import pytest
from ai_edge_litert.interpreter import Interpreter
from emitted import built, emit, parsed

from decant.errors import UnsupportedOp
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime

POOL = """ngram_counts = [0,3,9], ngram_indexes = [6,1,2,5,4,3,0],
 pool_int64s = [4,2,9, 1,2,3,3,5,2, 1,2,3], weights = [0.5,2.0,3.0,1.5,0.25,4.0,0.75]"""


@pytest.mark.parametrize("skips", [0, 3])
@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
@pytest.mark.parametrize("shape", ["12", "3,12"])
def test_ngrams_of_numbers(shape, mode, skips, tmp_path):
    text = f"""(int64[{shape}] x) => (float y) {{
        y = TfIdfVectorizer<mode = "{mode}", min_gram_length = 1, max_gram_length = 3,
         max_skip_count = {skips}, {POOL}>(x)
    }}"""
    proto = parsed(text)
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    x = np.random.default_rng(0).integers(1, 6, [int(n) for n in shape.split(",")])
    found = Interpreter(model_content=built(proto, tmp_path).data).get_signature_runner()(x=x)["y"]
    (wanted,) = OnnxRuntime(proto.SerializeToString()).run({"x": x}).values()
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_ngrams_of_texts_are_refused():
    text = """(int64[9] x) => (float[1] y) {
        y = TfIdfVectorizer<mode = "TF", min_gram_length = 1, max_gram_length = 1,
         max_skip_count = 0, ngram_counts = [0], ngram_indexes = [0], pool_strings = ["a"]>(x)
    }"""
    why = r"TfIdfVectorizer .*TFLite has no tensors of texts; number the words"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(parsed(text))))


def test_ngrams_of_a_free_length_are_refused():
    text = f"""(int64[n] x) => (float[7] y) {{
        y = TfIdfVectorizer<mode = "TF", min_gram_length = 1, max_gram_length = 3,
         max_skip_count = 0, {POOL}>(x)
    }}"""
    why = (
        r"TfIdfVectorizer .*the length of the sequence is free; fix the free sizes, as with --shape"
    )
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(parsed(text))))
