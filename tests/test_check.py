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
    return copied(tmp_path)


def copied(folder):
    """The code of this repository, in a folder of its own."""
    skipped = shutil.ignore_patterns("__pycache__", "testset", "*.safetensors")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=skipped)
    for file in FILES:
        shutil.copy(ROOT / file, folder / file)
    return folder


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


ACROSS = {
    "stage to stage": ("bench/stats.py", "decant.convert"),
    "zoo to stage": ("zoo/detector/model.py", "decant.quantize"),
    "core to stage": ("decant/artifacts.py", "decant.bench"),
    "pipeline to command line": ("decant/pipeline/project.py", "decant.cli"),
    "core to pipeline": ("decant/files.py", "decant.pipeline"),
}


@pytest.fixture(scope="module")
def across(tmp_path_factory):
    """What is said of code that has each of these imports."""
    folder = copied(tmp_path_factory.mktemp("across"))
    for file, module in ACROSS.values():
        seeded = f'''def seeded() -> object:
    """Import what must not be imported here."""
    import {module}

    return {module}'''
        add(folder / file, seeded)
    return check(folder)


@pytest.mark.parametrize(("file", "module"), ACROSS.values(), ids=ACROSS)
def test_import_across_a_border_fails(across, file, module):
    importer = f"decant.{file.removeprefix('decant/').removesuffix('.py').replace('/', '.')}"
    assert across.returncode != 0
    assert "BROKEN" in across.stdout
    assert f"{importer} -> {module}" in across.stdout


def test_misformatted_code_fails(copy):
    add(copy / "bench" / "stats.py", "SEEDED = (1,2)")
    ended = check(copy)
    assert ended.returncode != 0
    assert "bench/stats.py" in ended.stdout


@pytest.fixture(scope="module")
def dependent(tmp_path_factory):
    """What is said of code that needs a distribution unsaid, and does not need one that it says."""
    folder = copied(tmp_path_factory.mktemp("dependent"))
    seeded = '''def seeded() -> object:
    """Import what another distribution happens to need."""
    import markupsafe

    return markupsafe'''
    add(folder / "bench" / "stats.py", seeded)
    path = folder / "pyproject.toml"
    path.write_text(
        path.read_text().replace('    "typer",\n', '    "typer",\n    "markdown-it-py",\n')
    )
    return check(folder)


def test_undeclared_dependency_fails(dependent):
    assert dependent.returncode != 0
    said = "DEP003 'markupsafe' imported but it is a transitive dependency"
    assert said in dependent.stderr


def test_unused_dependency_fails(dependent):
    assert dependent.returncode != 0
    assert "DEP002 'markdown-it-py' defined as a dependency but not used" in dependent.stderr


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
