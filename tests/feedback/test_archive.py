"""A right archive is read whole, and its photos come out as they went in."""

import dataclasses
import json
import zipfile
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from feedback_archives import (
    EXPECTED,
    HEIGHT,
    MODEL,
    SHA256,
    WIDTH,
    identifier,
    jpeg,
    manifest,
    members_of,
    record,
    write_archive,
    write_zip,
)
from PIL import ImageCms
from sidecars import write_model

from decant.artifacts import sha256, write_json
from decant.errors import DataError
from decant.feedback import known_model, read_archive
from decant.feedback.jpeg import fault_of, size_of

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_records_in_order_of_their_ids(tmp_path):
    path = write_archive(tmp_path / "a.zip", record(5), record(2))
    archive = read_archive(path, EXPECTED)
    assert [each.id for each in archive.records] == [identifier(2), identifier(5)]
    assert archive.sha256 == sha256(path)
    assert archive.manifest.created == datetime(2026, 11, 21, 9, 30, 0, 125_000, UTC)
    assert archive.records[0].predictions[1].quad[2] == (88, 52)
    assert archive.records[0].times_ms.inference == 20


def test_a_release_may_have_several_files(tmp_path):
    """The app runs the float file on the GPU and the int8 file on the CPU."""
    other = {**record(1), "model_sha256": "7c" * 32, "accelerator": "gpu"}
    archive = read_archive(write_archive(tmp_path / "a.zip", other), EXPECTED)
    assert archive.records[0].model_sha256 == "7c" * 32


def test_members_may_be_stored_and_in_any_order(tmp_path):
    members = members_of([record(1)])
    path = write_zip(tmp_path / "a.zip", members, compression=zipfile.ZIP_STORED)
    assert len(read_archive(path, EXPECTED).records) == 1


def test_streamed_zip(tmp_path):
    """Java writes sizes after each member, as zipfile does where it cannot seek."""
    members = members_of([record(1)])

    class Unseekable:
        def __init__(self, file):
            self.write, self.flush = file.write, file.flush

    with open(tmp_path / "a.zip", "wb") as file, zipfile.ZipFile(Unseekable(file), "w") as archive:
        for name, content in {"manifest.json": json.dumps(manifest(members)), **members}.items():
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    assert len(read_archive(tmp_path / "a.zip", EXPECTED).records) == 1


def test_photos_come_out_as_they_went_in(tmp_path):
    archive = read_archive(write_archive(tmp_path / "a.zip", record(1), record(2)), EXPECTED)
    archive.extract_images([identifier(2)], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{identifier(2)}.jpg", "a.zip"]
    assert (tmp_path / f"{identifier(2)}.jpg").read_bytes() == jpeg(2)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({f"images/{identifier(1)}.jpg": jpeg(9)}, "SHA-256 is"),
        ({"manifest.json": b"{}"}, "is gone"),
    ],
    ids=["another photo", "no photo"],
)
def test_an_archive_changed_after_the_check_is_refused(tmp_path, members, words):
    path = write_archive(tmp_path / "a.zip", record(1))
    archive = read_archive(path, EXPECTED)
    with zipfile.ZipFile(path, "w") as changed:
        for name, content in {"manifest.json": b"{}", **members}.items():
            changed.writestr(name, content)
    with pytest.raises(DataError, match=words):
        archive.extract_images([identifier(1)], tmp_path)


def test_missing_archive(tmp_path):
    with pytest.raises(DataError, match=r"none\.zip: cannot be read \(No such file"):
        read_archive(tmp_path / "none.zip", EXPECTED)


def test_a_folder_is_no_archive(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\)"):
        read_archive(tmp_path, EXPECTED)


def test_a_manifest_of_faults_is_refused_once(tmp_path):
    document = {**manifest({}), "files": [{"a": 0}] * 190_000}
    path = write_zip(tmp_path / "a.zip", {}, document, compression=zipfile.ZIP_STORED)
    with pytest.raises(DataError, match=r"manifest\.json: files"):
        read_archive(path, EXPECTED)


def test_model_of_a_sidecar(tmp_path):
    sidecar = write_model(tmp_path)
    write_json(tmp_path / "model.json", sidecar.model_dump(mode="json"))
    found = known_model(tmp_path / "model.json")
    assert found.name == sidecar.model
    assert found.files == {variant.sha256: variant.name for variant in sidecar.variants}
    assert found.labels == sidecar.labels


@pytest.mark.parametrize("flag", [0, cv2.IMWRITE_JPEG_RST_INTERVAL, cv2.IMWRITE_JPEG_OPTIMIZE])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_baseline_jpeg_will_do(flag, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (37, 53, channels), np.uint8)
    content = cv2.imencode(".jpg", pixels, [flag, 1] if flag else [])[1].tobytes()
    assert fault_of(content) is None
    assert size_of(content) == (53, 37)


# The profile bears the second it was made in, so it may not be part of the test's name.
@pytest.mark.parametrize(
    ("marker", "body"),
    [(0xE2, b"ICC_PROFILE\0\1\1" + SRGB), (0xEE, b"Adobe" + bytes(7))],
    ids=["profile", "adobe"],
)
def test_colours_may_be_described(marker, body):
    content = jpeg(1)
    segment = bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
    assert fault_of(content[:2] + segment + content[2:]) is None


def test_label_of_another_model_is_refused(tmp_path):
    path = write_archive(tmp_path / "a.zip", record(1))
    narrow = dataclasses.replace(EXPECTED, model=dataclasses.replace(MODEL, labels=("formula",)))
    with pytest.raises(DataError, match=r"label = table is none of the model's \['formula'\]"):
        read_archive(path, narrow)


def test_the_case_has_the_size_it_says():
    assert size_of(jpeg(1)) == (WIDTH, HEIGHT)
    assert SHA256 in MODEL.files
