"""COCO data sets open, and say what is wrong with them."""

from __future__ import annotations

import hashlib
import json

import cv2
import numpy as np
import pytest

from decant.contract.decode import QuadGridRule
from decant.datasets import open_dataset
from decant.datasets.coco import CocoSource
from decant.errors import DataError, SpecError
from decant.tasks.classification import Classification
from decant.tasks.quad_detection import QuadDetection

TASK = QuadDetection(("formula", "table"), QuadGridRule(strides=(8,)))
QUAD = [5, 2, 15, 4, 14, 9, 4, 7]


@pytest.fixture
def document():
    return {
        "images": [
            {"id": 7, "file_name": "a.png", "width": 30, "height": 20, "tags": ["tilted", "small"]},
            {"id": 3, "file_name": "b.png", "width": 24, "height": 18, "license": 4},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 5, "bbox": [4, 2, 11, 7], "quad": QUAD},
            {"id": 2, "image_id": 7, "category_id": 6, "bbox": [1, 1, 2, 3], "iscrowd": 1},
        ],
        "categories": [{"id": 5, "name": "table"}, {"id": 6, "name": "formula"}],
    }


def write(folder, document):
    """Write the set with a picture of one grey level each; returns its source."""
    (folder / "pictures").mkdir(exist_ok=True)
    for level, image in enumerate(document["images"]):
        if {"width", "height", "file_name"} <= image.keys():
            pixels = np.full((image["height"], image["width"], 3), level, np.uint8)
            cv2.imwrite(str(folder / "pictures" / image["file_name"]), pixels)
    (folder / "labels.json").write_text(json.dumps(document))
    return CocoSource(kind="coco", annotations="labels.json", images="pictures")


