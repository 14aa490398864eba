"""A spec's "module:function" and "file.py:function" find their function or say why not."""

from __future__ import annotations

import pickle
import sys

import pytest

from decant.errors import SpecError
from decant.factory import resolve


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "layers.py").write_text("SIZE = 7\n")
    (tmp_path / "net.py").write_text(
        "from dataclasses import dataclass\n"
        "from layers import SIZE\n"
        "WIDTH = 3\n"
        "@dataclass\n"
        "class Net:\n"
        "    size: int = SIZE\n"
        "def build():\n"
        "    return Net()\n"
    )
    yield tmp_path
    sys.modules.pop("layers", None)


def test_a_file_with_its_neighbours(folder):
    assert resolve("net.py:build", folder)().size == 7


def test_a_file_is_imported_once_so_that_its_objects_pickle(folder):
    net = resolve("net.py:build", folder)()
    assert resolve("net.py:build", folder)() == net
    assert pickle.loads(pickle.dumps(net)) == net


def test_two_files_of_one_name_stay_apart(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "net.py").write_text(f"def build():\n    return {name!r}\n")
    found = [resolve("net.py:build", tmp_path / name)() for name in ("a", "b")]
    assert found == ["a", "b"]


def test_a_module(tmp_path):
    assert resolve("json:loads", tmp_path)("[1]") == [1]


def test_the_path_is_left_as_it_was(folder):
    before = list(sys.path)
    resolve("net.py:build", folder)
    with pytest.raises(SpecError):
        resolve("net.py:nothing", folder)
    assert sys.path == before


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        pytest.param("build", r'"build" names no function; write "module:function"', id="no colon"),
        pytest.param("gone.py:build", r"gone\.py: no such file; correct the factory", id="no file"),
        pytest.param("net.py:bild", r'has no "bild"; did you mean "build"\?', id="near miss"),
        pytest.param("net.py:xyz", r'has no "xyz"; add it or correct', id="no function"),
        pytest.param("net.py:WIDTH", r"has a value, not a function, \"WIDTH\"", id="no callable"),
        pytest.param("no_such_package.x:f", r"install 'no_such_package'", id="no package"),
        pytest.param("json.nothing:f", r'cannot import "json.nothing".*No module', id="no module"),
    ],
)
def test_what_cannot_be_found(folder, reference, message):
    with pytest.raises(SpecError, match=message):
        resolve(reference, folder)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("def build(:\n", "SyntaxError", id="syntax"),
        pytest.param("import no_such_package\n", "No module named 'no_such_package'", id="import"),
        pytest.param("x = undefined\n", "NameError: name 'undefined'", id="name"),
    ],
)
def test_a_file_that_cannot_be_imported(tmp_path, source, message):
    (tmp_path / "broken.py").write_text(source)
    with pytest.raises(SpecError, match=rf"broken\.py: importing it fails \(.*{message}"):
        resolve("broken.py:build", tmp_path)
    (tmp_path / "broken.py").write_text("def build():\n    return 1\n")
    assert resolve("broken.py:build", tmp_path)() == 1
