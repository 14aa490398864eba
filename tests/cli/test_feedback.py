"""`decant feedback import` on files, with the model that it finds."""

import os

import pytest
from feedback_archives import SHA256, WORDING, record, write_archive
from hostile_archives import bomb_by_ratio, write_hostile
from sidecars import write_model

from decant.artifacts import write_json


@pytest.fixture
def release(tmp_path, monkeypatch):
    """A folder with one release in build, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "build" / "finder"
    folder.mkdir(parents=True)
    sidecar = write_model(folder, "finder", ("formula", "table"))
    write_json(folder / "model.json", sidecar.model_dump(mode="json"))
    monkeypatch.setattr("feedback_archives.SHA256", sidecar.variant().sha256)
    assert sidecar.variant().sha256 != SHA256
    register = tmp_path / "android_demo" / "app" / "consent_wording.json"
    register.parent.mkdir(parents=True)
    write_json(register, {"3": WORDING})
    return tmp_path


def remarked(number):
    return record(number, {"kind": "remark", "text": "ask kim@example.com"})


def test_archive_that_is_not_there(decant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = decant("feedback", "import", "nope.zip")
    assert ended.code == 5
    assert "nope.zip: no such file" in ended.err


def test_import(decant, release):
    write_archive(release / "a.zip", record(1), remarked(2))
    ended = decant("feedback", "import", "a.zip")
    assert (ended.code, ended.err.count("warning: ")) == (0, 2)
    assert "corrected by the user: 50.0% of 2 photos (95 %: 1.3% to 98.7%)" in ended.out
    assert "shutter to screen: median 40 ms, 9 in 10 within 40 ms" in ended.out
    assert "a remark has an e-mail address" in ended.err
    assert "kim" not in ended.err
    out = release / "build" / "finder" / "feedback"
    assert sorted(path.name for path in out.iterdir()) == [
        "candidates.json",
        "feedback.json",
        "images",
    ]


def test_a_hostile_file_ends_it_with_5(decant, release):
    write_archive(release / "a.zip", record(1))
    write_hostile(bomb_by_ratio, 0, release / "b.zip")
    ended = decant("feedback", "import", "a.zip", "b.zip", "-o", "out")
    assert ended.code == 5
    assert ended.out == ""
    assert ended.err.startswith("error: b.zip: ")
    assert ended.err.count("\n") == 1
    assert not (release / "out").exists()


def test_which_wordings_are_meant(decant, release):
    """Of an app of one's own; without a register nobody can say what its users agreed to."""
    write_archive(release / "a.zip", record(1))
    (release / "android_demo/app/consent_wording.json").rename(release / "own.json")
    ended = decant("feedback", "import", "a.zip")
    assert ended.code == 5
    assert "is a wording that is not known; " in ended.err
    assert "--wordings" in ended.err
    assert decant("feedback", "import", "a.zip", "--wordings", "own.json").code == 0
    ended = decant("feedback", "import", "a.zip", "--wordings", "nope.json")
    assert ended.code == 5
    assert "nope.json: no such file" in ended.err


def test_which_model_is_meant(decant, release):
    write_archive(release / "a.zip", record(1))
    (release / "build" / "other").mkdir()
    (release / "build" / "other" / "model.json").write_text("{}")
    ended = decant("feedback", "import", "a.zip")
    assert ended.code == 2
    assert "--model" in ended.err
    named = decant("feedback", "import", "a.zip", "--model", "build/finder/model.json", "-o", "out")
    assert named.code == 0


def test_no_model_is_there(decant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.zip").touch()
    ended = decant("feedback", "import", "a.zip")
    assert ended.code == 2
    assert "build has no */model.json; name the model.json" in ended.err


def test_what_is_no_regular_file_is_said_to_be_none(decant, tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    ended = decant("feedback", "import", tmp_path / "pipe.zip")
    assert (ended.code, ended.out) == (5, "")
    assert ended.err == f"error: {tmp_path}/pipe.zip: is no regular file; give one\n"
