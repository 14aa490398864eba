"""Arrays for a model's inputs are read, checked and cut into runs."""

import re
import zipfile

import numpy as np
import pytest

from decant.errors import DataError
from decant.inputs import cut_runs, load_arrays, wanted_samples
from decant.tensors import TensorInfo

IMAGE = TensorInfo(name="image", shape=(1, 5, 7, 3), dtype="float32", layout="nhwc")
PIXELS = IMAGE.model_copy(update={"dtype": "uint8"})
PAIRS = TensorInfo(name="pairs", shape=(2, 4), dtype="float32")
FREE = TensorInfo(name="text", shape=(1, None), dtype="int32")


def ones(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(
    ("info", "shape", "count", "run_shape"),
    [
        (IMAGE, (6, 3, 5, 7), 6, (1, 3, 5, 7)),
        (IMAGE, (6, 1, 3, 5, 7), 6, (1, 3, 5, 7)),
        (PAIRS, (6, 4), 3, (2, 4)),
        (PAIRS, (6, 2, 4), 6, (2, 4)),
        (FREE, (6, 9), 6, (1, 9)),
    ],
    ids=["batch-is-samples", "own-batch", "batch-of-two", "whole-batches", "free-size"],
)
def test_samples_are_cut_along_the_first_axis(info, shape, count, run_shape):
    samples = cut_runs({info.name: ones(*shape)}, [info])
    assert len(samples) == count
    assert all(sample[info.name].shape == run_shape for sample in samples)


def broken(value):
    array = ones(4, 3, 5, 7)
    array[2, 1, 0, 6] = value
    return array


@pytest.mark.parametrize(
    ("arrays", "inputs", "message"),
    [
        ({"picture": ones(4, 3, 5, 7)}, [IMAGE], r"holds 'picture'.*inputs are 'image'"),
        ({}, [IMAGE], r"holds nothing.*inputs are 'image'"),
        (
            {"image": ones(4, 5, 7, 3)},
            [IMAGE],
            r"'image' has shape \[4, 5, 7, 3\], but the model takes \[1, 3, 5, 7\] in ONNX axis"
            r" order; give np\.transpose\(image, \(0, 3, 1, 2\)\)$",
        ),
        ({"image": ones(4, 1, 5, 7, 3)}, [IMAGE], r"np\.transpose\(image, \(0, 1, 4, 2, 3\)\)$"),
        ({"image": ones(5, 7)}, [IMAGE], r"; stack samples of that shape along the first axis$"),
        ({"image": ones(5, 7)}, [IMAGE], r"'image' has shape \[5, 7\]"),
        ({"pairs": ones(5, 4)}, [PAIRS], r"'pairs' has shape \[5, 4\].*\[2, 4\] in .*; stack"),
        ({"image": ones(0, 3, 5, 7)}, [IMAGE], r"'image' is empty \(shape \[0, 3, 5, 7\]\)"),
        (
            {"image": broken(np.nan)},
            [IMAGE],
            r"'image' holds 1 values.*\(nan\) in sample 2 at index \[2, 1, 0, 6\]; leave such",
        ),
        ({"image": broken(np.inf)}, [IMAGE], r"NaN or infinite"),
        ({"image": broken(0.5)}, [PIXELS], r"cannot hold \(in sample 2 first\); give raw values"),
        ({"image": broken(256)}, [PIXELS], r"that uint8 cannot hold"),
        ({"image": ones(4, 3, 5, 7).astype(str)}, [IMAGE], r"'image' has element type <U"),
        (
            {"image": ones(4, 3, 5, 7), "pairs": ones(6, 4)},
            [IMAGE, PAIRS],
            r"unequal numbers of samples \(\{'image': 4, 'pairs': 3\}\)",
        ),
    ],
    ids=[
        "name", "none", "layout", "layout-of-batches", "no-batch", "rank", "batch", "empty", "nan",
        "infinity", "normalised", "too-large", "text", "counts",
    ],
)  # fmt: skip
def test_bad_data_is_named(arrays, inputs, message):
    with pytest.raises(DataError, match=message):
        cut_runs(arrays, inputs)


def test_npz_files_are_read(tmp_path):
    np.savez(tmp_path / "x.npz", image=ones(2, 3))
    assert load_arrays(tmp_path / "x.npz")["image"].shape == (2, 3)


@pytest.mark.parametrize("content", ["text", "truncated", "bare", "objects"])
def test_a_bad_npz_is_named(tmp_path, content):
    path = tmp_path / "x.npz"
    np.savez(path, image=ones(2, 3), other=ones(400))
    if content == "text":
        path.write_text("image 1 2 3")
    elif content == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    elif content == "bare":
        with path.open("wb") as file:
            np.save(file, ones(2, 3))
    else:
        np.savez(path, image=np.array([{}], object))
    with pytest.raises(DataError, match=r"x\.npz.*save it with numpy\.savez"):
        load_arrays(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "no such file; correct the path", id="missing"),
        pytest.param(b"", "is empty; make it or copy it again", id="empty"),
        pytest.param(b"<html>", "is a web page .*; download it again", id="page"),
    ],
)
def test_one_advice_is_given_for_what_is_no_npz_at_all(tmp_path, content, message):
    path = tmp_path / "x.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=rf"x\.npz: {message}$"):
        load_arrays(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damage_anywhere_in_an_npz_is_named(tmp_path, save):
    path = tmp_path / "x.npz"
    save(path, image=np.random.default_rng(0).normal(size=8))
    whole = path.read_bytes()
    named = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :])
        try:
            load_arrays(path)
        except DataError:
            named += 1
    assert named > len(whole) / 3


def test_a_damaged_header_is_named(tmp_path):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3"
        size = len(header).to_bytes(2, "little")
        archive.writestr("image.npy", b"\x93NUMPY\x01\x00" + size + header)
    with pytest.raises(DataError, match=r"x\.npz.*save it with numpy\.savez"):
        load_arrays(path)


@pytest.mark.parametrize("shape", [(1, 4, 3), (None, 4, 3), (2, 4, 3), (1,), ()])
def test_samples_asked_for_are_taken(shape):
    """Of the shape that the message asks for, with 6 for the number of samples."""
    info = TensorInfo(name="image", shape=shape, dtype="float32")
    asked = re.search(r"float32 \[samples(.*?)\]", wanted_samples([info]))[1]
    array = np.zeros((6, *map(int, asked.split(",")[1:])), np.float32)
    assert len(cut_runs({"image": array}, [info])) == 6
    assert "?" not in asked
