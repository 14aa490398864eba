"""Rounding is no failure, and what is one is put on the op that makes it."""

import numpy as np
import onnx
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from emitted import built, check, parsed
from torch import nn
from torch_networks import compared

from decant.convert import to_tflite
from decant.convert.verify.rounding import Rounded, inlined, judged, of_onnx, told
from decant.errors import ParityError, UnsupportedOp
from decant.parity import LARGEST_ROUNDING, ROUNDINGS, Parity, compare

TOLERANCE = 1e-4


def flat(*shape):
    """Three pages that are nearly one value each, darker at the left edge."""
    pages = np.full((3, *shape), 0.3, np.float32)
    pages *= np.array([1, 0.7, 0.4], np.float32).reshape(3, *[1] * len(shape))
    pages[..., : shape[-1] // 8] *= 0.9
    return pages


def saved(folder, text, weights=None, opset=18):
    proto = parsed(text, weights, opset)
    onnx.save(proto, folder / "net.onnx")
    return folder / "net.onnx"


FLAT = [
    pytest.param("[1,3,240,320]", "y = GlobalAveragePool(x)", (2, 3), id="global"),
    pytest.param(
        "[1,2,240,320]", "y = AveragePool<kernel_shape = [240,320]>(x)", (2, 3), id="pool"
    ),
    pytest.param(
        "[1,160000,2]", "axes = Constant<value_ints = [1]>() y = ReduceMean(x, axes)", 1,
        id="signal",
    ),
    pytest.param(
        "[1,2,90000]", "axes = Constant<value_ints = [2]>() y = ReduceMean(x, axes)", 2,
        id="signal-with-time-last",
    ),
    pytest.param("[2,3,100,300]", "y = ReduceMean(x)", (0, 1, 2, 3), id="all"),
]  # fmt: skip


@pytest.mark.parametrize(("sizes", "nodes", "axes"), FLAT)
def test_the_mean_of_a_flat_page_is_accurate(sizes, nodes, axes, tmp_path):
    shape = [int(size) for size in sizes.strip("[]").split(",")]
    results = ",".join("abcd"[: len(shape)])
    proto = parsed(f"(float{sizes} x) => (float[{results}] y) {{ {nodes} }}", opset=18)
    file = built(proto, tmp_path)
    (x,) = file.emission.inputs
    page = flat(*shape)[0]
    (result,) = (
        Interpreter(model_content=file.data)
        .get_signature_runner()(x=x.from_onnx_order(page))
        .values()
    )
    wanted = page.astype(np.float64).mean(axes)
    # Added up in one go, LiteRT 2.3 is 4e-4 to 1e-3 off here.
    np.testing.assert_allclose(result.ravel(), wanted.ravel(), rtol=2e-5)


def test_windows_of_many_elements_are_averaged_in_two_steps(tmp_path):
    text = """(float[1,3,240,320] x) => (float[1,3,2,2] y) {
        y = AveragePool<kernel_shape = [120,160], strides = [120,160]>(x)
    }"""
    assert built(parsed(text), tmp_path).ops["AVERAGE_POOL_2D"] == 2


def test_few_elements_are_summed_in_one_go(tmp_path):
    file = check(
        parsed("(float[1,3,56,56] x) => (float[1,3,1,1] y) { y = GlobalAveragePool(x) }"), tmp_path
    )
    assert file.ops["MEAN"] == 1


def parity(*, max_relative=5e-3, **known):
    base = {"hop": "a → b", "output": "y", "max_relative": max_relative, "rms_relative": 1e-3}
    return Parity(**base, spread=1.0, tolerance=TOLERANCE, **known)


@pytest.mark.parametrize(
    ("exact", "rounding", "passed"),
    [
        pytest.param(None, None, False, id="not-asked"),
        pytest.param(5e-5, None, True, id="agrees-with-double-precision"),
        pytest.param(2e-3, None, False, id="off-and-rounding-not-known"),
        pytest.param(2e-3, 1e-7, False, id="off-without-rounding"),
        pytest.param(2e-3, 2e-3 / ROUNDINGS, True, id="as-far-as-rounding-goes"),
        pytest.param(2e-3, 1e-3 / ROUNDINGS, False, id="further"),
        pytest.param(2 * LARGEST_ROUNDING, 1.0, False, id="too-far-to-mean-anything"),
    ],
)
def test_double_precision_judges(exact, rounding, passed):
    found = parity(exact=exact, rounding=rounding)
    assert found.passed is passed
    assert bool(told([found])) is passed


@pytest.mark.parametrize(
    ("apart", "rounding", "passed"),
    [
        pytest.param(9e-4, 1.0, True, id="nearer-than-rounding-goes"),
        pytest.param(9e-4, 8e-4, False, id="further-than-it-goes"),
        pytest.param(2e-3, 1.0, False, id="not-near"),
    ],
)
def test_forms_agree_that_rounding_takes_far_alike(apart, rounding, passed):
    found = parity(max_relative=apart, exact=2 * LARGEST_ROUNDING, rounding=rounding)
    assert found.passed is passed


def test_nan_is_no_rounding():
    assert not parity(exact=0.0, rounding=1.0, nan=1).passed


def test_right_steps_excuse_any_distance():
    found = parity(exact=0.5, rounding=0.2, step=1e-6)
    assert found.passed
    (warning,) = told([found])
    assert "turns one rounding (6e-08) into 0.2" in warning
    assert "each of its steps by itself is at most 1e-06 off" in warning


def test_what_is_within_tolerance_needs_no_judge():
    near = compare("a → b", "y", [np.ones(3)], [np.ones(3)], TOLERANCE)
    answers = [[np.ones(3)]]
    assert judged([near], answers, answers, lambda _: None) == (near,)


EXACT = np.array([[1.0, 1, 1, 1], [2, 2, 2, 2]])


def after(single, found):
    """The parity of two samples of four values, 1 and 2 in double precision, off by so much."""
    runs, answers = (EXACT + 2 * np.array(off) for off in (single, found))
    (far,) = judged(
        [parity()],
        [[each] for each in EXACT],
        [[each] for each in answers],
        lambda number: Rounded([EXACT[number]], lambda: [[runs[number]]]),
    )
    return far


@pytest.mark.parametrize(
    ("single", "found", "passed"),
    [
        pytest.param([[1e-3] * 4] * 2, [[5e-3] * 4] * 2, True, id="as-far-everywhere"),
        pytest.param([[1e-3] * 4, [0] * 4], [[5e-3] * 4, [9e-5] * 4], True, id="one-sample"),
        pytest.param([[1e-3] * 4, [0] * 4], [[0] * 4, [5e-3] * 4], False, id="another-sample"),
        pytest.param([[1e-3, 0, 0, 0]] * 2, [[5e-3, 0, 0, 0]] * 2, True, id="one-element"),
        pytest.param([[1e-3, 0, 0, 0]] * 2, [[5e-3] * 4] * 2, False, id="all-but-one-element"),
    ],
)
def test_rounding_excuses_only_what_it_explains(single, found, passed):
    far = after(single, found)
    assert far.passed is passed
    assert far.exact == pytest.approx(5e-3)


def test_what_agrees_with_double_precision_asks_for_no_run_that_rounding_moves():
    def unasked():
        raise AssertionError("five runs too many")

    near = EXACT + TOLERANCE / 2
    (found,) = judged(
        [parity()],
        [[each + 1] for each in EXACT],
        [[each] for each in near],
        lambda number: Rounded([EXACT[number]], unasked),
    )
    assert found.passed
    assert found.rounding is None
    (told_of,) = told([found])
    assert "which is rounding: the later form is 1.7e-05 off what the network gives" in told_of


def test_an_overflow_is_no_rounding():
    assert not after([[np.inf, 0, 0, 0]] * 2, [[0, 0, 0, np.inf]] * 2).passed


@pytest.mark.parametrize(
    ("found", "ties"),
    [
        pytest.param([1, 0, 0, 1], 1, id="as-a-run-does"),
        pytest.param([1, 1, 0, 1], None, id="as-none-does"),
    ],
)
def test_a_decision_is_judged_by_whether_rounding_takes_it(found, ties):
    """The third of four decisions is near; of three runs one takes it in another way."""
    exact = np.array([1.0, 0, 1, 1])
    runs = [np.array([1.0, 0, third, 1]) for third in (1, 0, 1)]
    answer = np.array(found, float)
    (far,) = judged(
        [parity()],
        [[exact]],
        [[answer]],
        lambda _: Rounded([exact], lambda: [[run] for run in runs]),
    )
    assert far.passed is (ties is not None)
    assert far.ties == 1
    assert bool([line for line in told([far]) if "1 elements are decided otherwise" in line]) is (
        far.passed
    )


# The mean of numbers near 1000 less 1000: of seven digits four are gone.
CANCELLING = """(float[1,64,37] x) => (float[1,64,1] y)
    <float[1] level = {1000.0}, int64[1] axes = {2}> {
    mean = ReduceMean(x, axes)
    [less] y = Sub(mean, level)
}"""


def near_1000():
    rng = np.random.default_rng(0)
    return (1000 + rng.normal(size=(3, 1, 64, 37))).astype(np.float32)


def test_rounding_that_the_model_amplifies_passes_and_is_told(tmp_path):
    report = to_tflite(
        saved(tmp_path, CANCELLING), tmp_path / "out", inputs={"x": near_1000()}, tolerance=1e-6
    )
    over = [p for p in report.parity if p.max_relative > p.tolerance]
    assert over
    assert all(p.is_rounding for p in over)
    (warning, *_) = report.warnings
    assert "differ by up to" in warning
    assert "which is rounding" in warning


WRONG_MEAN = """
import tensorflow as tf
from decant.convert import Value, op

@op("ReduceMean")
def slightly_off(x, axes=None, *, keepdims, noop_with_empty_axes):
    return Value.laid_out(tf.reduce_mean(x.plain(), 2, True) * (1 + 3e-5))
"""


def test_the_error_of_a_mean_is_not_put_on_the_subtraction_after_it(tmp_path):
    operators = tmp_path / "wrong.py"
    operators.write_text(WRONG_MEAN)
    with pytest.raises(ParityError) as caught:
        to_tflite(
            saved(tmp_path, CANCELLING),
            tmp_path / "out",
            inputs={"x": near_1000()},
            operators=[operators],
        )
    message = str(caught.value)
    # 3e-5 of 1000 is 3 % of what the subtraction leaves, and far above what rounding does.
    assert "onnx → saved_model: 1 of 1 outputs differ" in message
    assert "The first op that differs is mean: ReduceMean" in message
    assert "which makes mean (relative error 3e-05 on the same inputs, " in message
    assert "less: Sub" not in message


class Mean(nn.Module):
    def forward(self, x):
        found = x.mean(-1, keepdim=True)
        return found * (1 + 3e-5) if torch.compiler.is_exporting() else found


class Less(nn.Module):
    def forward(self, x):
        return x - 100.0


def test_the_error_of_a_module_is_not_put_on_the_one_after_it(tmp_path):
    network = nn.Sequential(nn.Identity(), Mean(), Less()).eval()
    x = near_1000()[0] - 900
    with pytest.raises(ParityError) as caught:
        compared(network, {"input": x}, tmp_path)
    message = str(caught.value)
    assert "first module whose result differs is 1 (Mean), which differs by 3e-05" in message


FUNCTION = """<ir_version: 10, opset_import: ["": 20, "own": 1]>
    g (float[2,3,4] x) => (float[2,3,4] y) {{ y = own.f(x) }}
    <domain: "own", opset_import: ["": {}]> f (a) => (b) {{ c = {}(a) b = Add(c, a) }}"""


def of_function(folder, opset, op):
    path = folder / "net.onnx"
    onnx.save(onnx.parser.parse_model(FUNCTION.format(opset, op)), path)
    return path


def test_a_function_of_an_older_opset_is_computed_in_double_precision(tmp_path):
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    found = of_onnx(of_function(tmp_path, 18, "Relu"), {"x": x})
    np.testing.assert_array_equal(found.exact[0], np.maximum(x, 0) + x.astype(np.float64))


def test_a_function_whose_operator_has_changed_since_is_not(tmp_path):
    """Softmax joined all axes from the second on, once."""
    with pytest.raises(
        UnsupportedOp, match="Softmax of opset 12 is inside a function, and another"
    ):
        inlined(of_function(tmp_path, 12, "Softmax"))
