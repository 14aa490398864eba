"""`decant feedback import` takes the archive that the Kotlin core writes."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

DECANT = Path(sys.executable).with_name("decant")
REGISTER = Path("android_demo/app/consent_wording.json")


@pytest.fixture(scope="module")
def archive(jvm, bundle, tmp_path_factory):
    """Write three photos: one left alone, one with a deletion and a move, one with an addition."""
    path = tmp_path_factory.mktemp("feedback") / "feedback.zip"
    *_, (version, digest) = json.loads(REGISTER.read_text()).items()
    jvm.run("dev.decant.host.samples.WriteFeedbackKt", bundle, path, version, digest)
    return path


def test_archive_of_the_kotlin_core_is_imported(archive, bundle, tmp_path):
    out = tmp_path / "out"
    command = [DECANT, "feedback", "import", archive, "--model", bundle / "model.json"]
    ended = subprocess.run([*command, "--out", out], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "corrected by the user: 66.7% of 3 photos" in ended.stdout
    assert "shutter to screen: median 62 ms" in ended.stdout
    assert len(list((out / "images").iterdir())) == 3


def test_the_importer_knows_the_wording_of_the_app_and_no_other(archive, bundle, tmp_path):
    """Whoever ships the app with a wording of their own names its register."""
    (tmp_path / "other.json").write_text(json.dumps({"1": "ee" * 32}))
    command = [DECANT, "feedback", "import", archive, "--model", bundle / "model.json"]
    ended = subprocess.run(
        [*command, "--wordings", tmp_path / "other.json", "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 5
    assert "is a wording that is not known" in ended.stderr


def test_an_archive_of_the_kotlin_core_has_no_local_times(archive):
    with zipfile.ZipFile(archive) as opened:
        assert {each.date_time for each in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