def listing(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    rows = [(hashlib.sha256(path.read_bytes()).hexdigest(), path) for path in files]
    return "".join(f"{digest}  {path.relative_to(folder)}\n" for digest, path in rows)


def test_samples_in_the_order_of_the_list(tmp_path, document):
    dataset = open_dataset(write(tmp_path, document), TASK, tmp_path)
    assert len(dataset) == 2
    assert [sample.id for sample in dataset] == ["a.png", "b.png"]
    first, second = dataset
    assert first.tags == {"tilted", "small"}
    assert first.image.shape == (20, 30, 3)
    assert second.image.max() == 1
    assert len(second.truth.boxes) == 0


def test_truth_is_corners_by_our_labels(tmp_path, document):
    truth = open_dataset(write(tmp_path, document), TASK, tmp_path)[0].truth
    np.testing.assert_array_equal(truth.boxes, [[4, 2, 15, 9], [1, 1, 3, 4]])
    np.testing.assert_array_equal(truth.quads[0].ravel(), QUAD)
    np.testing.assert_array_equal(truth.quads[1], [[1, 1], [3, 1], [3, 4], [1, 4]])
    assert truth.labels.tolist() == [1, 0]
    assert truth.crowd.tolist() == [False, True]


def edit(key, index, **values):
    def change(document):
        document[key][index].update(values)

    return change


def remove(key, index, field):
    def change(document):
        del document[key][index][field]

    return change


FAULTS = [
    pytest.param(lambda d: d.update(images=[]), "lists no images", id="no images"),
    pytest.param(lambda d: d.pop("categories"), "categories: Field required", id="no categories"),
    pytest.param(remove("images", 1, "width"), r"images\.1\.width: Field required", id="no width"),
    pytest.param(
        edit("annotations", 0, image_id=99),
        "annotation 1 is for image_id = 99, which is not listed",
        id="unknown image",
    ),
    pytest.param(
        edit("annotations", 0, category_id=9),
        r'annotation 1 on "a\.png": category_id = 9 is not listed',
        id="unknown category",
    ),
    pytest.param(
        edit("categories", 0, name="figure"),
        r'category "figure" is not in task\.labels',
        id="unknown label",
    ),
    pytest.param(
        edit("annotations", 0, bbox=[4, 2, 30, 7]),
        r'annotation 1 on "a\.png": bbox = \[4\.0, .*\] lies outside the 30×20 picture',
        id="box outside",
    ),
    pytest.param(edit("annotations", 0, bbox=[4, 2, 0, 7]), "has no area", id="flat box"),
    pytest.param(edit("annotations", 0, bbox=[4, 2, 7]), r"annotations\.0\.bbox", id="three sides"),
    pytest.param(
        edit("annotations", 0, bbox=[4, 2, float("nan"), 7]), r"annotations\.0\.bbox", id="NaN"
    ),
    pytest.param(
        edit("annotations", 0, quad=[5, 2, 14, 9, 15, 4, 4, 7]), "is not convex", id="crossed quad"
    ),
    pytest.param(edit("annotations", 1, id=1), "annotation id 1 occurs twice", id="same object"),
    pytest.param(edit("images", 1, id=7), "image id 7 occurs twice", id="same image"),
    pytest.param(edit("images", 1, file_name="a.png"), "file_name 'a.png' occurs", id="same file"),
    pytest.param(
        edit("annotations", 0, bbox=[4, 2, 10**400, 7]), r"annotations\.0\.bbox", id="huge number"
    ),
]


@pytest.mark.parametrize(("change", "message"), FAULTS)
def test_labels_that_do_not_fit_are_refused(tmp_path, document, change, message):
    change(document)
    source = write(tmp_path, document)
    with pytest.raises(DataError, match=message) as caught:
        open_dataset(source, TASK, tmp_path)
    assert str(tmp_path / "labels.json") in str(caught.value)


def test_a_box_may_reach_a_pixel_over_the_edge(tmp_path, document):
    edit("annotations", 0, bbox=[-1, 2, 11, 19])(document)
    assert len(open_dataset(write(tmp_path, document), TASK, tmp_path)) == 2


@pytest.mark.parametrize("content", ["", "{", "\x00\x01"])
def test_broken_json_is_refused(tmp_path, document, content):
    source = write(tmp_path, document)
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(DataError, match=r"labels\.json: (not a JSON file|is empty)"):
        open_dataset(source, TASK, tmp_path)


def test_a_missing_label_file_is_refused(tmp_path):
    source = CocoSource(kind="coco", annotations="labels.json", images="pictures")
    with pytest.raises(DataError, match=r"labels\.json: no such file"):
        open_dataset(source, TASK, tmp_path)


def test_a_missing_picture_is_named(tmp_path, document):
    source = write(tmp_path, document)
    (tmp_path / "pictures" / "b.png").unlink()
    with pytest.raises(DataError, match=r'lists "b\.png", which is not in .*1 of 2 are missing'):
        open_dataset(source, TASK, tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("b" * 5000, '"b{499}…"', id="long"),
        pytest.param("b\0", r'"b\\u0000"', id="NUL"),
    ],
)
def test_a_name_that_no_file_has_is_named(tmp_path, document, name, told):
    source = write(tmp_path, document)
    document["images"][1]["file_name"] = name
    (tmp_path / "labels.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=f"lists {told}, which is not in"):
        open_dataset(source, TASK, tmp_path)


def test_a_damaged_picture_is_named_when_it_is_read(tmp_path, document):
    source = write(tmp_path, document)
    (tmp_path / "pictures" / "b.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"b\.png: not a picture"):
        _ = open_dataset(source, TASK, tmp_path)[1].image


def test_a_picture_of_another_size_than_its_labels_is_refused(tmp_path, document):
    source = write(tmp_path, document)
    cv2.imwrite(str(tmp_path / "pictures" / "a.png"), np.zeros((30, 20, 3), np.uint8))
    with pytest.raises(DataError, match=r"a\.png: is 20×30 pixels, but .* of 30×20"):
        _ = open_dataset(source, TASK, tmp_path)[0].image


class TestChecksums:
    @pytest.fixture
    def source(self, tmp_path, document):
        source = write(tmp_path, document)
        (tmp_path / "SHA256SUMS").write_text(listing(tmp_path))
        return source.model_copy(update={"checksums": "SHA256SUMS"})

    def test_fitting(self, tmp_path, source):
        assert len(open_dataset(source, TASK, tmp_path)) == 2

    def test_a_changed_file(self, tmp_path, source):
        with (tmp_path / "pictures" / "b.png").open("ab") as file:
            file.write(b"\0")
        with pytest.raises(DataError, match=r"b\.png: has SHA-256 .*SHA256SUMS says"):
            open_dataset(source, TASK, tmp_path)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            pytest.param(
                lambda text: text.replace("  pictures/b", "  pictures/c"),
                r"c\.png: listed in .* but missing",
                id="missing file",
            ),
            pytest.param(
                lambda text: "".join(text.splitlines(True)[:-1]),
                r"b\.png: not listed in .*SHA256SUMS",
                id="file not listed",
            ),
            pytest.param(lambda text: "hello\n", r'line 1: "hello" is not', id="not a list"),
            pytest.param(lambda text: "", "lists nothing", id="empty"),
        ],
    )
    def test_a_list_that_does_not_fit(self, tmp_path, source, change, message):
        path = tmp_path / "SHA256SUMS"
        path.write_text(change(path.read_text()))
        with pytest.raises(DataError, match=message):
            open_dataset(source, TASK, tmp_path)

    def test_a_missing_list(self, tmp_path, source):
        (tmp_path / "SHA256SUMS").unlink()
        with pytest.raises(DataError, match="SHA256SUMS: no such file"):
            open_dataset(source, TASK, tmp_path)


def test_boxes_are_no_truth_for_a_classifier(tmp_path, document):
    task = Classification(("formula", "table"))
    with pytest.raises(SpecError, match='"coco" tells objects of each sample, but the task'):
        open_dataset(write(tmp_path, document), task, tmp_path)
