"""Files and folders are written whole or not at all."""

import errno
import json
import os
import resource
import tempfile
from pathlib import Path

import pytest

from decant import artifacts
from decant.errors import DataError


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def fail_halfway(write, path: Path, error: type[BaseException], name: str) -> None:
    with write(path) as temporary:
        (temporary / name).write_text("half")
        raise error


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "model.json"
    path.write_text("old")
    return path


@pytest.fixture
def old_folder(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").write_text("old")
    return path


def test_file_is_replaced_and_nothing_else_is_left(old):
    artifacts.write_text(old, "new")
    assert old.read_text() == "new"
    assert everything_in(old.parent) == {"model.json"}


def test_missing_folders_are_made(tmp_path):
    artifacts.write_bytes(tmp_path / "a" / "b" / "c.bin", b"\x00")
    assert (tmp_path / "a/b/c.bin").read_bytes() == b"\x00"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_file_stays_as_it_was_when_writing_fails(old, error):
    with pytest.raises(error):
        fail_halfway(artifacts.atomic_file, old, error, "")
    assert old.read_text() == "old"
    assert everything_in(old.parent) == {"model.json"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("write", [artifacts.atomic_folder, artifacts.updated_folder])
def test_folder_stays_as_it_was_when_writing_fails(old_folder, write, error):
    with pytest.raises(error):
        fail_halfway(write, old_folder, error, "old")
    assert everything_in(old_folder.parent) == {"model", "model/old"}
    assert (old_folder / "old").read_text() == "old"


def test_atomic_folder_takes_the_place_of_the_old_one(old_folder):
    with artifacts.atomic_folder(old_folder) as temporary:
        (temporary / "new").write_text("new")
    assert everything_in(old_folder.parent) == {"model", "model/new"}


def test_updated_folder_keeps_what_it_does_not_replace(old_folder):
    (old_folder / "kept").write_text("kept")
    (old_folder / "saved_model").mkdir()
    (old_folder / "saved_model" / "stale").write_text("stale")
    with artifacts.updated_folder(old_folder) as temporary:
        (temporary / "old").write_text("new")
        (temporary / "saved_model").mkdir()
        (temporary / "saved_model" / "fresh").write_text("fresh")
    assert everything_in(old_folder) == {"old", "kept", "saved_model", "saved_model/fresh"}
    assert (old_folder / "old").read_text() == "new"


def test_updated_folder_may_be_the_current_one(tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with artifacts.updated_folder(Path()) as temporary:
        (temporary / "new").write_text("new")
    assert everything_in(tmp_path) == {"here", "here/new"}


def test_failed_rename_puts_the_old_folder_back(old_folder, monkeypatch):
    rename = Path.rename

    def fail_on_new(path, target):
        if path.name == "model" and path.parent != old_folder.parent:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_on_new)
    with pytest.raises(DataError), artifacts.atomic_folder(old_folder) as temporary:
        (temporary / "new").write_text("new")
    assert everything_in(old_folder.parent) == {"model", "model/old"}


def test_file_size_limit_names_path_and_reason(old):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DataError, match=r"model.json: cannot be written \(File too large\)"):
            artifacts.write_bytes(old, b"x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert old.read_text() == "old"
    assert everything_in(old.parent) == {"model.json"}


def test_file_in_the_way_of_a_folder_is_named(old):
    with pytest.raises(DataError, match=r"model.json/x: cannot be written"):
        artifacts.write_text(old / "x", "new")


def test_folder_that_takes_no_files_is_named():
    with pytest.raises(DataError, match=r"/proc/decant/x: cannot be written \(No such file"):
        artifacts.write_text(Path("/proc/decant/x"), "new")


def test_other_errors_of_the_system_are_not_called_write_errors(old):
    with pytest.raises(FileNotFoundError), artifacts.atomic_file(old):
        Path("/nowhere/at/all").read_text()


def test_json_has_one_form_only(tmp_path):
    path = tmp_path / "x.json"
    artifacts.write_json(path, {"b": 1, "a": "é"})
    first = path.read_bytes()
    artifacts.write_json(path, {"a": "é", "b": 1})
    assert path.read_bytes() == first
    assert artifacts.read_json(path) == {"a": "é", "b": 1}


def test_json_holds_no_nan():
    with pytest.raises(ValueError, match="JSON compliant"):
        artifacts.to_json({"a": float("nan")})


@pytest.mark.parametrize("content", [None, "{", "\udce4"], ids=["missing", "truncated", "bytes"])
def test_unreadable_json_is_a_data_error(tmp_path, content):
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=r"x\.json"):
        artifacts.read_json(path)


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert artifacts.sha256(path) == known


@pytest.mark.parametrize("change", ["content", "name", "file more"])
def test_sha256_of_a_folder_sees_every_change(tmp_path, change):
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a").write_text("a")
    before = artifacts.sha256(folder)
    if change == "content":
        (folder / "sub" / "a").write_text("b")
    elif change == "name":
        (folder / "sub" / "a").rename(folder / "sub" / "b")
    else:
        (folder / "c").write_text(json.dumps(0))
    assert artifacts.sha256(folder) != before


def test_sha256_of_nothing_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="absent: no such file; correct the path"):
        artifacts.sha256(tmp_path / "absent")


