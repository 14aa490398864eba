"""Models run over one prepared set and are judged on it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from decant.bench.accuracy import measure_accuracy, prepare_set, torch_predictor, worst_regressions
from decant.contract.images import normalise, resize
from decant.datasets import open_dataset
from decant.datasets.folder import FolderSource
from decant.errors import DataError, SpecError
from decant.inputs import ImageSection
from decant.tasks import make_task
from decant.tasks.classification import ClassificationSection

SECTION = ClassificationSection(kind="classification", labels=("dark", "bright"))
TASK = make_task(SECTION)
INPUT = ImageSection(
    name="photo",
    shape=(1, 3, 8, 12),
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.3, 0.4),
    resize="letterbox",
)
INPUTS = {"photo": INPUT}
COUNT = 5


class Brightness(nn.Module):
    """Says which side of a mean the pixels are on; the margin is the difference."""

    def __init__(self, limit=0.0):
        super().__init__()
        self.limit = limit

    def forward(self, photo):
        mean = photo.mean((1, 2, 3)) - self.limit
        return torch.stack((-mean, mean), 1)


@pytest.fixture
def dataset(tmp_path):
    for index in range(COUNT):
        level = 40 * index + 40
        folder = tmp_path / ("dark" if level < 120 else "bright")
        folder.mkdir(exist_ok=True)
        photo = np.full((20 + index, 30, 3), level, np.uint8)
        photo[:3, :5] = 0
        cv2.imwrite(str(folder / f"{index}.png"), photo)
    return open_dataset(FolderSource(kind="folder", path="."), TASK, tmp_path, inputs=INPUTS)


@pytest.fixture
def prepared(dataset):
    return prepare_set(dataset, INPUTS)


def test_tensors_are_those_of_the_image_rule(dataset, prepared):
    rule = INPUT.rule
    expected = np.stack([normalise(resize(sample.image, rule)[0], rule) for sample in dataset])
    np.testing.assert_array_equal(prepared.tensors(range(COUNT))["photo"], expected)
    np.testing.assert_array_equal(prepared.tensors([1, 2])["photo"], expected[1:3])
    assert prepared.fitted[0]["photo"].dtype == np.uint8
    assert [s.id for s in prepared.samples] == [s.id for s in dataset]
    np.testing.assert_array_equal(prepared.samples[2].image, dataset[2].image)


def test_raw_tensors_are_pixels(prepared):
    raw = prepared.tensors([0, 1], raw={"photo"})["photo"]
    assert (raw.shape, raw.dtype) == ((2, 3, 8, 12), np.uint8)
    scaled = raw / np.float32(255)
    mean, std = (np.array(v, np.float32).reshape(3, 1, 1) for v in (INPUT.mean, INPUT.std))
    np.testing.assert_allclose((scaled - mean) / std, prepared.tensors([0, 1])["photo"], atol=1e-6)


def test_a_damaged_photo_is_named(dataset):
    (damaged,) = dataset.entries[3].files.values()
    damaged.write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=damaged.name):
        prepare_set(dataset, INPUTS)


@pytest.mark.parametrize("batch", [1, 2, 16])
def test_the_batch_size_changes_nothing(prepared, batch):
    sizes = []

    def predictor(inputs):
        sizes.append(len(inputs["photo"]))
        return torch_predictor(Brightness(), ["scores"])(inputs)

    found = measure_accuracy(predictor, prepared, TASK, batch=batch)
    alone = measure_accuracy(torch_predictor(Brightness(), ["scores"]), prepared, TASK)
    assert set(sizes) == {batch}
    for name, array in alone.evidence.arrays.items():
        np.testing.assert_array_equal(found.evidence.arrays[name], array)
    assert found.evidence.ids == tuple(sample.id for sample in prepared.samples)


def test_worst_regressions_come_first(prepared):
    before = measure_accuracy(torch_predictor(Brightness(), ["scores"]), prepared, TASK).evidence
    after = measure_accuracy(torch_predictor(Brightness(9.0), ["scores"]), prepared, TASK).evidence
    fallen = worst_regressions(TASK, before, after)
    expected = [s.id for s, grade in zip(prepared.samples, TASK.per_sample(before), strict=True)
                if s.truth == 1 and grade == 1]  # fmt: skip
    assert expected
    assert [each.id for each in fallen] == expected
    assert all((each.before, each.after) == (1, 0.5) for each in fallen)
    assert worst_regressions(TASK, before, before) == []


def test_nan_is_a_failure(prepared):
    def predictor(inputs):
        scores = np.zeros((len(inputs["photo"]), 2), np.float32)
        scores[1, 0] = np.nan
        return {"scores": scores}

    second = prepared.samples[1].id
    with pytest.raises(DataError, match=rf'output "scores" is NaN for "{second}"'):
        measure_accuracy(predictor, prepared, TASK, batch=2)


class Doubled(Brightness):
    def forward(self, photo):
        scores = super().forward(photo)
        return self.shape(scores)


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        pytest.param(lambda s: s, ["scores"], id="tensor"),
        pytest.param(lambda s: (s, -s), ["scores", "other"], id="tuple"),
        pytest.param(lambda s: {"scores": s, "other": -s}, [], id="mapping"),
    ],
)
def test_outputs_of_a_module_get_their_names(prepared, shape, names):
    module = Doubled()
    module.shape = shape
    outputs = torch_predictor(module, names)(prepared.tensors([0, 1]))
    assert list(outputs) == ["scores", "other"][: len(outputs)]
    plain = torch_predictor(Brightness(), ["scores"])(prepared.tensors([0, 1]))
    np.testing.assert_array_equal(outputs["scores"], plain["scores"])


def test_a_wrong_number_of_names_is_refused(prepared):
    with pytest.raises(SpecError, match=r"returns 1 outputs, but \['a', 'b'\] are named"):
        torch_predictor(Brightness(), ["a", "b"])(prepared.tensors([0]))


def test_dropout_is_off(prepared):
    module = nn.Sequential(Brightness(), nn.Dropout(0.9))
    first, second = (
        torch_predictor(module.train(), ["s"])(prepared.tensors(range(5))) for _ in "ab"
    )
    np.testing.assert_array_equal(first["s"], second["s"])
