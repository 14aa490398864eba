"""Photos and masks are paired by stem, checked before anything runs, and read one by one."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from decant.bench.accuracy import prepare_set
from decant.bench.data_set import describe_set
from decant.datasets import open_dataset
from decant.datasets.masks import MasksSource
from decant.errors import DataError, SpecError
from decant.inputs import ImageSection
from decant.provenance.folders import hash_folder
from decant.tasks import make_task
from decant.tasks.classification import ClassificationSection
from decant.tasks.segmentation import SegmentationSection

LABELS = ("ground", "road", "tree")
TASK = make_task(SegmentationSection(kind="segmentation", labels=LABELS))
IGNORING = make_task(SegmentationSection(kind="segmentation", labels=LABELS, ignore_label=255))
INPUT = ImageSection(shape=(1, 3, 8, 16), mean=(0.5,) * 3, std=(0.5,) * 3)
WIDTH, HEIGHT = 12, 7


def source(**keys):
    return MasksSource.model_validate(
        {"kind": "masks", "images": "photos", "masks": "masks", **keys}
    )


def mask_of(seed):
    return np.random.default_rng(seed).integers(0, 3, (HEIGHT, WIDTH)).astype(np.uint8)


def put(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


@pytest.fixture
def folder(tmp_path):
    """Three photos, one in a folder below, with their masks."""
    for seed, stem in enumerate(("a", "b", "more/a")):
        photo = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        put(tmp_path / "photos" / f"{stem}.png", photo)
        put(tmp_path / "masks" / f"{stem}.png", mask_of(seed))
    return tmp_path


def opened(folder, task=TASK, **keys):
    return open_dataset(source(**keys), task, folder)


def test_masks_go_with_the_photos_of_their_stem(folder):
    samples = list(opened(folder))
    assert [sample.id for sample in samples] == ["a.png", "b.png", "more/a.png"]
    for seed, sample in enumerate(samples):
        np.testing.assert_array_equal(sample.truth, mask_of(seed))
        assert sample.image.shape == (HEIGHT, WIDTH, 3)


def test_masks_are_not_read_before_they_are_asked_for(folder):
    dataset = opened(folder)
    first = dataset[0]
    put(folder / "masks" / "a.png", np.full((HEIGHT, WIDTH), 2, np.uint8))
    assert (first.truth == 2).all()


@pytest.mark.parametrize(
    "save",
    [
        lambda mask: Image.fromarray(mask),
        lambda mask: Image.fromarray(mask.astype(np.uint16)),
        lambda mask: Image.fromarray(mask).convert("P"),
    ],
    ids=["grey", "16 bits", "palette"],
)
def test_values_are_taken_as_they_are_in_the_file(folder, save):
    picture = save(mask_of(5))
    if picture.mode == "P":
        picture.putdata(mask_of(5).ravel().tolist())
        picture.putpalette([200, 0, 0, 0, 200, 0, 0, 0, 200])
    picture.save(folder / "masks" / "a.png")
    np.testing.assert_array_equal(opened(folder)[0].truth, mask_of(5))


def test_a_mask_of_one_bit_has_two_labels(folder):
    bits = mask_of(6) > 0
    put(folder / "masks" / "a.png", bits)
    np.testing.assert_array_equal(opened(folder)[0].truth, bits)


def test_values_of_labels_may_be_others_than_their_indices(folder):
    mask = np.array([0, 128, 255], np.uint8)[mask_of(3)]
    mask[0, 0] = 200
    put(folder / "masks" / "a.png", mask)
    task = make_task(SegmentationSection(kind="segmentation", labels=LABELS, ignore_label=200))
    wanted = mask_of(3).astype(int)
    wanted[0, 0] = 200
    np.testing.assert_array_equal(opened(folder, task, values=[0, 128, 255])[0].truth, wanted)


def test_a_suffix_of_masks_may_lie_beside_the_photos(folder):
    for mask in list((folder / "masks").rglob("*.png")):
        place = folder / "photos" / mask.relative_to(folder / "masks")
        shutil.move(mask, place.with_stem(f"{place.stem}_mask"))
    samples = list(opened(folder, masks="photos", mask_suffix="_mask"))
    assert [sample.id for sample in samples] == ["a.png", "b.png", "more/a.png"]
    np.testing.assert_array_equal(samples[2].truth, mask_of(2))


def test_a_photo_that_lies_on_its_side_is_turned_and_its_mask_not(folder):
    (folder / "photos" / "a.png").unlink()
    exif = Image.Exif()
    exif[0x0112] = 6
    put(folder / "photos" / "a.jpg", np.zeros((WIDTH, HEIGHT, 3), np.uint8), exif=exif)
    sample = opened(folder)[0]
    assert sample.image.shape[:2] == sample.truth.shape == (HEIGHT, WIDTH)


def without(name):
    return lambda folder: (folder / name).unlink()


def saving(name, array, **options):
    return lambda folder: put(folder / name, array, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("masks/a.png"), r"photos/a\.png: has no mask a\.png in masks \(1 of 3 photos"),
        (without("photos/a.png"), r"masks/a\.png: has no photo a in photos \(1 of 3 masks"),
        (lambda folder: shutil.rmtree(folder / "masks"), r"masks: no such folder; correct data"),
        (
            lambda folder: [file.unlink() for file in (folder / "photos").rglob("*.png")],
            r"photos: holds no pictures; put them there, or correct data\.….images",
        ),
        (saving("photos/a.bmp", mask_of(0)), r"a\.png: a\.bmp has the same stem; keep one"),
        (
            saving("masks/a.png", np.zeros((WIDTH, HEIGHT), np.uint8)),
            r"masks/a\.png: is 7×12 pixels, its photo a\.png stands 12×7",
        ),
        (
            lambda folder: (folder / "masks" / "a.png").write_bytes(b"GIF89a and no more"),
            r"masks/a\.png: (not a picture|damaged|cannot be read)",
        ),
        (
            lambda folder: (
                (folder / "masks" / "a.png").unlink(),
                put(folder / "masks" / "a.jpg", mask_of(0)),
            ),
            r"a\.jpg: labels do not survive JPEG or WebP; save the masks as PNG",
        ),
        (
            lambda folder: put(
                folder / "masks" / "more" / "a.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            ),
            r"a\.png: has 3 values per pixel \(RGB\), not a label's; save it grey or with a",
        ),
        (
            lambda folder: (
                (folder / "masks" / "b.png").unlink(),
                (folder / "masks" / "b.png").symlink_to("gone.png"),
            ),
            r"b\.png: is a link to gone\.png, which is not there",
        ),
        (
            lambda folder: (shutil.rmtree(folder / "masks"), (folder / "masks").write_text("")),
            r"masks: is a file, not a folder; correct data\.….masks",
        ),
    ],
    ids=[
        *("mask", "photo", "folder", "nothing", "stem", "size", "no picture", "jpeg"),
        *("colours", "dead link", "file"),
    ],
)
def test_what_makes_no_pairs_is_refused_when_the_set_is_opened(folder, change, message):
    change(folder)
    with pytest.raises(DataError, match=message):
        opened(folder)


@pytest.mark.parametrize(
    ("mask", "keys", "message"),
    [
        (np.full((HEIGHT, WIDTH), 7, np.uint8), {}, r"a\.png: the mask is 7 at x = 0, y = 0 \(84"),
        (
            np.ones((HEIGHT, WIDTH), np.uint8),
            {"values": [0, 128, 255]},
            r"a\.png: the mask is 1 at x = 0, y = 0, which is none of values = \[0, 128, 255\]",
        ),
    ],
    ids=["range", "values"],
)
def test_what_is_no_label_is_refused_when_the_mask_is_read(folder, mask, keys, message):
    put(folder / "masks" / "a.png", mask)
    sample = opened(folder, **keys)[0]
    with pytest.raises(DataError, match=message):
        _ = sample.truth


def test_half_a_mask_is_refused_when_it_is_read(folder):
    path = folder / "masks" / "a.png"
    put(path, np.random.default_rng(0).integers(0, 3, (HEIGHT, WIDTH)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:-30])
    sample = opened(folder)[0]
    with pytest.raises(DataError, match=r"a\.png: damaged .*; restore it"):
        _ = sample.truth


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([0, 0, 1], ValidationError, r"values = \[0, 0, 1\] must be 0 or more, each once"),
        ([-1, 0, 1], ValidationError, r"values = \[-1, 0, 1\] must be 0 or more"),
        ([0, 255], DataError, r"values = \[0, 255\] has 2 values for 3 task.labels"),
    ],
    ids=["twice", "negative", "count"],
)
def test_values_that_do_not_fit_the_labels_are_refused(folder, values, error, message):
    with pytest.raises(error, match=message):
        opened(folder, values=values)


def test_masks_are_no_truth_for_a_classifier(folder):
    task = make_task(ClassificationSection(kind="classification", labels=("a", "b")))
    with pytest.raises(SpecError, match='kind "masks" tells mask or target of each sample, but'):
        opened(folder, task)


def described(folder):
    """Name the set as the report does, and as provenance does."""
    dataset, kind = opened(folder), source()
    report = describe_set(kind, dataset, prepare_set(dataset, {"image": INPUT}), TASK).sha256
    return report, {key: hash_folder(*kind.files_in(key, folder)) for key in kind.path_keys}


def test_two_sets_that_differ_in_a_mask_have_different_hashes(folder):
    before, files = described(folder)
    mask = mask_of(1)
    mask[3, 4] = (mask[3, 4] + 1) % 3
    put(folder / "masks" / "b.png", mask)
    after, changed = described(folder)
    assert before != after
    assert changed["masks"] != files["masks"]
    assert changed["images"] == files["images"]
