"""A bundle is found by whatever names it, and refused where it is not whole."""

import os
import stat

import pytest
import tiny_classifier

from decant.artifacts import sha256
from decant.bundle import find_bundle, open_bundle
from decant.demo import installed_packages
from decant.demo.packages import DONE, WEB
from decant.errors import DataError, UsageError


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A bundle in build/detector, which is the current folder's."""
    monkeypatch.chdir(tmp_path)
    return tiny_classifier.write_bundle(tmp_path / "build" / "detector").parent


@pytest.mark.parametrize("text", ["detector", "build/detector", "build/detector/model.json"])
def test_a_bundle_is_found(bundle, text):
    found = find_bundle(text)
    assert found.sidecar.resolve() == bundle / "model.json"
    assert (found.spec is not None) == (text == "detector")
    assert set(open_bundle(found.sidecar).files()) == {
        "model.json",
        "model.tflite",
        "golden/pixels.bin",
        "golden/scores.bin",
    }


def test_a_bundle_of_another_model_than_the_one_named(bundle):
    found = find_bundle("detector")
    with pytest.raises(DataError, match=r"(?s)made from something else .*\[model\].*\[task\]"):
        open_bundle(found.sidecar, found.spec, found.renewal)


@pytest.mark.parametrize("text", ["detector", "build/detector/model.json"])
def test_a_bundle_that_is_not_made_yet(bundle, text):
    (bundle / "model.json").unlink()
    with pytest.raises(DataError, match=r"model.json: no such file; .*decant tflite"):
        find_bundle(text)


def test_a_name_of_nothing(bundle):
    with pytest.raises(UsageError, match="no such file or zoo model"):
        find_bundle("detectr")


def test_another_model_file(bundle):
    (bundle / "model.tflite").write_bytes(b"TFL3 changed")
    with pytest.raises(DataError, match=r"model.tflite: SHA-256 is"):
        open_bundle(bundle / "model.json")


def test_a_file_of_the_example_is_missing(bundle):
    (bundle / "golden" / "scores.bin").unlink()
    with pytest.raises(DataError, match=r"scores.bin: no such file"):
        open_bundle(bundle / "model.json")


def test_a_file_of_the_example_is_another(bundle):
    (bundle / "golden" / "scores.bin").write_bytes(b"changed")
    with pytest.raises(DataError, match=r"scores.bin: is not the file that model.json describes"):
        open_bundle(bundle / "model.json")


def put_npm(folder, monkeypatch, script):
    """Put a stand-in for npm alone into PATH; the real one needs the network."""
    npm = folder / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")


def test_packages_are_installed_once(tmp_path, monkeypatch):
    put_npm(tmp_path, monkeypatch, 'echo "$@" >> asked; /bin/mkdir -p node_modules')
    web = tmp_path / "web"
    for _ in range(2):
        assert installed_packages(web) == web / "node_modules"
    assert (web / "asked").read_text() == "ci --omit=dev --ignore-scripts --no-audit --no-fund\n"
    (web / DONE).write_text("of an older version")
    installed_packages(web)
    assert len((web / "asked").read_text().splitlines()) == 2


def test_npm_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=r"npm: not found; .*apt-get install .*nodejs npm"):
        installed_packages(tmp_path / "web")


def test_npm_fails(tmp_path, monkeypatch):
    put_npm(tmp_path, monkeypatch, 'echo "npm error code ENOTFOUND" >&2; exit 1')
    with pytest.raises(DataError, match=r"npm ci failed \(npm error code ENOTFOUND\); check"):
        installed_packages(tmp_path / "web")
    assert not (tmp_path / "web" / DONE).exists()


def test_versions_are_pinned_by_hash_and_name_no_registry():
    lock = (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')


def test_the_page_is_part_of_the_package():
    assert sha256(WEB / "index.html")
    assert {"page.js", "style.css", "package-lock.json"} <= {each.name for each in WEB.iterdir()}
