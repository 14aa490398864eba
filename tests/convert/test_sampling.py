"""Maps read at computed places against ONNX Runtime, through LiteRT."""

import onnx_ir as ir
import pytest
from emitted import check, check_free, emit, parsed

from decant.errors import UnsupportedOp
from decant.graph.load import prepare

MODES = ["nearest", "linear", "cubic"]


def grid_sample_of(shape, grid, results, **attributes):
    given = ", ".join(
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
        for name, value in attributes.items()
    )
    return parsed(f"""(float[{shape}] x, float[{grid}] g) => (float[{results}] y)
     {{ y = GridSample<{given}>(x, g) }}""")


@pytest.mark.parametrize("align", [0, 1], ids=["cells", "corners"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", MODES)
def test_an_image_is_read_at_places(mode, padding, align, tmp_path):
    how = {"mode": mode, "padding_mode": padding, "align_corners": align}
    check(grid_sample_of("2,3,6,7", "2,4,5,2", "2,3,4,5", **how), tmp_path)


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_a_volume_is_read_at_places(mode, padding, tmp_path):
    how = {"mode": mode, "padding_mode": padding}
    check(grid_sample_of("2,3,4,6,7", "2,3,4,5,3", "2,3,3,4,5", **how), tmp_path)


@pytest.mark.parametrize("mode", MODES)
def test_a_grid_of_free_size(mode, tmp_path):
    proto = grid_sample_of("1,3,6,7", "1,h,w,2", "1,3,h,w", mode=mode)
    shapes = [{"x": (1, 3, 6, 7), "g": (1, h, w, 2)} for h, w in ((4, 5), (2, 9))]
    check_free(proto, tmp_path, shapes)


def test_a_grid_of_an_unstated_number_of_coordinates(tmp_path):
    proto = grid_sample_of("1,3,6,7", "1,h,5,r", "1,3,h,5", mode="nearest")
    check_free(proto, tmp_path, [{"x": (1, 3, 6, 7), "g": (1, 4, 5, 2)}])


def test_a_grid_of_coordinates_that_lie_apart_stays_so(tmp_path):
    """As points times theirs: nothing is interleaved only to be taken apart again."""
    text = """(float[1,3,6,7] x, float[1,7,2] t) => (float[1,3,4,5] y)
     <int64[4] size = {1, 4, 5, 2}> {
        moved = MatMul(points, t)
        g = Reshape(moved, size)
        y = GridSample(x, g)
     }"""
    file = check(parsed(text, {"points": (20, 7)}), tmp_path)
    assert file.ops["TRANSPOSE"] == 1  # of what is multiplied: 14 numbers
    assert file.ops["STRIDED_SLICE"] == 0


@pytest.mark.parametrize("align", [0, 1], ids=["cells", "corners"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_images_of_free_size(padding, align, tmp_path):
    how = {"mode": "linear", "padding_mode": padding, "align_corners": align}
    proto = grid_sample_of("n,3,h,w", "n,4,5,2", "n,3,4,5", **how)
    shapes = [{"x": (n, 3, h, w), "g": (n, 4, 5, 2)} for n, h, w in ((1, 4, 5), (2, 9, 1))]
    check_free(proto, tmp_path, shapes)


def test_images_of_unknown_channels_are_refused():
    why = r"GridSample .*the number of channels is not known; fix the free sizes, as with"
    proto = grid_sample_of("1,c,6,7", "1,4,5,2", "1,3,4,5", mode="nearest")
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(proto)))


@pytest.mark.parametrize("align", [0, 1], ids=["cells", "corners"])
@pytest.mark.parametrize(("sizes", "rank"), [("2, 3, 5, 4", 2), ("2, 3, 5, 4, 6", 3)])
def test_a_moved_grid(sizes, rank, align, tmp_path):
    text = f"""(float[2,{rank},{rank + 1}] t) => (float[{",".join("abcde"[: rank + 2])}] y)
     <int64[{rank + 2}] size = {{{sizes}}}>
     {{ y = AffineGrid<align_corners = {align}>(t, size) }}"""
    check(parsed(text), tmp_path)


DEFORMED = [
    pytest.param("group = 1, offset_group = 1", 4, 1, id="plain"),
    pytest.param("group = 2, offset_group = 2, dilations = [2,1]", 2, 2, id="groups"),
    pytest.param("group = 4, offset_group = 1, strides = [2,1]", 1, 1, id="depthwise"),
    pytest.param("group = 1, offset_group = 4, pads = [2,0,1,1]", 4, 4, id="offset-per-channel"),
]


@pytest.mark.parametrize("masked", [False, True], ids=["bare", "masked"])
@pytest.mark.parametrize(("settings", "inputs", "groups"), DEFORMED)
def test_a_deformable_convolution(settings, inputs, groups, masked, tmp_path):
    rows, columns = 3, 2
    taps = groups * rows * columns
    size = [(9 - rows) + 1, (8 - columns) + 1]
    if "dilations" in settings:
        size[0] -= rows - 1
    if "strides" in settings:
        size[0] = (size[0] + 1) // 2
    if "pads" in settings:
        size = [size[0] + 3, size[1] + 1]
    h, w = size
    text = f"""(float[2,4,9,8] x, float[2,{2 * taps},{h},{w}] o, float[2,{taps},{h},{w}] m)
     => (float[2,8,{h},{w}] y) {{
        z = DeformConv<{settings}>(x, k, o, b{", m" if masked else ""})
        s = ReduceSum<keepdims = 0>(m)
        y = Add(z, s)
    }}"""
    check(parsed(text, {"k": (8, inputs, rows, columns), "b": (8,)}), tmp_path)


def test_a_deformable_convolution_of_free_size_is_refused():
    text = """(float[1,4,h,8] x, float[1,12,7,7] o) => (float[1,6,7,7] y)
     { y = DeformConv(x, k, o) }"""
    why = (
        r"DeformConv .*only images of fixed size are deformed; fix the free sizes, as with --shape"
    )
    with pytest.raises(UnsupportedOp, match=why):
        emit(prepare(ir.from_proto(parsed(text, {"k": (6, 4, 3, 2)}))))


@pytest.mark.parametrize("align", [0, 1], ids=["cells", "corners"])
def test_a_moved_grid_of_the_size_of_an_image(align, tmp_path):
    text = f"""(float[1,2,3] t, float[1,3,h,w] x) => (float[a,b,c,d] y) {{
        size = Shape(x)
        y = AffineGrid<align_corners = {align}>(t, size)
    }}"""
    shapes = [{"t": (1, 2, 3), "x": (1, 3, h, w)} for h, w in ((4, 5), (2, 3))]
    check_free(parsed(text), tmp_path, shapes)
