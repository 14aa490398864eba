"""Convolutions whose kernel another layer makes, and blocks of scales."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from emitted import check, emit, parsed

from decant.errors import UnsupportedOp
from decant.graph.load import prepare

KERNELS = [
    pytest.param("2,3,8,9", "5,3,3,2", "pads = [1,0,1,1]", id="dense"),
    pytest.param("1,4,8,9", "6,2,3,2", "group = 2, strides = [2,1]", id="groups"),
    pytest.param("1,4,8,9", "4,1,3,2", "group = 4", id="depthwise"),
    pytest.param("1,4,8,9", "8,1,3,2", "group = 4, strides = [2,2]", id="multiplied"),
    pytest.param("1,4,8,9", "4,1,3,2", "group = 4, dilations = [2,1]", id="dilated"),
    pytest.param("2,3,9", "5,3,4", "strides = [2]", id="signal"),
]


@pytest.mark.parametrize("biased", [False, True], ids=["bare", "biased"])
@pytest.mark.parametrize(("shape", "kernel", "settings"), KERNELS)
def test_a_kernel_that_another_layer_makes(shape, kernel, settings, biased, tmp_path):
    results = ",".join("abcd"[: shape.count(",") + 1])
    count = kernel.partition(",")[0]
    text = f"""(float[{shape}] x, float[{kernel}] k, float[{count}] b) => (float[{results}] y) {{
        w = Tanh(k)
        c = Conv<{settings}>(x, w{", b" if biased else ""})
        s = ReduceSum<keepdims = 0>(b)
        y = Add(c, s)
    }}"""
    check(parsed(text), tmp_path)


SPREAD = [
    pytest.param("2,3,8,9", "3,4,3,2", "strides = [2,2], pads = [1,0,1,1]", id="dense"),
    pytest.param("1,4,8,9", "4,3,2,2", "group = 2, strides = [2,2]", id="groups"),
    pytest.param("1,3,9", "3,4,4", "strides = [2], pads = [1,1]", id="signal"),
]


@pytest.mark.parametrize(("shape", "kernel", "settings"), SPREAD)
def test_a_kernel_of_a_transposed_convolution_that_another_layer_makes(
    shape, kernel, settings, tmp_path
):
    results = ",".join("abcd"[: shape.count(",") + 1])
    check(
        parsed(f"""(float[{shape}] x, float[{kernel}] k) => (float[{results}] y) {{
            w = Tanh(k)
            y = ConvTranspose<{settings}>(x, w)
        }}"""),
        tmp_path,
    )


def test_a_dilated_kernel_of_a_transposed_convolution_is_no_input():
    text = """(float[1,3,8,9] x, float[3,4,3,3] k) => (float[1,4,12,13] y) {
        y = ConvTranspose<dilations = [2,2]>(x, k)
    }"""
    why = r"ConvTranspose .*a computed kernel cannot be dilated; make it a constant before"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(parsed(text))))


def test_a_computed_kernel_of_free_size_is_refused():
    text = "(float[1,3,8,9] x, float[n,3,3,2] k) => (float[1,n,6,8] y) { y = Conv(x, k) }"
    why = r"Conv .*the computed kernel has a free size; fix the free sizes, as with --shape"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(parsed(text))))


def test_blocks_of_scales_along_the_axis_that_they_divide(tmp_path):
    text = """(float[2,7,3] x) => (float[2,7,3] y) {
        q = QuantizeLinear<axis = 1, block_size = 3>(x, scale, zero)
        y = DequantizeLinear<axis = 1, block_size = 3>(q, scale, zero)
    }"""
    proto = parsed(text, opset=21)
    rng = np.random.default_rng(0)
    scale = rng.uniform(0.01, 0.1, (2, 3, 3)).astype(np.float32)
    zero = rng.integers(-20, 20, (2, 3, 3), np.int8)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(scale, "scale"))
    proto.graph.initializer.append(onnx.numpy_helper.from_array(zero, "zero"))
    check(proto, tmp_path)
