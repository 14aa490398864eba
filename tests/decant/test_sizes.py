"""Names in a shape stay free, and the sizes to test them with are read or refused."""

import re

import numpy as np
import pytest

from decant.errors import DataError, SpecError
from decant.inputs.sizes import resized
from decant.pipeline.conversion import of_other_sizes
from decant.pipeline.file_tensors import inputs_as
from decant.spec import load_spec
from decant.tensors import TensorInfo

SPEC = """
[model]
name = "net"
factory = "net.py:build"

{inputs}

[task]
kind = "classification"
labels = ["no", "yes"]

[data]
calibration = {{ kind = "folder", path = "a" }}
validation = {{ kind = "folder", path = "b" }}
test = {{ kind = "folder", path = "c" }}
"""
PHOTO = """
[input]
shape = [1, 3, "height", "width"]
mean = [0.5, 0.5, 0.5]
std = [0.25, 0.25, 0.25]

[sizes]
height = [64, 96]
width = [80, 144]
"""
TWO = """
[inputs."left.text"]
kind = "array"
shape = [1, "tokens", 8]

[inputs.right]
kind = "array"
shape = [1, 4, "tokens"]

[sizes]
tokens = [12, 20, 7]
"""


@pytest.fixture
def read(tmp_path):
    def read(inputs):
        (tmp_path / "model.toml").write_text(SPEC.format(inputs=inputs))
        return load_spec(tmp_path)

    return read


def test_the_first_sizes_are_those_of_the_shape(read):
    spec = read(PHOTO)
    assert spec.image.shape == (1, 3, 64, 80)
    assert (spec.image.rule.height, spec.image.rule.width) == (64, 80)
    assert spec.free_sizes == {"image": {2: "height", 3: "width"}}
    assert spec.other_sizes == [{"height": 96, "width": 144}]


def test_two_inputs_share_a_size(read):
    spec = read(TWO)
    assert [each.onnx_shape for each in spec.signature.values()] == [(1, 12, 8), (1, 4, 12)]
    assert spec.free_sizes == {"left.text": {1: "tokens"}, "right": {2: "tokens"}}
    assert spec.other_sizes == [{"tokens": 20}, {"tokens": 7}]


def test_without_names_nothing_is_free(read):
    spec = read(PHOTO.replace('"height", "width"', "64, 80").partition("[sizes]")[0])
    assert (spec.free_sizes, spec.other_sizes) == ({}, [])


def test_samples_are_cut_or_repeated(read):
    spec = read(TWO)
    left, right = np.arange(192).reshape(2, 12, 8), np.arange(96).reshape(2, 4, 12)
    runs = [{"left.text": left[[at]], "right": right[[at]]} for at in range(2)]
    found = resized(runs, spec.free_sizes, {"tokens": 20})
    np.testing.assert_array_equal(found["left.text"], np.concatenate([left, left[:, :8]], 1))
    np.testing.assert_array_equal(found["right"], np.concatenate([right, right[:, :, :8]], 2))
    found = resized(runs, spec.free_sizes, {"tokens": 7})
    np.testing.assert_array_equal(found["right"], right[:, :, :7])


def test_samples_of_another_shape_are_refused_as_such(read):
    spec = read(PHOTO)
    sample = np.zeros((2, 3, 64, 80), np.float32)
    (other,) = of_other_sizes(spec, {"image": sample[:, np.newaxis]})
    assert other["image"].shape == (2, 3, 96, 144)
    for shape in ((64, 80), (2, 3, 0, 80), (2, 64, 80, 3)):
        with pytest.raises(DataError, match=r"takes \[1, 3, \?, \?\]|is empty"):
            of_other_sizes(spec, {"image": np.zeros(shape, np.float32)})


