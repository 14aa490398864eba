"""A bundle is copied whole, or not at all."""

import json

import pytest

from decant.artifacts import sha256


@pytest.fixture
def target(tmp_path):
    return tmp_path / "assets" / "model"


def test_bundle_holds_what_the_sidecar_names_and_the_report(decant, built, target):
    ended = decant("bundle", "model.toml", str(target))
    assert ended.code == 0
    assert "hashes right" in ended.out
    release = built / "build/bright"
    copied = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    sidecar = json.loads((release / "model.json").read_text())
    golden = sidecar["golden"][0]
    outputs = [file for files in golden["outputs"].values() for file in files.values()]
    assert copied == {
        *("model.json", "report.json", golden["photo"], golden["pixels"]["file"]),
        *(variant["file"] for variant in sidecar["variants"]),
        *(file["file"] for file in outputs),
    }
    for name in copied:
        assert sha256(target / name) == sha256(release / name)


def test_bundle_of_a_bundle_replaces_an_earlier_one(decant, built, target):
    decant("bundle", "build/bright", str(target))
    (target / "stale.bin").touch()
    ended = decant("bundle", "build/bright/model.json", str(target))
    assert ended.code == 0
    assert not (target / "stale.bin").exists()


@pytest.mark.parametrize("name", ["golden/pixels.bin", "golden/photo.png", "model.tflite"])
def test_damaged_bundle_is_not_copied(decant, built, target, name):
    path = built / "build/bright" / name
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    ended = decant("bundle", "build/bright", str(target))
    assert ended.code == 5
    assert name in ended.err
    assert not target.exists()


def test_folder_of_something_else_is_left_alone(decant, built, target):
    target.mkdir(parents=True)
    (target / "thesis.txt").write_text("years of work")
    ended = decant("bundle", "build/bright", str(target))
    assert ended.code == 5
    assert "holds files, but no bundle" in ended.err
    assert (target / "thesis.txt").read_text() == "years of work"


def test_model_without_a_bundle(decant, built, tmp_path, target):
    (tmp_path / "model.toml").write_text((built / "model.toml").read_text())
    (built / "build/bright/model.json").unlink()
    ended = decant("bundle", "model.toml", str(target))
    assert ended.code == 5
    assert "make the bundle first: decant tflite model.toml" in ended.err
