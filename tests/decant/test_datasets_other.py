"""Folders of classes, generated samples, and parts that must not share samples."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
import slow

from decant.contract.decode import QuadGridRule
from decant.datasets import check_disjoint, open_dataset
from decant.datasets.folder import FolderSource
from decant.datasets.generated import GeneratedSource
from decant.errors import DataError, SpecError
from decant.tasks.classification import Classification
from decant.tasks.quad_detection import QuadDetection

CLASSES = Classification(("cat", "dog", "horse"))
QUADS = QuadDetection(("formula",), QuadGridRule(strides=(8,)))

GENERATOR = """
import numpy as np
from types import SimpleNamespace as Page

def pages(split, start, count):
    for index in range(start, start + count):
        yield Page(
            image=np.full((12, 16, 3), index, np.uint8),
            quads=np.full((index % 3, 4, 2), 1.0) * [[0, 0], [4, 0], [4, 2], [0, 2]],
            tags={"even"} if index % 2 == 0 else set(),
        )

def animals(split, start, count):
    yield from (Page(image=np.zeros((4, 4, 3), np.uint8), label="dog") for _ in range(count))

def few(split, start, count):
    yield from list(pages(split, start, count))[:2]

def grey(split, start, count):
    yield Page(image=np.zeros((4, 4), np.uint8), quads=np.zeros((0, 4, 2)))

def tagged(split, start, count):
    tags = {"one": "night", "none": "", "numbers": {1, 2}, "mixed": {1, "x"}}[split]
    for _ in range(count):
        yield Page(image=np.zeros((4, 4, 3), np.uint8), label="dog", tags=tags)

def strange(split, start, count):
    for _ in range(count):
        yield Page(image=np.zeros((4, 4, 3), np.uint8), label="fox")