def test_a_name_that_is_no_text_is_refused_as_such(read):
    with pytest.raises(SpecError, match=r"input\.name"):
        read(PHOTO.replace("shape", 'name = ["a"]\nshape', 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[sizes]", "[gate]", r'input.shape has the free size "height"; say with which sizes'),
        ("height = [64, 96]", "", r"such as sizes.height = \[64, 96\]"),
        ("[64, 96]", "[]", "whole numbers from 2 on"),
        ("[64, 96]", "[64, 1]", "whole numbers from 2 on"),
        ("[64, 96]", "[64, 9.5]", "whole numbers from 2 on"),
        ("[64, 96]", "64", "whole numbers from 2 on"),
        ("[64, 96]", "[64]", "sizes: height has 1, width has 2; the first of each go together"),
        ('"height"', "64", 'sizes.height: no shape names it; write "height" for a size'),
        ("[1, 3,", '["batch", 3,', r"samples are taken one at a time; write 1 first"),
        ("[1, 3,", '[1, "width",', 'axis 1 is "width", but only height and width of a photo'),
        ("[64, 96]", "[40000, 96]", "is over a gigabyte"),
    ],
    ids=[
        "no sizes",
        "no size of that name",
        "none",
        "one",
        "not whole",
        "no list",
        "uneven",
        "not named",
        "batch",
        "channels",
        "huge",
    ],
)
def test_what_cannot_be_free_is_refused(read, old, new, message):
    assert old in PHOTO
    inputs = PHOTO.replace(old, new, 1).replace(
        "[40000, 96]\nwidth = [80", "[40000, 96]\nwidth = [8000"
    )
    with pytest.raises(SpecError, match=message):
        read(inputs)


@pytest.mark.parametrize(
    ("given", "shape", "message"),
    [
        ((1, 3, 64, None), '"height", "width"', "fixes height; write 64 in the spec's shape"),
        ((1, 80, 64, 3), '"height", "width"', "fixes height and width; write 80 and 64 in"),
        ((1, 3, None, None), "64, 80", None),
        ((1, 3, None, None), '"height", "width"', None),
        ((1, 3, 64, 80), "64, 80", None),
        ((4, 3, 64, 80), "64, 80", "which the spec's shape = [1, 3, 64, 80] is not"),
        ((1, 3, 64, 64), '"height", 48', "which the spec's shape = [1, 3, ?, 48] is not"),
    ],
)
def test_a_file_has_to_leave_free_what_a_spec_names(read, given, shape, message):
    names = [name for name in ("height", "width") if f'"{name}"' in shape]
    sizes = "\n".join(f"{name} = [64, 96]" for name in names)
    inputs = PHOTO.partition("[sizes]")[0].replace('"height", "width"', shape)
    spec = read(f"{inputs}\n[sizes]\n{sizes}")
    info = TensorInfo(name="image", shape=given, dtype="float32", layout="keep")
    if message is None:
        assert [each.shape for each in inputs_as(spec, [info])] == [given]
        return
    with pytest.raises(SpecError, match=re.escape(message)):
        inputs_as(spec, [info])


def test_a_file_that_says_no_shape_is_refused(read):
    spec = read('[input]\nkind = "array"\nname = "x"\nshape = [1, 6]')
    with pytest.raises(SpecError, match=r"x has no sizes in model.file, .* = \[1, 6\]; export"):
        inputs_as(spec, [TensorInfo(name="x", shape=(), dtype="float32")])


@pytest.mark.parametrize(
    ("dtype", "scale", "refused"),
    [
        ("float32", None, False),
        ("float16", None, False),
        ("int64", None, True),
        ("bool", None, True),
        ("int8", 0.5, False),
    ],
)
def test_whole_numbers_of_a_file_want_their_type_in_the_spec(read, dtype, scale, refused):
    spec = read('[input]\nkind = "array"\nname = "x"\nshape = [1, 6]')
    point = None if scale is None else 0
    info = TensorInfo(name="x", shape=(1, 6), dtype=dtype, scale=scale, zero_point=point)
    if refused:
        message = f'x is {dtype} in model.file, but dtype = "float32" in the spec; write dtype'
        with pytest.raises(SpecError, match=re.escape(message)):
            inputs_as(spec, [info])
    else:
        assert inputs_as(spec, [info]) == (info,)
