"""Arrays that stay on disk give the same runs as those in memory."""

import pickle

import numpy as np
import pytest

from decant.errors import DataError
from decant.inputs import cut_runs, load_arrays, open_arrays
from decant.inputs.stored import RowsFile, StoredArray, TemporaryFolder
from decant.tensors import TensorInfo

IMAGE = TensorInfo(name="image", shape=(1, 3, 5, 7), dtype="float32", layout="keep")
PAIRS = TensorInfo(name="pairs", shape=(2, 4), dtype="float32", layout="keep")


@pytest.fixture
def arrays():
    random = np.random.default_rng(0)
    return {
        "image": random.normal(size=(6, 3, 5, 7)).astype(np.float32),
        "pairs": random.normal(size=(12, 4)),
    }


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "compressed"])
def test_an_npz_is_read_row_by_row(tmp_path, arrays, save):
    save(tmp_path / "x.npz", **arrays)
    opened = open_arrays(tmp_path / "x.npz")
    assert all(isinstance(each, StoredArray) for each in opened.values())
    for name, array in load_arrays(tmp_path / "x.npz").items():
        assert (opened[name].shape, opened[name].dtype, opened[name].ndim) == (
            array.shape,
            array.dtype,
            array.ndim,
        )
        np.testing.assert_array_equal(opened[name][2:5], array[2:5])
        np.testing.assert_array_equal(opened[name][-1:], array[-1:])
        np.testing.assert_array_equal(opened[name][:], array)
    expected, found = cut_runs(arrays, [IMAGE, PAIRS]), cut_runs(opened, [IMAGE, PAIRS])
    assert len(found) == len(expected) == 6
    for one, other in zip(expected, found, strict=True):
        assert one["pairs"].shape == (2, 4)
        for name, value in one.items():
            assert value.dtype == other[name].dtype == np.float32
            np.testing.assert_array_equal(value, other[name])


def test_what_is_not_in_rows_is_read_whole(tmp_path):
    fortran = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    np.savez(tmp_path / "x.npz", fortran=fortran, scalar=np.float32(3))
    opened = open_arrays(tmp_path / "x.npz")
    np.testing.assert_array_equal(opened["fortran"], fortran)
    assert opened["scalar"] == 3


@pytest.mark.parametrize("in_memory", [True, False], ids=["memory", "disk"])
def test_runs_go_to_another_process_without_the_others(tmp_path, arrays, in_memory):
    arrays = {name: np.repeat(array, 500, axis=0) for name, array in arrays.items()}
    np.savez(tmp_path / "x.npz", **arrays)
    given = arrays if in_memory else open_arrays(tmp_path / "x.npz")
    chosen = cut_runs(given, [IMAGE, PAIRS])[7:9]
    sent = pickle.dumps(chosen)
    assert len(sent) < 4000
    there = pickle.loads(sent)
    assert len(there) == 2
    for one, other in zip(chosen, there, strict=True):
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name])


def test_a_compressed_array_leaves_nothing_behind(tmp_path, arrays):
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    opened = open_arrays(tmp_path / "x.npz")
    paths = [each.path for each in opened.values()]
    assert all(path.exists() for path in paths)
    del opened
    assert not any(path.exists() for path in paths)


def test_a_file_that_changes_while_it_is_read_is_named(tmp_path, arrays):
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    opened = open_arrays(path)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(DataError, match=r"x\.npz: has become shorter while it was read"):
        opened["image"][:]
    path.unlink()
    with pytest.raises(DataError, match=r"x\.npz: cannot be read any more"):
        opened["image"][0]


@pytest.mark.parametrize("content", ["text", "truncated", "objects"])
def test_a_bad_npz_is_named(tmp_path, arrays, content):
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    if content == "text":
        path.write_text("image 1 2 3")
    elif content == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    else:
        np.savez(path, image=np.array([{}], object))
    with pytest.raises(DataError, match=r"x\.npz.*save it with numpy\.savez"):
        open_arrays(path)


def test_rows_are_written_one_by_one(arrays):
    with RowsFile(TemporaryFolder(), "image") as rows:
        for row in arrays["image"]:
            rows.append(row)
    np.testing.assert_array_equal(rows.stored()[:], arrays["image"])


def test_rows_of_another_shape_are_refused():
    with RowsFile(TemporaryFolder(), "image") as rows:
        rows.append(np.zeros((3, 4), np.float32))
        with pytest.raises(DataError, match=r"sample 1 is float32 \[3, 5\], the first float32"):
            rows.append(np.zeros((3, 5), np.float32))


def test_no_rows_are_no_array():
    with RowsFile(TemporaryFolder(), "image") as rows:
        pass
    with pytest.raises(DataError, match="there is no sample; give at least one"):
        rows.stored()


def test_a_damaged_npz_is_refused(tmp_path, arrays):
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(DataError, match=r"x\.npz: cannot be read as input arrays \(Bad CRC-32"):
        open_arrays(path)
