"""Written splits are COCO, and the committed test set is whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from faster_coco_eval import COCO

from decant.errors import DataError
from decant.zoo.detector.data import pages, write_split
from decant.zoo.detector.data.bank import SPLITS, sixteenth
from decant.zoo.detector.data.testset import (
    COUNT,
    FOLDER,
    MAX_BYTES,
    SLICES,
    make_test_set,
    slice_counts,
    verify_test_set,
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "calibration"
    write_split(folder, "calibration", 4, 6)
    return folder


@pytest.fixture(scope="module")
def committed():
    return json.loads((FOLDER / "annotations.json").read_text(encoding="utf-8"))


@pytest.fixture
def small_set(tmp_path, small_set_source):
    return Path(shutil.copytree(small_set_source, tmp_path / "set"))


@pytest.fixture(scope="module")
def small_set_source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "set"
    make_test_set(folder, count=3)
    return folder


def test_annotations_are_coco(written):
    coco = COCO(str(written / "annotations.json"))
    assert len(coco.getImgIds()) == 6
    assert coco.loadCats(coco.getCatIds()) == [{"id": 1, "name": "formula"}]
    annotations = coco.loadAnns(coco.getAnnIds())
    assert [a["id"] for a in annotations] == list(range(1, len(annotations) + 1))
    for annotation in annotations:
        corners = np.array(annotation["quad"]).reshape(4, 2)
        x, y, width, height = annotation["bbox"]
        envelope = [*corners.min(axis=0), *corners.max(axis=0)]
        assert [x, y, x + width, y + height] == pytest.approx(envelope, abs=0.011)
        assert annotation["area"] == pytest.approx(width * height, abs=0.02)
        assert annotation["segmentation"] == [annotation["quad"]]
        assert annotation["kind"] in coco.imgs[annotation["image_id"]]["tags"]


def test_written_images_are_the_pages(written):
    coco = json.loads((written / "annotations.json").read_text(encoding="utf-8"))
    for image, page in zip(coco["images"], pages("calibration", 4, 6), strict=True):
        path = written / "images" / image["file_name"]
        assert path.read_bytes() == page.jpeg
        assert np.array_equal(cv2.imread(str(path))[..., ::-1], page.image)
        quads = [a["quad"] for a in coco["annotations"] if a["image_id"] == image["id"]]
        assert np.allclose(np.reshape(quads, (-1, 4, 2)), page.quads, atol=0.006)


def test_the_number_of_processes_changes_nothing(written, tmp_path):
    write_split(tmp_path / "again", "calibration", 4, 6, jobs=2)
    for path in sorted(written.rglob("*.*")):
        again = tmp_path / "again" / path.relative_to(written)
        assert again.read_bytes() == path.read_bytes()


def test_a_folder_that_cannot_be_written_is_named_and_left_alone(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="file/data: cannot be written"):
        write_split(tmp_path / "file" / "data", "calibration", 0, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_earlier_split(written, tmp_path):
    folder = Path(shutil.copytree(written, tmp_path / "kept"))
    with pytest.raises(DataError, match="no split 'nonsense'"):
        write_split(folder, "nonsense", 0, 1)
    assert (folder / "annotations.json").read_bytes() == (written / "annotations.json").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_the_committed_test_set_is_whole():
    verify_test_set()


def test_the_committed_test_set_is_large_enough_and_small_enough(committed):
    counts = slice_counts(committed)
    assert counts["all"][0] == COUNT >= 800
    assert all(counts[name][0] >= 80 for name in SLICES)
    assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) <= MAX_BYTES


def test_the_generator_still_makes_the_committed_test_set(committed):
    """Within rounding: another CPU may differ in the last bit, never in what is on a page."""
    for image, page in zip(committed["images"], pages("test", 0, 3), strict=False):
        quads = [a["quad"] for a in committed["annotations"] if a["image_id"] == image["id"]]
        assert np.allclose(np.reshape(quads, (-1, 4, 2)), page.quads, atol=0.1)
        assert image["tags"] == sorted(page.tags)
        pixels = cv2.imread(str(FOLDER / "images" / image["file_name"]))[..., ::-1]
        assert np.abs(pixels.astype(int) - page.image).mean() < 1.0


def test_every_seed_and_formula_of_the_test_set_is_the_test_split_s(committed):
    """Splits share neither range nor share, so that no other split has any of them."""
    low, high = SPLITS["test"].share
    for annotation in committed["annotations"]:
        assert annotation["seed"] in SPLITS["test"].seeds
        assert low <= sixteenth(annotation["latex"]) < high


def test_a_set_that_was_just_made_is_whole(small_set):
    verify_test_set(small_set)


def _damage(folder):
    path = folder / "images" / "test_00001.jpg"
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def _add(folder):
    (folder / "images" / "test_00009.jpg").write_bytes(b"stray")


def _remove(folder):
    (folder / "images" / "test_00002.jpg").unlink()


def _unlist(folder):
    (folder / "SHA256SUMS").unlink()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_damage, "test_00001.jpg: has SHA-256"),
        (_add, "test_00009.jpg: not listed in .*SHA256SUMS"),
        (_remove, "test_00002.jpg: listed in .*SHA256SUMS but missing"),
        (_unlist, "SHA256SUMS: no such file"),
    ],
)
def test_harm_is_found_and_named(small_set, harm, message):
    harm(small_set)
    with pytest.raises(DataError, match=message):
        verify_test_set(small_set)


@pytest.mark.parametrize("what", ["image", "card"])
def test_a_set_whose_sums_fit_must_still_decode_and_count_right(small_set, what, monkeypatch):
    if what == "image":
        (small_set / "images" / "test_00000.jpg").write_bytes(b"not a jpeg")
        message = r"test_00000\.jpg: not a picture"
    else:
        card = small_set / "CARD.md"
        card.write_text(card.read_text().replace("| all | 3 |", "| all | 4 |"))
        message = "CARD.md counts"
    _sum_again(small_set)
    with pytest.raises(DataError, match=message):
        verify_test_set(small_set)


def _sum_again(folder):
    import hashlib

    names = [line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    sums = (f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    (folder / "SHA256SUMS").write_text("".join(sums))