def test_files_behind_links_are_listed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_text("1")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    before = artifacts.sha256(folder)
    assert artifacts.files_in(folder) == [folder / "link" / "a"]
    (tmp_path / "elsewhere" / "a").write_text("2")
    assert artifacts.sha256(folder) != before


def test_links_that_lead_back_are_passed_over(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
        (tmp_path / name / "other").symlink_to(tmp_path / other)
        (tmp_path / name / "self").symlink_to(tmp_path / name)
    assert artifacts.files_in(tmp_path / "a") == [
        tmp_path / "a" / "file",
        tmp_path / "a" / "other" / "file",
    ]


def test_folders_not_to_be_entered_are_passed_over(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    found = artifacts.files_in(tmp_path, enter=lambda folder: folder.name != "a")
    assert found == [tmp_path / "b" / "file"]


def test_updated_folder_drops_what_it_is_told_to(old_folder):
    (old_folder / "kept").write_text("kept")
    with artifacts.updated_folder(old_folder, without=["old", "absent"]):
        assert (old_folder / "old").exists()
    assert everything_in(old_folder.parent) == {"model", "model/kept"}


def test_message_names_no_temporary_folder(tmp_path):
    """Nor one in another, as where a stage writes into its place in the cache."""

    def write_where_a_folder_is():
        with (
            artifacts.atomic_folder(tmp_path / "out") as outer,
            artifacts.updated_folder(outer) as inner,
        ):
            (inner / "trace.json").mkdir()
            artifacts.write_text(inner / "trace.json", "{}")

    with pytest.raises(DataError, match=r": cannot be written \(Is a directory\)") as caught:
        write_where_a_folder_is()
    assert str(caught.value).startswith(f"{tmp_path}/out/trace.json: ")


def test_full_place_of_temporary_files_is_named_instead_of_the_results(tmp_path):
    """Where the system says no more than that a disk is full, it must not be taken for another."""
    with (
        pytest.raises(DataError, match="TMPDIR") as caught,
        artifacts.atomic_folder(tmp_path / "out"),
        artifacts.scratch_folder("decant-test-"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(caught.value).startswith(f"{tempfile.gettempdir()}: cannot be written (No space")


def test_machine_without_a_place_for_temporary_files(monkeypatch):
    """All of them on one full disk, say: Python tries each and finds none."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/decant"])
    with (
        pytest.raises(DataError, match=r"No usable temporary directory .*TMPDIR"),
        artifacts.scratch_folder("decant-test-"),
    ):
        pass


def test_links_that_lead_to_themselves_are_passed_over(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "loop").symlink_to("loop")
    assert artifacts.files_in(tmp_path) == [tmp_path / "a"]


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "private").mkdir()

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(
        DataError, match=r"cannot be read .Permission denied.; give read permission"
    ):
        artifacts.files_in(tmp_path)
