"""Corrections in headless Chromium, and what Python makes of what is exported."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import tiny_classifier
from demo_page import BUNDLE, PHOTO, ROOT, browse, demo, screenshot
from processes import run_decant

from decant.contract.images import load_image


def records_in(archive):
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if name.startswith("records/")]
        return [json.loads(opened.read(name)) for name in names]


def test_a_correction_is_imported(address, tmp_path):
    zip_file = tmp_path / "feedback.zip"
    remark = "세 번째 상자는 두 수식입니다; ask me at someone@example.org"
    shown = browse("correct", address, photo=PHOTO, zip=zip_file, remark=remark)
    assert shown["kept"] == 2
    ended = run_decant(
        tmp_path, "feedback", "import", zip_file, "--model", BUNDLE / "model.json", "-o", "out"
    )
    assert ended.returncode == 0, ended.stderr
    assert "corrected by the user: 50.0% of 2 photos" in ended.stdout
    assert "e-mail address" in ended.stderr
    for kind in ("delete", "move", "add", "remark"):
        assert f"  {kind}: 50.0% of 2 photos" in ended.stdout
    candidates = json.loads((tmp_path / "out" / "candidates.json").read_text())
    assert len(candidates["images"]) == 2
    for image in candidates["images"]:
        copy = load_image(tmp_path / "out" / "images" / Path(image["file_name"]).name)
        original = load_image(PHOTO)
        assert copy.shape == original.shape
        assert np.abs(copy.astype(int) - original).mean() < 3


def test_every_photo_is_exported_with_its_consent(address, tmp_path):
    zip_file = tmp_path / "feedback.zip"
    browse("hidden", address, photo=PHOTO, zip=zip_file)
    register = json.loads((ROOT / "decant/demo/web/consent_wording.json").read_text())
    (record,) = records_in(zip_file)
    assert record["consent"]["given"] <= record["kept"]
    version = record["consent"]["text_version"]
    assert record["consent"]["text_sha256"] == register[str(version)]
    with zipfile.ZipFile(zip_file) as opened:
        times = {each.date_time for each in opened.infolist()}
    # Zips have local times, which would tell the user's time zone.
    assert times == {(1980, 1, 1, 0, 0, 0)}


def test_a_withdrawal_that_was_cut_short_is_carried_out(address):
    assert browse("halfWithdrawn", address, photo=PHOTO)["rows"] == 0


def test_without_consent_nothing_is_kept(address):
    result = browse("disagree", address, photo=PHOTO)
    assert (result["rows"], result["open"]) == (0, True)


def test_an_answer_can_be_corrected_by_keyboard(address):
    result = browse("keyboard", address, photo=PHOTO)
    assert result["focused"] == "Corner 1 of box 1"
    assert result["changes"] == "3 changes"


def test_another_label_is_imported(tmp_path):
    folder, zip_file = tmp_path / "colours", tmp_path / "feedback.zip"
    sidecar = tiny_classifier.write_bundle(folder)
    with demo(folder) as served:
        picture = screenshot(tmp_path, "label")
        result = browse(
            "relabel", served, photo=PHOTO, label="green", zip=zip_file, screenshot=picture
        )
    ended = run_decant(tmp_path, "feedback", "import", zip_file, "--model", sidecar, "-o", "out")
    assert ended.returncode == 0, ended.stderr
    assert result["changes"] == "1 change"
    # A share or a logit? The rule does not say, so the headline has no figure.
    assert result["found"] in tiny_classifier.LABELS
    candidates = json.loads((tmp_path / "out" / "candidates.json").read_text())
    names = {each["id"]: each["name"] for each in candidates["categories"]}
    assert [names[each["category_id"]] for each in candidates["annotations"]] == ["green"]


def test_a_correction_is_kept_once_and_not_lost_unasked(address, tmp_path):
    zip_file = tmp_path / "feedback.zip"
    result = browse("keepTwice", address, photo=PHOTO, zip=zip_file)
    note = "This is kept already. What you change replaces it."
    assert result["again"] == {"remark": "first", "disabled": True, "note": note}
    assert result["rows"] == 1
    (record,) = records_in(zip_file)
    assert record["corrections"] == [{"kind": "remark", "text": "second"}]
    assert re.search(
        r"decant feedback import DOWNLOADS/decant-feedback-detector-[-\d]+\.zip "
        rf"--model {BUNDLE.relative_to(ROOT)}/model\.json$",
        result["said"],
    )
    assert result["asked"] == ["Throw away the correction that is not kept yet?"] * 2
    assert result["stayed"] == "third"
    assert result["left"]


def test_nobody_waits_for_a_page_that_is_hidden(address, tmp_path):
    zip_file = tmp_path / "feedback.zip"
    result = browse("hidden", address, photo=PHOTO, zip=zip_file)
    assert [each["shown"] for each in result["away"]] == [None, None]
    assert all(each["shown"] > 0 for each in result["back"])
    (record,) = records_in(zip_file)
    assert record["times_ms"]["shutter_to_screen"] is None
    assert record["times_ms"]["inference"] > 0
    ended = run_decant(
        tmp_path, "feedback", "import", zip_file, "--model", BUNDLE / "model.json", "-o", "out"
    )
    assert ended.returncode == 0, ended.stderr
