"""Resizing along axes whose size is known at run time only, at several sizes each."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from emitted import check_free, emit, parsed

from decant.errors import UnsupportedOp
from decant.graph.load import prepare

SIZES = [(1, 3, 6, 8), (1, 3, 5, 7), (1, 3, 9, 3)]

NEAREST = [
    f'mode = "nearest", coordinate_transformation_mode = "{coordinates}", nearest_mode = "{mode}"'
    for coordinates in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
    for mode in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
]
MIXED = [
    'mode = "linear"',
    'mode = "linear", coordinate_transformation_mode = "pytorch_half_pixel"',
    'mode = "linear", coordinate_transformation_mode = "asymmetric"',
    'mode = "linear", coordinate_transformation_mode = "align_corners"',
    'mode = "linear", coordinate_transformation_mode = "half_pixel_symmetric"',
    'mode = "linear", antialias = 1',
    'mode = "cubic", cubic_coeff_a = -0.6',
    'mode = "cubic", coordinate_transformation_mode = "align_corners"',
    'mode = "cubic", exclude_outside = 1',
    'mode = "cubic", antialias = 1',
]


def scaled(scales, *rows, kind="float[1,3,h,w]"):
    """A Resize for each row of attributes, every one with these scales."""
    axes = "abcde"[: len(scales)]
    outputs = [f"float[{','.join(f'{axis}{i}' for axis in axes)}] y{i}" for i in range(len(rows))]
    nodes = [f"y{i} = Resize<{row}>(x, , scales)" for i, row in enumerate(rows)]
    proto = parsed(f"({kind} x) => ({', '.join(outputs)}) {{ {' '.join(nodes)} }}")
    array = onnx.numpy_helper.from_array(np.asarray(scales, np.float32), "scales")
    proto.graph.initializer.append(array)
    return proto


def known(rows, scales):
    """Those of which standard and ONNX Runtime say the same at these scales."""
    whole = all(float(scale).is_integer() for scale in scales)
    return [row for row in rows if whole or "align_corners" not in row]


@pytest.mark.parametrize("scales", [(2, 3), (2, 1.5), (3, 0.5)], ids=str)
def test_nearest(scales, tmp_path):
    proto = scaled((1, 1, *scales), *known(NEAREST, scales))
    check_free(proto, tmp_path, [{"x": shape} for shape in SIZES])


@pytest.mark.parametrize("scales", [(2, 3), (1.5, 0.4)], ids=str)
def test_mixed(scales, tmp_path):
    proto = scaled((1, 1, *scales), *known(MIXED, scales))
    check_free(proto, tmp_path, [{"x": shape} for shape in SIZES])


def test_whole_factors_are_one_op_of_tflites_own(tmp_path):
    file = check_free(scaled((1, 1, 2, 2), MIXED[0]), tmp_path, [{"x": SIZES[0]}])
    assert file.ops["RESIZE_BILINEAR"] == 1
    assert "GATHER" not in file.ops


@pytest.mark.parametrize(
    ("kind", "scales", "shapes"),
    [
        pytest.param("float[1,3,h,9]", (1, 1, 2, 2), [(1, 3, 6, 9), (1, 3, 5, 9)], id="height"),
        pytest.param("float[1,3,h,9]", (1, 1, 1, 1.5), [(1, 3, 6, 9), (1, 3, 5, 9)], id="beside"),
        pytest.param("float[n,3,h,w]", (1, 1, 2, 2), [(2, 3, 6, 9), (3, 3, 5, 7)], id="batch"),
        pytest.param("float[1,3,w]", (1, 1, 2.5), [(1, 3, 6), (1, 3, 11)], id="signal"),
        pytest.param("float[1,2,d,h,w]", (1, 1, 2, 1, 3), [(1, 2, 3, 4, 5)], id="volume"),
    ],
)
def test_axes(kind, scales, shapes, tmp_path):
    proto = scaled(scales, 'mode = "nearest"', 'mode = "linear"', kind=kind)
    check_free(proto, tmp_path, [{"x": shape} for shape in shapes])


TO_ANOTHER = """(float[1,3,h,w] x, float[1,5,k,l] other) => (float[a,b,c,d] y) {{
    first = Shape<start = 0, end = 2>(x)
    last = Shape<start = 2>(other)
    sizes = Concat<axis = 0>(first, last)
    y = Resize<{attributes}>(x, , , sizes)
}}"""


@pytest.mark.parametrize(
    "attributes",
    [
        *MIXED[:2],
        MIXED[3],
        MIXED[6],
        'mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"',
        'mode = "nearest"',
    ],
)
def test_to_the_size_of_another(attributes, tmp_path):
    others = [(1, 5, 12, 17), (1, 5, 5, 7), (1, 5, 4, 1)]
    shapes = [{"x": a, "other": b} for a, b in zip(SIZES, others, strict=True)]
    check_free(parsed(TO_ANOTHER.format(attributes=attributes)), tmp_path, shapes)


def test_by_scales_that_are_computed(tmp_path):
    text = """(float[1,3,h,w] x, float[1,3,k,l] other) => (float[a,b,c,d] y) {
        before = Shape(x)
        after = Shape(other)
        n = Cast<to = 1>(before)
        m = Cast<to = 1>(after)
        scales = Div(m, n)
        y = Resize<mode = "linear">(x, , scales)
    }"""
    shapes = [{"x": (1, 3, 4, 5), "other": (1, 3, 8, 15)}, {"x": (1, 3, 3, 8), "other": SIZES[0]}]
    check_free(parsed(text), tmp_path, shapes)


def test_an_old_upsample(tmp_path):
    text = '(float[1,3,h,w] x) => (float[a,b,c,d] y) { y = Upsample<mode = "nearest">(x, scales) }'
    proto = parsed(text, opset=9)
    array = onnx.numpy_helper.from_array(np.array([1, 1, 2, 3], np.float32), "scales")
    proto.graph.initializer.append(array)
    check_free(proto, tmp_path, [{"x": shape} for shape in SIZES])


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ('coordinate_transformation_mode = "tf_crop_and_resize"', "a region of an axis of free"),
        ("antialias = 1", "how many elements are mixed is known at run time only"),
        ('keep_aspect_ratio_policy = "not_larger"', "the ratio is known at run time only"),
    ],
)
def test_what_needs_fixed_sizes_is_refused(attributes, message):
    text = TO_ANOTHER.format(attributes=f'mode = "linear", {attributes}')
    with pytest.raises(UnsupportedOp, match=message):
        emit(prepare(ir.from_proto(parsed(text))))


def test_corners_are_not_aligned_after_a_broken_scale():
    proto = scaled((1, 1, 1.5, 2), MIXED[3])
    with pytest.raises(UnsupportedOp, match="corners are aligned after a scale that is no whole"):
        emit(prepare(ir.from_proto(proto)))