"""


def picture(path, level=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((6, 8, 3), level, np.uint8))


class TestFolder:
    SOURCE = FolderSource(kind="folder", path="set")

    def test_the_folders_name_is_the_label(self, tmp_path):
        for level, name in enumerate(["dog/1.png", "cat/2.jpg", "dog/more/0.PNG"]):
            picture(tmp_path / "set" / name, level)
        (tmp_path / "set" / "dog" / ".DS_Store").write_bytes(b"")
        dataset = open_dataset(self.SOURCE, CLASSES, tmp_path)
        found = [(sample.id, sample.truth) for sample in dataset]
        assert found == [("cat/2.jpg", 0), ("dog/1.png", 1), ("dog/more/0.PNG", 1)]
        assert dataset[2].image.max() == 2

    def test_other_files_are_passed_over_aloud(self, tmp_path, caplog):
        picture(tmp_path / "set" / "dog" / "1.png")
        (tmp_path / "set" / "dog" / "notes.txt").write_text("x")
        assert len(open_dataset(self.SOURCE, CLASSES, tmp_path)) == 1
        assert "notes.txt: not a picture by its suffix" in caplog.text

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            pytest.param([], r"set: no such folder", id="missing"),
            pytest.param(["cat/notes.txt"], r"set: holds no pictures; .*set/cat", id="empty"),
            pytest.param(["dogs/1.png"], r'"dogs" is not in .*; is it "dog"\?', id="near"),
            pytest.param(["fish/1.png"], r'"fish" is not in task\.labels; add it', id="unknown"),
            pytest.param(["1.png"], r"1\.png: lies in no class folder", id="stray"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, tmp_path, names, message):
        for name in names:
            picture(tmp_path / "set" / name) if name.endswith("png") else None
            (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "set" / name).touch()
        with pytest.raises(DataError, match=message):
            open_dataset(self.SOURCE, CLASSES, tmp_path)

    def test_classes_are_no_truth_for_a_detector(self, tmp_path):
        with pytest.raises(SpecError, match='kind "folder" tells label of each sample, but'):
            open_dataset(self.SOURCE, QUADS, tmp_path)


class TestGenerated:
    @pytest.fixture
    def opened(self, tmp_path):
        (tmp_path / "make.py").write_text(GENERATOR)

        def opened(name="pages", task=QUADS, count=40, jobs=1):
            source = GeneratedSource(
                kind="generated", factory=f"make.py:{name}", split="val", start=5, count=count
            )
            return open_dataset(source, task, tmp_path, jobs=jobs)

        return opened

    def test_samples(self, opened):
        dataset = opened()
        samples = list(dataset)
        assert len(samples) == len(dataset) == 40
        assert samples[0].id == "val_00005"
        assert [sample.image[0, 0, 0] for sample in samples] == list(range(5, 45))
        assert samples[3].tags == {"even"}
        np.testing.assert_array_equal(samples[0].truth.boxes, [[0, 0, 4, 2]] * 2)
        assert samples[0].truth.labels.tolist() == [0, 0]

    def test_one_by_one_as_in_a_row(self, opened):
        dataset = opened()
        assert dataset[31].id == list(dataset)[31].id
        assert dataset[31].image[0, 0, 0] == dataset.inputs(31)["image"][0, 0, 0] == 36
        with pytest.raises(IndexError):
            dataset[40]

    @pytest.mark.slow
    def test_processes_make_the_same(self, opened, monkeypatch):
        monkeypatch.setattr("decant.datasets.generated.WORTH_PROCESSES_S", 0)
        alone, together = list(opened()), list(opened(jobs=2))
        assert [s.id for s in alone] == [s.id for s in together]
        assert all((a.image == b.image).all() for a, b in zip(alone, together, strict=True))

    def test_what_is_made_at_once_starts_no_process(self, opened):
        with slow.refused():
            assert len(list(opened(jobs=2))) == 40

    def test_labels_of_a_classifier(self, opened):
        assert [sample.truth for sample in opened("animals", CLASSES, 3)] == [1, 1, 1]

    @pytest.mark.parametrize(
        ("name", "task", "message"),
        [
            pytest.param("few", QUADS, r"yields 2 samples for start = 5, count = 8", id="few"),
            pytest.param("pages", CLASSES, "pages without label, which", id="no label"),
            pytest.param("animals", QUADS, "pages without quads, which", id="no quads"),
            pytest.param("strange", CLASSES, 'the label "fox" is not in task', id="unknown label"),
            pytest.param(
                "pages",
                replace(QUADS, labels=("a", "b")),
                "quads without labels, but task.labels has several",
                id="which label",
            ),
        ],
    )
    def test_what_is_not_usable_is_refused(self, opened, name, task, message):
        dataset = opened(name, task, count=8)
        with pytest.raises(DataError, match=message) as caught:
            list(dataset)
        assert f"make.py:{name}, split val" in str(caught.value)

    def test_the_spec_is_faulted_for_a_missing_factory(self, opened):
        with pytest.raises(SpecError, match='has no "page"; did you mean "pages"'):
            opened("page")


@pytest.mark.parametrize(("split", "tags"), [("one", {"night"}), ("none", set())])
def test_a_tag_of_a_generator_is_a_name(tmp_path, split, tags):
    (tmp_path / "made.py").write_text(GENERATOR)
    source = GeneratedSource(kind="generated", factory="made.py:tagged", split=split, count=1)
    (sample,) = open_dataset(source, CLASSES, tmp_path)
    assert sample.tags == tags


@pytest.mark.parametrize("split", ["numbers", "mixed"])
def test_tags_of_a_generator_that_are_no_names_are_refused(tmp_path, split):
    (tmp_path / "made.py").write_text(GENERATOR)
    source = GeneratedSource(kind="generated", factory="made.py:tagged", split=split, count=1)
    with pytest.raises(DataError, match=r"made.py:tagged, .*: the tags {.*} are no name or list"):
        list(open_dataset(source, CLASSES, tmp_path))


def test_a_file_whose_name_is_no_text_is_named(tmp_path):
    picture(tmp_path / "set/cat/a.png")
    shutil.copy(tmp_path / "set/cat/a.png", os.fsencode(tmp_path / "set/cat") + b"/caf\xe9.png")
    with pytest.raises(DataError, match=r"caf\\udce9.png' or a tag of it is no UTF-8; rename it"):
        open_dataset(TestFolder.SOURCE, CLASSES, tmp_path)


class TestDisjoint:
    def folder(self, tmp_path, name):
        return open_dataset(FolderSource(kind="folder", path=name), CLASSES, tmp_path)

    def test_equal_files_are_found_under_any_name(self, tmp_path):
        picture(tmp_path / "a" / "cat" / "1.png", 1)
        picture(tmp_path / "b" / "cat" / "1.png", 2)
        parts = {"calibration": self.folder(tmp_path, "a"), "test": self.folder(tmp_path, "b")}
        check_disjoint(parts)
        shutil.copy(tmp_path / "a" / "cat" / "1.png", tmp_path / "b" / "cat" / "9.png")
        parts["test"] = self.folder(tmp_path, "b")
        message = r'data\.calibration and data\.test share 1 samples, "cat/1\.png" = "cat/9\.png"'
        with pytest.raises(DataError, match=message):
            check_disjoint(parts)

    @pytest.mark.parametrize(
        ("split", "start", "shared"),
        [("val", 3, 2), ("val", 5, 0), ("test", 0, 0)],
        ids=["overlap", "side by side", "other split"],
    )
    def test_generated_samples_are_known_by_split_and_number(self, tmp_path, split, start, shared):
        (tmp_path / "make.py").write_text(GENERATOR)
        base = {"kind": "generated", "factory": "make.py:pages", "count": 5}
        parts = {
            "validation": GeneratedSource(**base, split="val"),
            "test": GeneratedSource(**base, split=split, start=start),
        }
        opened = {name: open_dataset(source, QUADS, tmp_path) for name, source in parts.items()}
        if not shared:
            check_disjoint(opened)
            return
        with pytest.raises(DataError, match=f"share {shared} samples"):
            check_disjoint(opened)
