"""`make check` sees a type error and a forbidden import, which an editable install would hide."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ["bench", "convert", "decant", "distill", "quantize", "zoo", ".ci"]
FILES = ["LICENSE", "Makefile", "README.md", "pyproject.toml"]


@pytest.fixture
def copy(tmp_path):
    """The code of this repository, in a folder of its own."""
    skipped = shutil.ignore_patterns("__pycache__", "testset", "*.safetensors")
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=skipped)
    for file in FILES:
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def check(folder):
    """Run `make check` there, with the environment of this test."""
    return subprocess.run(
        ["make", "check", f"VENV={Path(sys.executable).parents[1]}"],
        cwd=folder,
        env={**os.environ, "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache")},
        capture_output=True,
        text=True,
    )


def add(path, text):
    path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{text}\n", encoding="utf-8")


def test_type_error_fails(copy):
    add(copy / "bench" / "stats.py", 'SEEDED: int = "no integer"')
    ended = check(copy)
    assert ended.returncode != 0
    assert "bench/stats.py" in ended.stdout
    assert 'expression has type "str", variable has type "int"' in ended.stdout
    assert "Found 1 error" in ended.stdout


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("bench/stats.py", "decant.convert"),
        ("zoo/detector/model.py", "decant.quantize"),
        ("decant/artifacts.py", "decant.bench"),
        ("decant/pipeline/project.py", "decant.cli"),
        ("decant/artifacts.py", "decant.pipeline"),
    ],
    ids=[
        "stage to stage",
        "zoo to stage",
        "core to stage",
        "pipeline to command line",
        "core to pipeline",
    ],
)
def test_import_across_a_border_fails(copy, file, module):
    seeded = f'''def seeded() -> object:
    """Import what must not be imported here."""
    import {module}

    return {module}'''
    add(copy / file, seeded)
    ended = check(copy)
    assert ended.returncode != 0
    assert "BROKEN" in ended.stdout
    assert f"-> {module}" in ended.stdout


def test_misformatted_code_fails(copy):
    add(copy / "bench" / "stats.py", "SEEDED = (1,2)")
    ended = check(copy)
    assert ended.returncode != 0
    assert "bench/stats.py" in ended.stdout


def test_undeclared_dependency_fails(copy):
    seeded = '''def seeded() -> object:
    """Import what another distribution happens to need."""
    import markupsafe

    return markupsafe'''
    add(copy / "bench" / "stats.py", seeded)
    ended = check(copy)
    assert ended.returncode != 0
    assert "DEP003 'markupsafe' imported but it is a transitive dependency" in ended.stderr


def test_unused_dependency_fails(copy):
    path = copy / "pyproject.toml"
    path.write_text(path.read_text().replace('    "typer",\n', '    "typer",\n    "markupsafe",\n'))
    ended = check(copy)
    assert ended.returncode != 0
    assert "DEP002 'markupsafe' defined as a dependency but not used" in ended.stderr


def test_tree_has_a_module_added_since_and_not_one_that_went(copy):
    subprocess.run([sys.executable, copy / ".ci" / "tree"], check=True)
    tree = copy / ".tree" / "decant"
    assert (tree / "bench" / "stats.py").samefile(copy / "bench" / "stats.py")
    added = copy / "decant" / "added.py"
    (copy / "decant" / "limits.py").rename(added)
    subprocess.run([sys.executable, copy / ".ci" / "tree"], check=True)
    assert (tree / "added.py").samefile(added)
    assert not (tree / "limits.py").is_symlink()


def test_tree_that_is_right_is_left_alone(copy):
    def make():
        subprocess.run([sys.executable, copy / ".ci" / "tree"], check=True)
        return (copy / ".tree" / "decant").stat().st_mtime_ns

    assert make() == make()
