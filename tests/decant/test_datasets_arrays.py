"""Samples from the arrays of an `.npz` file."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from decant.datasets import check_disjoint, open_dataset
from decant.datasets.arrays import ArraysSource
from decant.errors import DataError, SpecError
from decant.inputs import ArraySection
from decant.tasks.classification import Classification
from decant.tasks.regression import Regression

CLASSES = Classification(("cat", "dog"))
INPUTS = {
    "x": ArraySection(kind="array", shape=(1, 3), name="x"),
    "y": ArraySection(kind="array", shape=(1, 2, 4), name="y"),
}
X, Y = np.arange(15.0).reshape(5, 3), np.arange(40).reshape(5, 2, 4)
NAMES = np.array(["cat", "dog", "dog", "cat", "dog"])


@pytest.fixture
def opened(tmp_path):
    def opened(arrays, task=CLASSES, inputs=INPUTS, name="set.npz", **keys):
        np.savez_compressed(tmp_path / name, **arrays)
        source = ArraysSource(kind="arrays", path=name, **keys)
        return open_dataset(source, task, tmp_path, inputs=inputs)

    return opened


def test_arrays_are_found_by_the_names_of_inputs_and_truth(opened):
    dataset = opened({"x": X, "y": Y, "label": NAMES, "more": 3})
    assert len(dataset) == 5
    assert [sample.truth for sample in dataset] == [0, 1, 1, 0, 1]
    values = dataset[3].load()
    np.testing.assert_array_equal(values["x"], X[3])
    np.testing.assert_array_equal(values["y"], Y[3])


def test_arrays_may_be_named(opened):
    keys = {"input": {"x": "a", "y": "b"}, "truth": {"target": "t"}, "tags": "s"}
    slices = np.array(["old", "", "new", "", ""])
    arrays = {"a": X, "b": Y, "t": np.ones((5, 2)), "s": slices}
    dataset = opened(arrays, Regression(("u", "v")), **keys)
    assert dataset[0].truth.tolist() == [1, 1]
    assert [sample.tags for sample in dataset][:3] == [{"old"}, frozenset(), {"new"}]


def test_the_only_input_and_the_first_field_need_no_table(opened):
    dataset = opened({"a": X, "k": NAMES}, inputs={"x": INPUTS["x"]}, input="a", truth="k")
    assert (dataset[4].load()["x"].tolist(), dataset[4].truth) == ([12, 13, 14], 1)


def test_arrays_stay_on_the_disk(opened):
    dataset = opened({"x": X, "y": Y, "label": NAMES})
    assert all(isinstance(array, np.memmap) for array in dataset.given.values())


def test_equal_samples_are_shared(opened):
    one = opened({"x": X, "y": Y, "label": NAMES}, name="one.npz")
    other = opened({"x": X[4:], "y": Y[4:], "label": NAMES[4:]}, name="other.npz")
    third = opened({"x": X + 1, "y": Y, "label": NAMES}, name="third.npz")
    check_disjoint({"validation": one, "test": third})
    with pytest.raises(DataError, match='share 1 samples, "00004" = "00000"'):
        check_disjoint({"validation": one, "test": other})


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        pytest.param(
            {"x": X, "y": Y[:4], "label": NAMES}, '"x" has 5 samples, but "y" has 4', id="y"
        ),
        pytest.param({"x": X, "y": Y, "label": NAMES[1:]}, '"label" has 4; give both', id="label"),
        pytest.param({"x": X, "label": NAMES}, 'no array "y", only "x", "label"', id="missing"),
        pytest.param({"x": X, "Y": Y, "label": NAMES}, 'no array "y"', id="capital"),
        pytest.param(
            {"x": X, "y": Y, "lable": NAMES}, r'has "x", "y", "lable", but no label', id="truth"
        ),
        pytest.param(
            {"x": X[:0], "y": Y[:0], "label": NAMES[:0]}, '"x" holds no samples', id="empty"
        ),
        pytest.param(
            {"x": X, "y": Y, "label": np.array([{}] * 5)}, '"label" cannot be read', id="objects"
        ),
    ],
)
def test_what_does_not_fit_is_refused(opened, arrays, message):
    with pytest.raises(DataError, match=message):
        opened(arrays)


def test_truth_that_does_not_fit_is_named_with_its_sample(opened):
    with pytest.raises(DataError, match=r'set\.npz, sample 3: the label "cow" is not in task'):
        opened({"x": X, "y": Y, "label": np.array([*NAMES[:3], "cow", "cat"])})


def test_each_label_is_read_once_when_the_set_is_opened(opened):
    class Counting(Classification):
        read: ClassVar[list[str]] = []

        def read_truth(self, fields):
            self.read.append(fields["label"])
            return super().read_truth(fields)

    opened({"x": X, "y": Y, "label": NAMES}, task=Counting(("cat", "dog")))
    assert Counting.read == ["cat", "dog"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"PK", r"not an \.npz file"), ("folder", "is a folder; name a file")],
    ids=["missing", "damaged", "folder"],
)
def test_what_is_no_file_of_arrays_is_refused(tmp_path, content, message):
    if content == "folder":
        (tmp_path / "set.npz").mkdir()
    elif content:
        (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(DataError, match=message):
        open_dataset(ArraysSource(kind="arrays", path="set.npz"), CLASSES, tmp_path, inputs=INPUTS)


def test_an_input_that_the_model_lacks_is_refused(opened):
    with pytest.raises(SpecError, match='the model has no input "z"'):
        opened({"x": X}, input={"x": "x", "z": "x"})


@pytest.mark.parametrize("given", [3, ["a"], {}, {"x": 1}])
def test_what_names_no_array_is_refused(given):
    with pytest.raises(ValidationError, match="must be a name, or a table of names by name"):
        ArraysSource(kind="arrays", path="set.npz", input=given)


@pytest.mark.parametrize("fault", ["encrypted", "compression", "bytes"])
def test_a_damaged_array_is_named(tmp_path, opened, fault):
    opened({"x": X, "y": Y, "label": NAMES})
    path = tmp_path / "set.npz"
    content = bytearray(path.read_bytes())
    entry, body = content.index(b"PK\x01\x02"), content.index(b"x.npy") + len("x.npy") + 30
    if fault == "encrypted":
        content[entry + 8] |= 1
        content[6] |= 1
    elif fault == "compression":
        content[entry + 10] = 99
        content[8] = 99
    else:
        content[body : body + 20] = b"\xff" * 20
    path.write_bytes(content)
    with pytest.raises(DataError, match=r'set\.npz: the array "x" cannot be read'):
        open_dataset(ArraysSource(kind="arrays", path="set.npz"), CLASSES, tmp_path, inputs=INPUTS)
