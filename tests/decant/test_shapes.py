"""Sizes that are asked for fit the model, and go wherever it uses the same name."""

import pytest

from decant.errors import UsageError
from decant.shapes import fixed, options_of, parse_shapes, parse_signatures

STATED = {"image": ["n", 3, "h", "w"], "mask": ["n", "h", None], "scale": [2]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("image=1,3,480,640", {"image": (1, 3, 480, 640)}),
        ("a=b:0=?,-1, 7", {"a=b:0": (None, None, 7)}),
    ],
)
def test_an_option_is_read_from_its_end(text, found):
    assert parse_shapes([text]) == found


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["1,3,480,640"], r"--shape 1,3,480,640: names no input; write NAME=SIZES"),
        (
            ["x=1", "x=2"],
            r"--shape x=2: x is given twice; leave one out, .* --signature NAME:x=2$",
        ),
        (["x=1,3,0"], r"'0' is no size of 1 or more; write NAME=SIZES"),
        (["x="], r"'' is no size"),
        (["x=1x3x480"], r"'1x3x480' is no size"),
        (["x=1,³"], r"'³' is no size"),
        (["x=1,2.0"], r"'2\.0' is no size"),
    ],
)
def test_an_option_of_another_form_is_refused(texts, message):
    with pytest.raises(UsageError, match=message):
        parse_shapes(texts)


def test_signatures_are_read_up_to_the_first_colon():
    assert parse_signatures(["small:a:0=1,?", "large:a:0=2,3", "small:b=7"]) == {
        "small": {"a:0": (1, None), "b": (7,)},
        "large": {"a:0": (2, 3)},
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["x=1"], r"--signature x=1: names no signature and input; write SIGNATURE:NAME=SIZES"),
        (["a:1,2"], r"--signature a:1,2: names no signature and input"),
        ([":x=1"], r"--signature :x=1: names no signature and input"),
        (["x=1:2"], r"--signature x=1:2: names no signature and input"),
        (["a:x=0"], r"--signature a:x=0: '0' is no size of 1 or more"),
        (["a:x=1", "a:x=2"], r"--signature a:x=2: x of a is given twice; leave one out, or give"),
    ],
)
def test_a_signature_of_another_form_is_refused(texts, message):
    with pytest.raises(UsageError, match=message):
        parse_signatures(texts)


def test_what_is_written_is_read_again():
    shapes = {"image": (None, 3, 480, 640), "a b": (7,)}
    options = options_of(shapes)
    assert options == "--shape 'image=?,3,480,640' --shape 'a b=7'"


def test_sizes_of_one_name_are_fixed_together():
    assert fixed({"image": [1, 3, "?", 640]}, STATED) == {
        "image": (1, 3, None, 640),
        "mask": (1, None, None),
    }


def test_only_inputs_that_change_are_told():
    assert fixed({"image": [None, 3, -1, "-1"], "scale": [2]}, STATED) == {}
    assert fixed({}, STATED) == {}


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"photo": [1]}, r"--shape photo=1: no input is called photo; give one of image, mask"),
        ({"scale": [3]}, r"--shape scale=3: the model's scale is \[2\]; give as many sizes"),
        ({"mask": [1, 5]}, r"the model's mask is \[\?, \?, \?\]; give as many sizes"),
        (
            {"image": [1, 3, 4, 5], "mask": [2, 4, 5]},
            r"--shape mask=2,4,5: the model's size n cannot be both 1 and 2; give one",
        ),
    ],
)
def test_what_does_not_fit_is_refused(shapes, message):
    with pytest.raises(UsageError, match=message):
        fixed(shapes, STATED)
