"""Fourier transforms against ONNX Runtime, through LiteRT."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import tensorflow as tf
from emitted import check, check_free, emit, parsed

from decant.errors import UnsupportedOp
from decant.graph.load import prepare


def with_arrays(proto, **arrays):
    for name, array in arrays.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), name))
    return proto


def dft_of(shape, axis, length="", inverse=0, onesided=0):
    text = f"""(float[{shape}] x) => (float y)
     <int64 axis = {{{axis}}}, int64 n = {{{length or 1}}}> {{
        y = DFT<inverse = {inverse}, onesided = {onesided}>(x, {"n" if length else ""}, axis)
    }}"""
    proto = parsed(text)
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    return proto


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(dft_of("2,7,1", 1), id="real"),
        pytest.param(dft_of("2,6,5,2", 1), id="first-axis"),
        pytest.param(dft_of("2,6,5,2", -2, inverse=1), id="inverse"),
        pytest.param(dft_of("2,6,5,1", 2, onesided=1), id="onesided"),
        pytest.param(dft_of("3,5,1", 1, length=8), id="padded"),
        pytest.param(dft_of("3,5,2", 1, length=4), id="cut"),
    ],
)
def test_a_transform_of_an_axis(model, tmp_path):
    ops = check(model, tmp_path).ops
    assert ops["FULLY_CONNECTED"] == 1


@pytest.mark.parametrize("length", [6, 7])
def test_a_onesided_inverse_undoes_a_onesided_transform(length, tmp_path):
    text = f"""(float[2,{length},1] x) => (float[2,{length},1] y)
     <int64 axis = {{1}}, int64 n = {{{length}}}> {{
        z = DFT<onesided = 1>(x, n, axis)
        y = DFT<inverse = 1, onesided = 1>(z, n, axis)
    }}"""
    emission = emit(prepare(ir.from_proto(parsed(text))))
    x = np.random.default_rng(0).normal(size=(2, length, 1)).astype(np.float32)
    np.testing.assert_allclose(emission.function(x=tf.constant(x))["y"], x, atol=1e-5)


def test_a_transform_keeps_a_free_batch(tmp_path):
    shapes = [{"x": (2, 6, 5, 2)}, {"x": (3, 6, 5, 2)}]
    check_free(dft_of("n,6,5,2", 1), tmp_path, shapes)


def test_a_transform_of_a_free_size_is_refused():
    with pytest.raises(
        UnsupportedOp,
        match=r"DFT .*transformed axis .*; fix .* as with --shape x=2,",
    ):
        emit(prepare(ir.from_proto(dft_of("2,n,1", 1))))


def stft_of(signal, window, length=None, onesided=1):
    """Frames of a signal, every 3 elements."""
    inputs = f"x, step, {'w' if window else ''}, {'n' if length else ''}"
    text = f"({signal} x) => (float y) {{ y = STFT<onesided = {onesided}>({inputs}) }}"
    proto = parsed(text)
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    given = {"step": np.int64(3)}
    given |= {"w": np.hanning(window).astype(np.float32)} if window else {}
    given |= {"n": np.int64(length)} if length else {}
    return with_arrays(proto, **given)


@pytest.mark.parametrize(("window", "length", "onesided"), [(8, None, 1), (None, 7, 1), (7, 7, 0)])
def test_frames_of_a_signal(window, length, onesided, tmp_path):
    ops = check(stft_of("float[2,25,1]", window, length, onesided), tmp_path).ops
    assert ops["CONV_2D"] == 1


def test_frames_of_a_signal_of_free_length(tmp_path):
    shapes = [{"x": (1, 25, 1)}, {"x": (1, 31, 1)}]
    check_free(stft_of("float[1,t,1]", 8), tmp_path, shapes)


def test_a_window_shorter_than_its_frame_is_refused():
    why = r"STFT .*window has 5 elements and a frame 8; pad the window"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(stft_of("float[2,25,1]", 5, 8))))
