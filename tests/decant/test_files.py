"""The files' names and the numbers of their schemas stand in one place."""

import ast
import re
from pathlib import Path

import pytest

from decant import files

ROOT = Path(__file__).parents[2]
NAMES = {
    value
    for name, value in vars(files).items()
    if name.isupper() and isinstance(value, str) and "." in value
}
SCHEMAS = {name for name in vars(files) if name.endswith("_SCHEMA")}
SOURCES = [
    path
    for room in ("bench", "convert", "decant", "distill", "quantize")
    for path in (ROOT / room).rglob("*.py")
    if path != ROOT / "decant/files.py"
]


def literals(path):
    return [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    ]


def test_no_source_repeats_the_name_of_a_file():
    repeated = {
        (path.relative_to(ROOT).as_posix(), value)
        for path in SOURCES
        for value in literals(path)
        if value in NAMES
    }
    assert repeated == set()


def test_no_source_has_a_number_of_its_own_for_a_schema():
    """Where a schema is closed, the type repeats the number and mypy holds the two equal."""
    own = re.compile(
        r"^\w*SCHEMA\w*(: \w+)? = \d|\"schema(_version)?\": \d|schema_version: int = \d"
    )
    found = {
        f"{path.relative_to(ROOT)}: {line}"
        for path in SOURCES
        for line in path.read_text(encoding="utf-8").splitlines()
        if own.search(line.strip())
    }
    assert found == set()


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_is_of_a_file(name):
    stem = name.removesuffix("_SCHEMA")
    assert {stem, f"{stem}_MANIFEST"} & vars(files).keys()


@pytest.mark.parametrize("name", sorted(NAMES - {files.SPEC, files.COMPARISON}))
def test_reference_says_what_a_file_is(name):
    pages = ["files.md", "feedback.md"]
    text = "".join((ROOT / "docs/reference" / page).read_text(encoding="utf-8") for page in pages)
    assert f"`{name}`" in text
