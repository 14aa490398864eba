"""Resize in the forms that XNNPACK runs, where they compute the same."""

from collections import Counter

import pytest
from emitted import check, parsed
from tiny_graph import delegate_nodes

NEAREST = (
    'mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric"',
    'mode="nearest"',  # half pixels, halves down
)


def resized(before, scales, attributes):
    """A convolution and a resize; XNNPACK takes them as one node or not."""
    free = [size if isinstance(size, str) else int(size) for size in before]
    after = [n if isinstance(n, str) else int(n * s) for n, s in zip(free, scales, strict=True)]
    text = f"""(float[{",".join(map(str, before))}] x) => (float[{",".join(map(str, after))}] y)
        <float[{len(scales)}] scales = {{{",".join(f"{s:.1f}" for s in scales)}}}> {{
        a = Conv(x, w)
        y = Resize<{attributes}>(a,,scales)
    }}"""
    return parsed(text, {"w": (before[1], before[1], *(1 for _ in before[2:]))})


@pytest.mark.parametrize("attributes", NEAREST, ids=["asymmetric", "half-pixel"])
@pytest.mark.parametrize(
    ("before", "scales", "axes"),
    [
        ((1, 3, 4, 5), (1, 1, 2, 3), 2),
        ((1, 3, 4, 5), (1, 1, 1, 5), 1),
        ((1, 3, 4), (1, 1, 3), 1),
        ((1, 3, 4, 5), (1, 2, 1, 1), 1),
        (("N", 3, 4, 5), (1, 1, 2, 2), 2),
    ],
    ids=["both-axes", "one-axis", "signal", "channels", "free-batch"],
)
def test_whole_factors_repeat_by_concatenation(before, scales, axes, attributes, tmp_path):
    file = check(resized(before, scales, attributes), tmp_path)
    assert file.ops["CONCATENATION"] == axes
    assert "RESIZE_NEAREST_NEIGHBOR" not in file.ops
    assert "GATHER" not in file.ops
    assert delegate_nodes(file.data) == 1


@pytest.mark.parametrize(
    ("scales", "attributes"),
    [
        ((1, 1, 6, 6), NEAREST[0]),
        ((1, 1, 1.5, 2), NEAREST[0]),
        ((1, 1, 3, 3), 'mode="nearest", coordinate_transformation_mode="align_corners"'),
    ],
    ids=["too-many-copies", "broken-factor", "corners"],
)
def test_other_factors_do_not(scales, attributes, tmp_path):
    file = check(resized((1, 3, 4, 5), scales, attributes), tmp_path)
    assert "CONCATENATION" not in file.ops


def test_bilinear_is_tflites_own(tmp_path):
    file = check(resized((1, 3, 4, 5), (1, 1, 2, 2), 'mode="linear"'), tmp_path)
    assert file.ops == Counter({"CONV_2D": 1, "RESIZE_BILINEAR": 1})


def test_sizes_computed_around_a_free_batch_are_inferred(tmp_path):
    text = """(float[N,3,4,5] x) => (float[N,3,6,7] y) {
        count = Shape<start = 0, end = 1>(x)
        rest = Constant<value_ints = [3, 6, 7]>()
        sizes = Concat<axis = 0>(count, rest)
        y = Resize<mode = "linear">(x, , , sizes)
    }"""
    file = check(parsed(text), tmp_path)
    assert file.ops == Counter({"RESIZE_BILINEAR": 1})
    assert file.emission.outputs[0].shape == (None, 6, 7, 3)


@pytest.mark.parametrize("mode", ["half_pixel", "pytorch_half_pixel", "asymmetric"])
@pytest.mark.parametrize(("size", "scale"), [(6, 0.7), (5, 1.2), (9, 1.5)])
@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_the_nearest_element_is_that_of_single_precision(rounding, size, scale, mode, tmp_path):
    attributes = f"""mode="nearest", nearest_mode="{rounding}",
        coordinate_transformation_mode="{mode}\""""
    check(resized((1, 3, size, 4), (1, 1, scale, 1), attributes), tmp_path)
