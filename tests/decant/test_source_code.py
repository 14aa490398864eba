"""Code is named by its source and by the versions of what it imports."""

import os
import shutil
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from decant.errors import DataError, SpecError
from decant.source_code import factory_code, factory_hash, package_code

SOURCE = """
import importlib
import json, numpy as np
from torch.nn import functional
if True:
    import PIL.Image as pictures  # drawn with
cv2 = importlib.import_module("cv2")
from . import onnx
"""


@pytest.fixture(autouse=True)
def _fresh():
    package_code.cache_clear()
    yield
    package_code.cache_clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "installed" / "brightness"
    (folder / "cli").mkdir(parents=True)
    (folder / "__init__.py").write_text(SOURCE)
    (folder / "cli" / "app.py").write_text("1")
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


def changes(name, change):
    """Tell whether a change gives a package another name."""
    before = package_code(name).sha256
    package_code.cache_clear()
    change()
    return package_code(name).sha256 != before


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("cli/app.py", True),
        ("page.html.j2", True),
        ("new.py", True),
        ("README.md", False),
        ("__pycache__/app.cpython-311.pyc", False),
    ],
)
def test_source_and_templates_count(package, file, counts):
    (package / file).parent.mkdir(exist_ok=True)
    assert changes("brightness", lambda: (package / file).write_text("2")) == counts


def test_libraries_are_those_that_the_source_imports(package):
    found = package_code("brightness").libraries
    assert set(found) == {"numpy", "opencv-python-headless", "pillow", "torch"}
    assert all(found.values())


def test_source_of_the_core_leaves_out_stages_command_line_and_apps(package, monkeypatch):
    spec = ModuleSpec("decant", None, origin=str(package / "__init__.py"), is_package=True)
    spec.submodule_search_locations.append(str(package))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: spec)
    for room in ("cli", "demo", "feedback", "pipeline"):
        (package / room).mkdir(exist_ok=True)
        assert not changes("decant", lambda r=room: (package / r / "app.py").write_text("2"))
    assert changes("decant", lambda: (package / "core.py").write_text("2"))


def test_missing_module_is_named():
    with pytest.raises(DataError, match="decant_nothing: no such module"):
        package_code("decant_nothing")


@pytest.fixture
def folder(tmp_path):
    """Where a spec lies."""
    (tmp_path / "project" / "nets").mkdir(parents=True)
    (tmp_path / "project" / "nets" / "deep.py").write_text("1")
    (tmp_path / "outside.py").write_text("1")
    return tmp_path / "project"


@pytest.mark.parametrize("reference", ["nets/deep.py:f", "nets.deep:f", "brightness:f"])
def test_python_below_the_spec_counts_for_every_function(folder, package, reference):
    before = factory_hash(reference, folder)
    (folder / "nets" / "deep.py").write_text("2")
    assert factory_hash(reference, folder) != before


def test_file_outside_counts(folder):
    before = factory_hash("../outside.py:f", folder)
    (folder.parent / "outside.py").write_text("2")
    assert factory_hash("../outside.py:f", folder) != before
    assert factory_hash("nets.deep:f", folder) != before


def test_installed_package_counts_whole(folder, package):
    before = factory_hash("brightness:f", folder)
    (package / "cli" / "app.py").write_text("2")
    assert factory_hash("brightness:f", folder) != before


def test_zoo_model_depends_on_its_own_package_alone(folder):
    """By hash of a stranger's spec; the zoo's own spec lies in that package."""
    assert factory_hash("decant.zoo.detector.data:pages", folder) == factory_hash(
        "decant.zoo.detector.model:student", folder
    )


@pytest.mark.parametrize("reference", ["absent.py:f", "absent.module:f"])
def test_missing_code_is_the_specs_fault(folder, reference):
    with pytest.raises(SpecError, match="absent"):
        factory_hash(reference, folder)


@pytest.fixture
def editable(tmp_path, monkeypatch):
    """Modules that a spec's code can import although they are not installed as libraries."""
    folder = tmp_path / "source"
    (folder / "blocks").mkdir(parents=True)
    (folder / "blocks" / "__init__.py").write_text("from . import convolution\n")
    (folder / "blocks" / "convolution.py").write_text("import layers\n")
    (folder / "layers.py").write_text("import numpy\nimport blocks\n")
    (folder / "unused.py").write_text("1")
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.mark.parametrize(
    ("file", "counts"), [("blocks/convolution.py", True), ("layers.py", True), ("unused.py", False)]
)
def test_module_that_is_imported_from_elsewhere_counts(folder, editable, file, counts):
    (folder / "net.py").write_text("import blocks.convolution\n")
    before = factory_hash("net.py:f", folder)
    (editable / file).write_text("2")
    assert (factory_hash("net.py:f", folder) != before) == counts


