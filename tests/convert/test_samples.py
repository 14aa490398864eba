"""What a conversion is checked with where nobody gave inputs."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from emitted import parsed

from decant.convert.verify.samples import samples_for
from decant.convert.verify.value_hints import value_hints
from decant.errors import DataError, UnsupportedOp
from decant.free_sizes import SizeHints
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime


def samples_of(text, weights=None, given=None):
    """Samples of a model, which ONNX Runtime tries, and how often it was asked to."""
    proto = parsed(text, weights)
    runtime = OnnxRuntime(proto.SerializeToString())
    inputs = prepare(ir.from_proto(proto)).graph.inputs
    return samples_for(inputs, given, trial=runtime.run)


def shapes(samples):
    return [{name: array.shape for name, array in sample.items()} for sample in samples]


def test_two_samples_of_one_size_and_one_of_another():
    first, second, third = shapes(
        samples_of("(float[n,3,h,w] x) => (float[a,b,c,d] y) { y = Relu(x) }")
    )
    assert first == second
    assert len(set(first["x"])) == 4
    assert all(a != b for a, b in zip(first["x"], third["x"], strict=True) if a != 3)
    assert min(*first["x"], *third["x"]) > 1


def test_a_free_size_is_none_with_which_nothing_is_computed():
    text = "(float[1,4,3,w] x) => (float[a,b,c,d] y) { y = AveragePool<kernel_shape = [3,2]>(x) }"
    assert all(sample["x"][3] > 1 for sample in shapes(samples_of(text)))


def test_a_free_size_is_what_the_graph_takes():
    text = """(float[n,3,h,w] x) => (float[a,b,c,d] y) {
        down = MaxPool<kernel_shape = [8,8], strides = [8,8]>(x)
        up = Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric",
                    nearest_mode = "floor">(down, , scales)
        y = Add(x, up)
    }"""
    proto_scales = {"scales": (4,)}
    proto = parsed(text, proto_scales)
    scales = onnx.numpy_helper.from_array(np.array([1, 1, 8, 8], np.float32), "scales")
    proto.graph.initializer[0].CopyFrom(scales)
    runtime = OnnxRuntime(proto.SerializeToString())
    found = shapes(samples_for(prepare(ir.from_proto(proto)).graph.inputs, None, trial=runtime.run))
    assert all(n % 8 == 0 for sample in found for n in sample["x"][2:])


@pytest.mark.parametrize("sizes", ["a,t", "?,?"], ids=["two-names", "no-names"])
def test_sizes_of_two_inputs_that_have_to_be_equal_are(sizes):
    other = sizes.replace("a", "b").replace("t", "u")
    text = (
        f"(float[{sizes}] x, float[{other}] z) => (float[m,n] y) {{ y = Concat<axis = 0>(x, z) }}"
    )
    for sample in shapes(samples_of(text)):
        assert sample["x"][1] == sample["z"][1] > 1


def test_real_values_that_may_not_be_negative_are_not():
    (*samples,) = samples_of("(float[n,4] x) => (float[n,4] y) { y = Log(x) }")
    assert all((sample["x"] >= 0).all() for sample in samples)


def test_a_model_without_an_answer_to_random_inputs_is_told():
    text = """(float[n,4] x) => (float[n,4] y) {
        zero = Sub(x, x)
        y = Div(zero, zero)
    }"""
    with pytest.raises(DataError, match=r"is not a number \(NaN\) in y, .* --inputs FILE\.npz"):
        samples_of(text)


def test_free_sizes_that_nothing_fits_are_told():
    text = """(float[n,c,h,w] x) => (float[a,b,d,e] y) { y = Conv(x, w) }"""
    with pytest.raises(
        DataError,
        match=r"free axes of x \[\?, \?, \?, \?\] \(ONNX Runtime .*; fix them with --shape, or",
    ):
        samples_of(text, {"w": (2, 31, 1, 1)})


def test_fixed_sizes_that_do_not_suit_random_numbers_are_told():
    text = "(float[2,3] x, int64[2] i) => (float[2,3] y) { y = GatherND(x, i) }"
    proto = parsed(text)
    inputs = prepare(ir.from_proto(proto)).graph.inputs

    def refusing(sample):
        raise DataError("indices out of range")

    with pytest.raises(
        DataError, match=r"random inputs do not suit the model: indices out of range; give"
    ):
        samples_for(inputs, None, trial=refusing)


@pytest.mark.parametrize("axis", [0, 2])
def test_an_input_that_is_always_empty_is_refused(axis):
    sizes = [1, 3, 5]
    sizes[axis] = 0
    proto = parsed("(float[1,3,5] x) => (float[a,b,c] y) { y = Relu(x) }")
    proto.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 0
    with pytest.raises(
        UnsupportedOp, match=r"input x has shape \[.*0.*\]: an axis of size 0 .*dim_param"
    ):
        samples_for(prepare(ir.from_proto(proto)).graph.inputs, None)


MATRIX = "(float[n,3] x) => (float[n,4] y) { y = MatMul(x, w) }"


def test_of_given_samples_two_are_checked_together_where_the_batch_is_free():
    x = np.random.default_rng(0).normal(size=(3, 1, 3)).astype(np.float32)
    *alone, together = samples_of(MATRIX, {"w": (3, 4)}, {"x": x})
    assert [sample["x"].shape for sample in alone] == [(1, 3)] * 3
    np.testing.assert_array_equal(together["x"], x[:2, 0])


def test_given_samples_stay_alone_where_the_model_takes_one_only():
    text = "(float[n,3] x) => (float[1,3] y) { y = Reshape(x, one) }"
    proto = parsed(text)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 3]), "one"))
    runtime = OnnxRuntime(proto.SerializeToString())
    inputs = prepare(ir.from_proto(proto)).graph.inputs
    found = samples_for(inputs, {"x": np.ones((3, 1, 3), np.float32)}, trial=runtime.run)
    assert [sample["x"].shape for sample in found] == [(1, 3)] * 3


@pytest.mark.parametrize("given", [None, {}], ids=["none", "empty"])
def test_a_model_without_inputs_has_one_sample(given):
    text = "() => (float[2] y) <float[2] a = {1, -2}> { y = Relu(a) }"
    assert samples_of(text, given=given) == [{}]


CODES = {
    "table": ("(int64[1,t] x) => (float[a,b,c] y) { y = Gather(rows, x) }", range(50)),
    "maps": (
        """(int64[t] x) => (float[a,b,c,d] y) {
            y = RoiAlign<sampling_ratio = 1>(maps, regions, x)
        }""",
        range(5),
    ),
    "codes": (
        """(int32[1,t] x) => (float[a,b] y) {
            l = Transpose(x) e = Equal(l, known) y = Cast<to = 1>(e)
        }""",
        (0, 7, 300),
    ),
    "mask": ("(int64[1,t] x) => (float[a,b] y) { y = Cast<to = 1>(x) }", (0, 1)),
}


@pytest.mark.parametrize("kind", CODES)
def test_integers_are_those_that_the_model_knows(kind):
    text, known = CODES[kind]
    weights = {"table": {"rows": (50, 3)}, "maps": {"maps": (5, 2, 3, 4), "regions": (400, 4)}}
    proto = parsed(text, weights.get(kind))
    known_codes = onnx.numpy_helper.from_array(np.array([7, 300], np.int32), "known")
    proto.graph.initializer.append(known_codes)
    graph = prepare(ir.from_proto(proto)).graph
    codes = value_hints(graph)
    drawn = samples_for(graph.inputs, None, codes=codes, hints=SizeHints(lengths=(400,)))
    found = set(np.concatenate([each["x"].ravel() for each in drawn]).tolist())
    assert found <= set(known)
    assert len(found) > min(len(known), 9) - 1


def test_a_single_code_is_another_one_in_the_second_sample():
    text = """(int64 rate) => (bool y) { k = Constant<value_int = 16000>() y = Equal(rate, k) }"""
    graph = prepare(ir.from_proto(parsed(text))).graph
    drawn = samples_for(graph.inputs, None, codes=value_hints(graph))
    assert [each["rate"].item() for each in drawn][:2] == [16000, 0]


def test_sizes_that_were_found_before_are_tried_first():
    graph = prepare(
        ir.from_proto(parsed("(float[1,3,h,w] x) => (float[1,3,h,w] y) { y = Relu(x) }"))
    ).graph
    tried = set()

    def trial(sample):
        tried.add(sample["x"].shape)
        return {"y": sample["x"]}

    like = [{"x": np.ones(shape, np.float32)} for shape in ((2, 3, 40, 56), (3, 3, 24, 72))]
    drawn = samples_for(graph.inputs, None, trial=trial, like=like)
    assert [sample["x"].shape for sample in drawn] == [(1, 3, 40, 56)] * 2 + [(1, 3, 24, 72)]
    assert tried == {(1, 3, 40, 56), (1, 3, 24, 72)}
