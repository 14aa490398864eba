"""A bundle is copied whole, or not at all."""

import json

import pytest
from processes import everything_in
from sidecars import put

from decant.artifacts import sha256, write_json


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
    before = everything_in(target)
    (target / "report.json").write_text("an older one")
    ended = decant("bundle", "build/bright/model.json", str(target))
    assert ended.code == 0
    assert everything_in(target).keys() == before.keys()
    assert sha256(target / "report.json") == sha256(built / "build/bright/report.json")


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


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("image.rule.shrink", "bilinear", "image.rule: does not make golden.0.pixels"),
        ("image.rule.colour", "bgr", "image.rule: does not make golden.0.pixels"),
        ("labels", ["light", "dark"], "decode: does not make golden.0.predictions"),
        ("outputs.0.scale", 0.5, "outputs.0.scale: is 0.5, in model.tflite None"),
    ],
)
def test_bundle_whose_rules_are_wrong_is_not_copied(decant, built, target, path, value, message):
    (built / "build/bright/manifest.json").unlink()
    sidecar = built / "build/bright/model.json"
    document = json.loads(sidecar.read_text())
    put(document, path, value)
    if path == "outputs.0.scale":
        put(document, "outputs.0.zero_point", 3)
    sidecar.unlink()
    write_json(sidecar, document)
    ended = decant("bundle", "build/bright", str(target))
    assert ended.code == 5
    assert message in ended.err
    assert not target.exists()


def test_bundle_with_notes_beside_it_is_left_alone(decant, built, target):
    decant("bundle", "build/bright", str(target))
    (target / "notes.txt").write_text("mine")
    ended = decant("bundle", "build/bright", str(target))
    assert ended.code == 5
    assert "holds notes.txt, and would be replaced" in ended.err
    assert (target / "notes.txt").read_text() == "mine"


def test_build_folder_is_not_replaced_by_its_own_bundle(decant, built):
    before = everything_in(built / "build/bright")
    ended = decant("bundle", "build/bright", "build/bright")
    assert ended.code == 5
    assert everything_in(built / "build/bright") == before


def test_file_in_the_place_of_the_folder(decant, built, target):
    target.parent.mkdir()
    target.write_text("a letter")
    ended = decant("bundle", "build/bright", str(target))
    assert ended.code == 5
    assert "is a file; give a new or an empty folder" in ended.err
    assert target.read_text() == "a letter"


def test_link_to_a_folder_stays_a_link(decant, built, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert decant("bundle", "build/bright", str(tmp_path / "link")).code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real/model.json").is_file()


def test_folder_without_a_bundle(decant, built, target):
    ended = decant("bundle", "validation", str(target))
    assert ended.code == 5
    assert "validation: a folder without a model.json or a model.toml" in ended.err


def test_folder_of_something_else_is_left_alone(decant, built, target):
    target.mkdir(parents=True)
    (target / "thesis.txt").write_text("years of work")
    ended = decant("bundle", "build/bright", str(target))
    assert ended.code == 5
    assert "holds thesis.txt, and would be replaced" in ended.err
    assert (target / "thesis.txt").read_text() == "years of work"


def test_model_without_a_bundle(decant, built, tmp_path, target):
    (tmp_path / "model.toml").write_text((built / "model.toml").read_text())
    (built / "build/bright/model.json").unlink()
    ended = decant("bundle", "model.toml", str(target))
    assert ended.code == 5
    assert "make the bundle first: decant tflite model.toml" in ended.err
