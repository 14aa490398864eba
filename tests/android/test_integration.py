"""What the README tells integrators to copy compiles without the rest of the app."""

import re
import shutil
from pathlib import Path

import pytest

PROJECT = Path("android_demo")
README = (PROJECT / "README.md").read_text()
FILES = re.findall(r"^\| `((?:main|bundled)/kotlin/\S+\.kt)` \|", README, re.MULTILINE)
EXAMPLE = re.search(r"^```kotlin\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def sources(tmp_path):
    """Copy the four files, and write the README's example beside them."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for file in FILES:
        shutil.copy(PROJECT / "app/src" / file, folder)
    (folder / "Finder.kt").write_text(EXAMPLE)
    return folder


def test_readme_names_four_files():
    assert len(FILES) == 4
    assert all((PROJECT / "app/src" / file).is_file() for file in FILES)


def test_core_and_these_four_files_are_enough(jvm, sources, tmp_path):
    said = jvm.compile(sources, tmp_path / "own.jar", jvm.jars / "core.jar")
    assert said == (0, "")
