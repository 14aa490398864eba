"""Data sets of the user's own: Torch's, lists, generators, and those that end or raise."""

from __future__ import annotations

import numpy as np
import pytest

from decant.datasets import check_disjoint, open_dataset
from decant.datasets.user_dataset import DatasetSource
from decant.errors import DataError, SpecError
from decant.inputs import ArraySection, AudioSection, ImageSection
from decant.tasks.classification import Classification
from decant.tasks.regression import Regression

CODE = """
import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset


class Pairs(Dataset):
    def __init__(self, count=4, start=0, broken=None):
        self.count, self.start, self.broken = count, start, broken

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index == self.broken:
            raise RuntimeError("no such page")
        return torch.full((3,), float(self.start + index)), index % 2


def pictures():
    return [
        {"image": Image.new("L", (8, 6), level), "label": level % 2, "tag": "dark"}
        for level in range(3)
    ]


class Stream(IterableDataset):
    passes = 0

    def __init__(self, promised=3):
        self.promised = promised

    def __len__(self):
        return self.promised

    def __iter__(self):
        Stream.passes += 1
        for index in range(3):
            yield {"x": [index, 0, 0], "label": "cat"}


def generator(count=3, broken=None):
    for index in range(count):
        if index == broken:
            raise ValueError("broken page")
        yield {"x": np.full(3, index), "y": np.full((2, 4), index), "target": 0.5 * index}


def heard():
    yield {"sound": {"array": np.ones(80), "sampling_rate": 8000}, "label": "dog"}


def named():
    return [{"photo": "a.npy", "species": np.array("cat"), "height": 3}]


def few():
    return [(1, 2, 3, 4)]


def nothing():
    return 3


def numbers():
    return [7]


def odd_tensors():
    values = torch.tensor([0.0, 2.0, 0.0])
    return [
        (values.to_sparse(), 0),
        (values.clone().requires_grad_(), torch.tensor(1)),
        (values.bfloat16(), 1),
        (list(values.clone().requires_grad_()), 0),
        (torch.complex(values, values).conj().imag.neg(), 0),
    ]


def no_array(kind):
    meta = torch.ones(3, device="meta")
    values = {"ragged": [[1], [2, 3], 4], "object": object(), "meta": meta}
    return [(values[kind], 0)] if kind in values else [(torch.ones(3), meta)]


def tagged(tags):
    return [{"x": np.zeros(3), "label": "cat", "tags": tags}]


class Augmented(Pairs):
    def __getitem__(self, index):
        values, label = super().__getitem__(index)
        return values + (index == 1) * torch.rand(3), label


class Relabelled(Pairs):
    asked = 0

    def __getitem__(self, index):
        values, _ = super().__getitem__(index)
        Relabelled.asked += index == 1
        return values, int(Relabelled.asked > 1)


class Lazy(dict):
    def __getitem__(self, key):
        raise RuntimeError("no network")


def lazy():
    return [Lazy(x=0, label=0)]


def pillow(mode):
    return [(Image.new(mode, (4, 4)), 0)]


def drawn():
    for index in range(3):
        yield {"x": np.random.rand(3), "label": "cat"}
"""
CLASSES = Classification(("cat", "dog"))
X = {"x": ArraySection(kind="array", shape=(1, 3), name="x")}
BOTH = X | {"y": ArraySection(kind="array", shape=(1, 2, 4), name="y")}
PHOTO = {"image": ImageSection(shape=(1, 3, 6, 8), mean=(0.0,) * 3, std=(1.0,) * 3)}


@pytest.fixture
def opened(tmp_path):
    (tmp_path / "own.py").write_text(CODE)

    def opened(name, task=CLASSES, inputs=X, **keys):
        source = DatasetSource(kind="dataset", factory=f"own.py:{name}", **keys)
        return open_dataset(source, task, tmp_path, inputs=inputs)

    return opened


def test_torchs_pairs_are_input_and_truth(opened):
    dataset = opened("Pairs", arguments={"count": 5, "start": 2})
    assert len(dataset) == 5
    found = [(each.id, each.load()["x"].tolist(), each.truth) for each in dataset]
    assert found[1] == ("00001", [3, 3, 3], 1)
    assert dataset[4].load()["x"].dtype == np.float32


def test_pictures_of_pillow_are_photos(opened):
    dataset = opened("pictures", inputs=PHOTO, tags="tag")
    image = dataset[2].image
    assert (image.shape, image.dtype, int(image.max())) == ((6, 8, 3), np.uint8, 2)
    assert [each.truth for each in dataset] == [0, 1, 0]
    assert dataset[0].tags == {"dark"}


def test_waveforms_keep_their_rate(opened):
    inputs = {"sound": AudioSection(kind="audio", shape=(1, 80), rate=8000, name="sound")}
    (sample,) = opened("heard", inputs=inputs)
    samples, rate = sample.load()["sound"]
    assert (samples.shape, rate) == ((80,), 8000)


def test_keys_may_be_named_and_paths_are_read(opened, tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3.0))
    (sample,) = opened("named", input="photo", truth={"label": "species"})
    assert (sample.load()["x"].tolist(), sample.truth) == ([0, 1, 2], 0)


def test_a_generator_is_made_again_for_each_pass(opened):
    dataset = opened("generator", Regression(), BOTH)
    assert len(dataset) == 3
    for _ in range(2):
        assert [each.truth.tolist() for each in dataset] == [[0], [0.5], [1]]
    picked = [dataset.inputs(index)["y"].max() for index in (2, 0, 1, 1)]
    assert picked == [2, 0, 1, 1]
    assert dataset[-1].id == "00002"
    with pytest.raises(IndexError):
        dataset[3]


