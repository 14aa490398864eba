"""Runs the real command line in this process, with what it prints to the real descriptors."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from bright_project import write_project
from made_once import made_once
from processes import run_decant

from decant.cli.app import app


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def decant(capfd):
    def decant(*args):
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            app([str(arg) for arg in args], prog_name="decant")
        return Ended(caught.value.code, *capfd.readouterr())

    return decant


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A user's project, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def finished() -> Path:
    """A project that has gone the whole way; not to be changed."""
    return made_once("finished", finish)


def finish(folder: Path) -> None:
    write_project(folder)
    run_decant(folder, "tflite", "model.toml", check=True)


@pytest.fixture
def built(finished, tmp_path, monkeypatch) -> Path:
    """A copy of a finished project, which is the current folder."""
    folder = tmp_path / "project"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    return folder