def test_module_beside_the_spec_hides_one_of_its_name_elsewhere(folder, editable):
    (folder / "net.py").write_text("import layers\n")
    (folder / "layers.py").write_text("1")
    assert set(factory_code("net.py:f", folder).files) == {"net.py", "layers.py", "nets/deep.py"}


def test_folder_that_only_looks_like_a_package_is_not_read(folder, editable):
    (editable / "words").mkdir()
    (editable / "words" / "page.py").write_text("1")
    (folder / "net.py").write_text('"""Reads\nfrom words on a page.\n"""\n')
    assert "words: page.py" not in factory_code("net.py:f", folder).files


def test_package_without_init_counts_where_it_is_imported(folder, editable):
    (editable / "words").mkdir()
    (editable / "words" / "page.py").write_text("1")
    (editable / "words" / "page.json").write_text("1")
    (folder / "net.py").write_text("import importlib\nimport words.page\n")
    found = {name for name in factory_code("net.py:f", folder).files if "words" in name}
    assert found == {"words: page.py"}


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    from blocks import convolution\n",
        "import os, blocks.convolution as block\n",
        "import os; import blocks\n",
        "from blocks import (\n    convolution,\n)\n",
        'import importlib\nblock = importlib.import_module("blocks.convolution")\n',
        'from importlib import import_module\nblock = import_module("blocks")\n',
        "import blocks\nprint 'Python 2'\n",
    ],
    ids=["inside", "several", "one line", "brackets", "dynamic", "dynamic by name", "no Python"],
)
def test_import_counts_however_it_is_written(folder, editable, source):
    (folder / "net.py").write_text(source)
    assert "blocks: convolution.py" in factory_code("net.py:f", folder).files


def test_line_ends_of_python_do_not_count(folder):
    (folder / "net.py").write_bytes(b"import torch\n\nVALUE = 1\n")
    before = factory_hash("net.py:f", folder)
    (folder / "net.py").write_bytes(b"import torch\r\n\r\nVALUE = 1\r\n")
    assert factory_hash("net.py:f", folder) == before


def test_module_that_was_made_by_hand_has_no_source(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "handmade", ModuleType("handmade"))
    (folder / "net.py").write_text("import handmade\n")
    assert set(factory_code("net.py:f", folder).files) == {"net.py", "nets/deep.py"}


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history"])
def test_environment_below_the_spec_does_not_count(folder, mark):
    before = factory_hash("nets.deep:f", folder)
    (folder / "env" / mark).parent.mkdir(parents=True)
    (folder / "env" / mark).write_text("")
    (folder / "env" / "site.py").write_text("1")
    assert factory_hash("nets.deep:f", folder) == before


def test_code_is_named_wherever_it_lies(folder, editable, tmp_path):
    (folder / "net.py").write_text("import blocks\nimport torch\nimport yaml_that_is_not_there\n")
    found = factory_code("net.py:f", folder)
    assert set(found.files) == {
        *("net.py", "nets/deep.py"),
        *("blocks: __init__.py", "blocks: convolution.py", "layers: layers.py"),
    }
    assert set(found.libraries) == {"torch", "numpy"}
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    assert factory_code("net.py:f", moved) == found


def test_zoo_model_that_a_users_network_is_built_on_counts(folder):
    (folder / "net.py").write_text("from decant.zoo.detector.model import student\n")
    assert "decant.zoo.detector: model.py" in factory_code("net.py:f", folder).files


def test_folder_that_may_not_be_read_holds_no_code(folder, monkeypatch):
    before = factory_hash("../outside.py:f", folder)
    (folder / "private").mkdir()
    (folder / "private" / "secret.py").write_text("1")
    assert factory_hash("../outside.py:f", folder) != before
    monkeypatch.setattr(os, "access", lambda path, _mode: path.name != "private")
    assert factory_hash("../outside.py:f", folder) == before
