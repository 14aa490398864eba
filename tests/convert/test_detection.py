"""Suppressed boxes and cut regions against ONNX Runtime, through LiteRT."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from emitted import built, emit, run_resized

from decant.errors import UnsupportedOp
from decant.graph.load import prepare
from decant.onnx_runtime import OnnxRuntime


def parsed(text):
    return onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["": 18]> g {text}')


ROUNDING = 1e-6
"""Of values around one."""


def check(proto, folder, rounding=ROUNDING, **feeds):
    """Compare every output exactly, or to single precision where it is no integer."""
    file = built(proto, folder, input_layout="keep", output_layout="keep")
    expected = OnnxRuntime(proto.SerializeToString()).run(feeds)
    results = run_resized(file, feeds)
    for name, wanted in expected.items():
        assert results[name].shape == wanted.shape
        np.testing.assert_allclose(results[name], wanted, rtol=1e-5, atol=rounding)
    return file


def boxes_of(images, count, center=False):
    rng = np.random.default_rng(0)
    corner, size = rng.uniform(0, 50, (images, count, 2)), rng.uniform(5, 25, (images, count, 2))
    second = size if center else corner + size
    return np.concatenate([corner, second], -1).astype(np.float32)


def scores_of(*shape):
    return np.random.default_rng(1).uniform(0, 1, shape).astype(np.float32)


@pytest.mark.parametrize("center", [False, True], ids=["corners", "centres"])
def test_boxes_of_several_images_and_classes(center, tmp_path):
    text = f"""(float[2,30,4] b, float[2,3,30] s) => (int64[n,3] y)
     <int64[1] most = {{5}}, float[1] overlap = {{0.4}}, float[1] least = {{0.2}}>
     {{ y = NonMaxSuppression<center_point_box = {int(center)}>(b, s, most, overlap, least) }}"""
    feeds = {"b": boxes_of(2, 30, center), "s": scores_of(2, 3, 30)}
    ops = check(parsed(text), tmp_path, **feeds).ops
    assert ops["NON_MAX_SUPPRESSION_V4"] == 6


def test_boxes_kept_without_thresholds_do_not_touch(tmp_path):
    text = """(float[1,30,4] b, float[1,1,30] s) => (int64[n,3] y) <int64 most = {30}>
     { y = NonMaxSuppression(b, s, most) }"""
    check(parsed(text), tmp_path, b=boxes_of(1, 30), s=scores_of(1, 1, 30))


def test_no_box_is_kept_where_none_is_asked_for():
    text = "(float[1,30,4] b, float[1,1,30] s) => (int64[n,3] y) { y = NonMaxSuppression(b, s) }"
    emission = emit(prepare(ir.from_proto(parsed(text))))
    assert emission.outputs[0].shape == (0, 3)


@pytest.mark.parametrize("low", [0.3, 2.0], ids=["some", "none"])
def test_a_head_that_gathers_the_boxes_it_kept(low, tmp_path):
    text = f"""(float[1,20,4] b, float[1,2,20] s) => (float[n,4] y)
     <int64[1] most = {{6}}, float[1] overlap = {{0.5}}, float[1] least = {{{low}}},
      int64 last = {{2}}, int64[1] first = {{0}}> {{
        kept = NonMaxSuppression(b, s, most, overlap, least)
        places = Gather<axis = 1>(kept, last)
        rows = Squeeze(b, first)
        y = Gather<axis = 0>(rows, places)
    }}"""
    check(parsed(text), tmp_path, b=boxes_of(1, 20), s=scores_of(1, 2, 20))


@pytest.mark.parametrize("count", [12, 4], ids=["more", "fewer"])
def test_a_free_number_of_boxes_and_limits_that_are_inputs(count, tmp_path):
    text = """(float[1,n,4] b, float[1,2,n] s, int64[1] most, float[1] overlap, float[1] least)
     => (int64[m,3] y) { y = NonMaxSuppression(b, s, most, overlap, least) }"""
    feeds = {"b": boxes_of(1, count), "s": scores_of(1, 2, count)}
    limits = {"most": np.array([5]), "overlap": np.float32([0.3]), "least": np.float32([0.2])}
    check(parsed(text), tmp_path, **feeds, **limits)


def test_a_free_number_of_classes_is_refused():
    text = """(float[1,8,4] b, float[1,n,8] s) => (int64[m,3] y) <int64 most = {3}>
     { y = NonMaxSuppression(b, s, most) }"""
    with pytest.raises(UnsupportedOp, match=r"NonMaxSuppression .*classes is a free size; fix"):
        emit(prepare(ir.from_proto(parsed(text))))


def rois_of(count):
    rng = np.random.default_rng(2)
    corner = rng.uniform(-3, 20, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(0.2, 15, (count, 2))], -1).astype("f")


@pytest.mark.parametrize("transformation", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("mode", ["avg", "max"])
def test_regions_of_several_maps(mode, transformation, tmp_path):
    text = f"""(float[2,3,9,11] x, float[5,4] r, int64[5] i) => (float[5,3,3,2] y)
     {{ y = RoiAlign<mode = "{mode}", output_height = 3, output_width = 2, sampling_ratio = 2,
       spatial_scale = 0.5, coordinate_transformation_mode = "{transformation}">(x, r, i) }}"""
    x = np.random.default_rng(0).standard_normal((2, 3, 9, 11)).astype(np.float32)
    check(parsed(text), tmp_path, x=x, r=rois_of(5), i=np.array([0, 1, 1, 0, 1]))


def test_regions_of_the_first_version_begin_at_corners_of_pixels(tmp_path):
    text = """(float[1,2,9,11] x, float[4,4] r, int64[4] i) => (float[4,2,2,3] y)
     { y = RoiAlign<output_height = 2, output_width = 3, sampling_ratio = 1>(x, r, i) }"""
    proto = parsed(text)
    proto.opset_import[0].version = 12
    x = np.random.default_rng(0).standard_normal((1, 2, 9, 11)).astype(np.float32)
    check(proto, tmp_path, x=x, r=rois_of(4) / 2, i=np.zeros(4, np.int64))


DENSE = "output_height = 7, output_width = 5, spatial_scale = 0.5"


@pytest.mark.parametrize("transformation", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("images", ["1", "2"])
def test_regions_with_as_many_samples_as_they_are_large(images, transformation, tmp_path):
    text = f"""(float[{images},2,h,w] x, float[40,4] r, int64[40] i) => (float[40,2,7,5] y)
     {{ y = RoiAlign<{DENSE}, coordinate_transformation_mode = "{transformation}">(x, r, i) }}"""
    rng = np.random.default_rng(3)
    corner = rng.integers(0, 12, (40, 2))
    # Whole sizes: of those that 7 and 5 divide, the number of samples is what a division rounds to.
    rois = np.concatenate([corner, corner + rng.integers(0, 45, (40, 2))], -1).astype(np.float32)
    x = rng.standard_normal((int(images), 2, 29, 30)).astype(np.float32)
    # Weights are differences of places up to 30, which lie 2e-6 apart; a sample too many is 1e-2.
    check(parsed(text), tmp_path, 4e-6, x=x, r=rois, i=rng.integers(0, int(images), 40))


def test_the_largest_of_as_many_samples_as_a_region_is_large_is_refused():
    text = """(float[1,2,9,11] x, float[4,4] r, int64[4] i) => (float[4,2,2,3] y)
     { y = RoiAlign<mode = "max", output_height = 2, output_width = 3>(x, r, i) }"""
    why = r"RoiAlign .*sampling_ratio = 0\): .*differ from region to region; set sampling_ratio"
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(parsed(text))))