def test_samples_are_hashed_while_they_are_gone_through(opened):
    dataset = opened("Stream")
    stream = type(dataset.made._first)
    list(dataset)
    passes = stream.passes
    assert len(dataset.fingerprints()) == 3
    assert stream.passes == passes


def test_equal_samples_are_shared(opened):
    one, other = (opened("Pairs", arguments={"start": start}) for start in (0, 3))
    check_disjoint({"validation": one, "test": opened("Pairs", arguments={"start": 4})})
    with pytest.raises(DataError, match='share 1 samples, "00003" = "00000"'):
        check_disjoint({"validation": one, "test": other})


@pytest.mark.parametrize(("name", "task"), [("Pairs", CLASSES), ("generator", Regression())])
def test_count_takes_the_first(opened, name, task):
    inputs = X if name == "Pairs" else BOTH
    assert len(list(opened(name, task, inputs, count=2))) == 2


def test_iterator_that_ends_early_is_named_with_its_sample(opened):
    dataset = opened("Stream", arguments={"promised": 5})
    with pytest.raises(DataError, match=r"own\.py:Stream'.* end at sample 3, .* are to be 5; mend"):
        list(dataset)


@pytest.mark.parametrize(
    ("name", "task", "inputs", "message"),
    [
        pytest.param("Pairs", CLASSES, X, "sample 2 raised RuntimeError: no such page", id="pairs"),
        pytest.param(
            "generator", Regression(), BOTH, "sample 2 raised ValueError: bro", id="yield"
        ),
    ],
)
def test_what_raises_is_named_with_its_sample_and_line(opened, name, task, inputs, message):
    with pytest.raises(SpecError, match=message + r".*own\.py:\d+\)"):
        list(opened(name, task, inputs, arguments={"broken": 2}))


@pytest.mark.parametrize(
    ("name", "keys", "kind", "message"),
    [
        pytest.param("nothing", {}, SpecError, "returned a int; return a data set", id="number"),
        pytest.param(
            "Pairs", {"count": 9}, DataError, "has 4 samples, but data.….count = 9", id="few"
        ),
        pytest.param("Pairs", {"arguments": {"count": 0}}, DataError, "has no samples", id="none"),
        pytest.param(
            "Pairs", {"arguments": {"n": 1}}, SpecError, "raised TypeError", id="argument"
        ),
        pytest.param("Paris", {}, SpecError, 'did you mean "Pairs"', id="name"),
        pytest.param("numbers", {}, DataError, "sample 0 is a int; give a mapping", id="bare"),
        pytest.param(
            "few", {}, DataError, "sample 0 is a tuple of 4; give x and the truth", id="tuple"
        ),
        pytest.param(
            "named", {}, DataError, 'sample 0: has "photo", .*but no label', id="no truth"
        ),
        pytest.param(
            "named", {"truth": "specie"}, DataError, 'has no key "x", only "photo"', id="no input"
        ),
        pytest.param(
            "named",
            {"input": "photo", "truth": "specie"},
            DataError,
            'no key "specie", .* did you mean "species"',
            id="near",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(opened, name, keys, kind, message):
    with pytest.raises(kind, match=message):
        list(opened(name, **keys))


def test_truth_that_does_not_fit_is_named_with_its_sample(opened):
    dataset = opened("Pairs", Regression(("a", "b")))
    with pytest.raises(DataError, match=r"sample 0: has 1 numbers for the 2 of task.targets"):
        list(dataset)


def test_tensors_of_every_kind_are_numbers(opened):
    found = [sample.load()["x"] for sample in opened("odd_tensors")]
    np.testing.assert_array_equal(np.stack(found), [[0, 2, 0]] * 5)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param("ragged", r"cannot be made an array \(setting an array element", id="ragged"),
        pytest.param(
            "object", "is a object, of which no array of numbers can be made", id="object"
        ),
        pytest.param("meta", "cannot be made an array", id="meta"),
    ],
)
def test_what_is_no_array_is_named_with_its_input(opened, kind, message):
    with pytest.raises(DataError, match=f"sample 0: input x {message}"):
        list(opened("no_array", arguments={"kind": kind}))


def test_a_truth_that_cannot_be_read_is_named_with_its_sample(opened):
    with pytest.raises(DataError, match=r"sample 0: its truth cannot be read \(.*\); give numbers"):
        list(opened("no_array", arguments={"kind": "truth"}))


@pytest.mark.parametrize(
    ("tags", "found"), [(["a", "b"], {"a", "b"}), ("a", {"a"}), (None, set()), ("", set())]
)
def test_tags_are_a_name_or_several(opened, tags, found):
    (sample,) = opened("tagged", tags="tags", arguments={"tags": tags})
    assert sample.tags == found


@pytest.mark.parametrize("tags", [3, [3], {"a": 1}])
def test_tags_that_are_no_names_are_refused(opened, tags):
    with pytest.raises(DataError, match=r"sample 0: the tags .* are no name or list of names"):
        list(opened("tagged", tags="tags", arguments={"tags": tags}))


@pytest.mark.parametrize(("name", "index"), [("Augmented", 1), ("Relabelled", 1), ("drawn", 0)])
def test_a_sample_that_is_another_the_second_time_is_named(opened, name, index):
    dataset = opened(name)
    list(dataset)
    with pytest.raises(DataError, match=f"sample {index} is another one than the first time"):
        list(dataset)


def test_what_a_sample_raises_when_it_is_looked_at_is_named(opened):
    with pytest.raises(SpecError, match=r"sample 0 raised RuntimeError: no network \(.*own.py:"):
        opened("lazy")[0]


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_pictures_of_more_than_8_bits_are_refused(opened, mode):
    with pytest.raises(DataError, match=f"sample 0: input image .* mode {mode}; give 8 bits"):
        opened("pillow", inputs=PHOTO, arguments={"mode": mode})[0]
