"""The site of docs/ fails to build where a reader would meet a dead end, and asks no other host.

Runs where the generator is: after `make docs`, and in the workflow that builds the site.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="the site's generator comes with the first make docs")
pytest.importorskip("material")

ROOT = Path(__file__).parents[1]
# Two small pages of the real configuration; the API reference of all takes a quarter of a minute.
PAGES = ("index.md", "tutorial.md")


@pytest.fixture
def site(tmp_path):
    """Copy the configuration with a menu of two pages that say nothing yet."""
    configuration = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    menu = "".join(f"  - {page}\n" for page in PAGES)
    configuration = re.sub(r"^nav:\n.*\Z", f"nav:\n{menu}", configuration, flags=re.M | re.S)
    (tmp_path / "mkdocs.yml").write_text(configuration)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/site.css", tmp_path / "docs")
    for page in PAGES:
        (tmp_path / "docs" / page).write_text("# A heading\n")
    return tmp_path


def build(site, text=""):
    (site / "docs/index.md").write_text(f"# A heading\n\n{text}\n")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    return subprocess.run(command, cwd=site, capture_output=True, text=True)


def test_a_site_without_faults_is_built_and_asks_no_other_host(site):
    ended = build(site, "[There](tutorial.md#a-heading).")
    assert ended.returncode == 0, ended.stderr
    page = (site / "build/site/index.html").read_text()
    loaded = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=[\"']?([^\"' >]+)", page)
    assert len(loaded) >= 3
    assert [each for each in loaded if re.match(r"(https?:)?//", each)] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a](missing.md)", "missing.md"),
        ("[a](tutorial.md#missing)", "missing"),
        ("![a](images/missing.png)", "missing.png"),
        ("::: decant.missing", "decant.missing"),
        ('<img src="https://example.org/a.png">', "is loaded from elsewhere"),
        ('<script src="//example.org/a.js"></script>', "is loaded from elsewhere"),
    ],
    ids=["page", "anchor", "image", "object", "foreign image", "foreign script"],
)
def test_a_fault_fails_the_build(site, text, fault):
    ended = build(site, text)
    assert ended.returncode != 0
    assert fault in ended.stderr


def test_a_page_outside_the_menu_fails_the_build(site):
    (site / "docs/forgotten.md").write_text("# Forgotten\n")
    ended = build(site)
    assert ended.returncode != 0
    assert "forgotten.md" in ended.stderr
