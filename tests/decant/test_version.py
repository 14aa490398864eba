"""The version stands in one place, and whoever tells it reads it there."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from setuptools.config.pyprojecttoml import read_configuration

import decant

ROOT = Path(__file__).parents[2]


def test_project_file_has_no_version_of_its_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" not in project
    assert project["dynamic"] == ["version"]


def test_what_is_built_has_the_version_of_the_package(tmp_path):
    """Read as setuptools reads it, of a copy with another version than the installed one."""
    (tmp_path / "decant").mkdir()
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / "README.md").touch()
    (tmp_path / "LICENSE").touch()
    (tmp_path / "decant" / "__init__.py").write_text('__version__ = "3.1.4"\n')
    assert read_configuration(tmp_path / "pyproject.toml")["project"]["version"] == "3.1.4"


def test_installed_distribution_and_command_tell_it():
    command = Path(sys.executable).with_name("decant")
    told = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["decant", decant.__version__]
    assert importlib.metadata.version("decant") == decant.__version__


def test_changelog_tells_of_it():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert versions[:2] == ["Unreleased", decant.__version__]
