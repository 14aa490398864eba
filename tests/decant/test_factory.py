"""A spec's "module:function" and "file.py:function" find their function or say why not."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from decant.artifacts import sha256
from decant.errors import DataError, SpecError
from decant.factory import locate, resolve
from decant.interrupts import Terminated
from decant.user_code import user_code


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


def test_neighbours_of_one_name_stay_apart(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "parts").mkdir(parents=True)
        (tmp_path / name / "parts/__init__.py").touch()
        (tmp_path / name / "parts/size.py").write_text(f"class Size:\n    of = {name!r}\n")
        (tmp_path / name / "twins.py").write_text("from parts.size import Size\n")
        (tmp_path / name / "net.py").write_text("from twins import Size\n\ndef build(): ...\n")
    places = ("net.py:Size", "twins:Size", "parts.size:Size")
    for _ in range(2):
        for name in ("a", "b"):
            found = [resolve(place, tmp_path / name) for place in places]
            assert [each.of for each in found] == [name] * 3
            assert found[0] is found[1] is found[2]
            assert locate("twins:Size", tmp_path / name) == tmp_path / name / "twins.py"
            assert pickle.loads(pickle.dumps(found[0])) is found[0]


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
        pytest.param("gone.py:build", r"gone\.py: no such file; correct the path", id="no file"),
        pytest.param("net.py:bild", r'has no "bild"; did you mean "build"\?', id="near miss"),
        pytest.param("net.py:xyz", r'has no "xyz"; add it or correct', id="no function"),
        pytest.param("net.py:WIDTH", r"has a value, not a function, \"WIDTH\"", id="no callable"),
        pytest.param("no_such_package.x:f", r'no module "no_such_package"', id="no package"),
        pytest.param("json.nothing:f", r'no module "json.nothing"; install it', id="no module"),
    ],
)
def test_what_cannot_be_found(folder, reference, message):
    with pytest.raises(SpecError, match=message):
        resolve(reference, folder)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("gone.py:build", r"gone\.py: no such file; correct the path"),
        ("no_such_package.x:f", 'there is no module "no_such_package"; install it'),
    ],
)
def test_what_is_not_there_is_told_before_anything_runs(folder, reference, message):
    with pytest.raises(SpecError, match=message):
        locate(reference, folder)


def test_file_of_a_function_is_found_without_running_it(folder):
    (folder / "bomb.py").write_text("raise SystemExit\n")
    assert locate("bomb.py:build", folder) == folder / "bomb.py"
    assert locate("bomb:build", folder) == folder / "bomb.py"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("\ndef build(:\n", r"SyntaxError: .*broken\.py:2\)", id="syntax"),
        pytest.param(
            "import no_such_package\n",
            r"No module named 'no_such_package' .*:1\); install \"no_such_package\"",
            id="import",
        ),
        pytest.param("x = undefined\n", r"NameError: name 'undefined' .*:1\)", id="name"),
        pytest.param("\n\n{}['key']\n", r"KeyError: 'key' \(.*broken\.py:3\)", id="key"),
        pytest.param("open('gone')\n", r"FileNotFoundError: .*broken\.py:1\)", id="file"),
        pytest.param("import sys\nsys.exit(4)\n", r"SystemExit: 4 \(.*broken\.py:2\)", id="exit"),
        pytest.param(
            "import argparse\np = argparse.ArgumentParser()\np.parse_args(['-x'])\n",
            r"SystemExit: 2 \(.*broken\.py:3\)",
            id="arguments of a script",
        ),
    ],
)
def test_a_file_that_cannot_be_imported(tmp_path, source, message):
    (tmp_path / "broken.py").write_text(source)
    with pytest.raises(SpecError, match=rf'"broken\.py:build": importing broken\.py .*{message}'):
        resolve("broken.py:build", tmp_path)
    (tmp_path / "broken.py").write_text("def build():\n    return 1\n")
    assert resolve("broken.py:build", tmp_path)() == 1


def raises(error):
    with user_code("model.factory"):
        raise error


def test_line_is_the_users_even_where_a_library_raised(tmp_path):
    (tmp_path / "net.py").write_text("import json\n\ndef build():\n    return json.loads('{')\n")
    build = resolve("net.py:build", tmp_path)
    message = r"raised JSONDecodeError: .* \(.*net\.py:4\); correct it"
    with pytest.raises(SpecError, match=message), user_code("model.factory"):
        build()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Terminated(143), DataError("ours")])
def test_interrupts_and_errors_of_ours_pass_through(error):
    with pytest.raises(type(error)) as caught:
        raises(error)
    assert caught.value is error


def test_faults_of_ours_are_not_blamed_on_the_user():
    with pytest.raises(AttributeError), user_code("training.recipe", mixed=True):
        sha256(None)


def test_a_users_fault_below_code_of_ours_is_theirs(tmp_path):
    (tmp_path / "net.py").write_text("def resize(_):\n    return {}['gone']\n")
    resize = resolve("net.py:resize", tmp_path)
    message = r"training\.recipe raised KeyError: 'gone' \(.*net\.py:2\)"
    with pytest.raises(SpecError, match=message), user_code("training.recipe", mixed=True):
        resize(None)


def test_only_the_first_line_of_a_long_message_is_shown():
    with pytest.raises(SpecError) as caught:
        raises(RuntimeError("\nno GPU here\nlong story"))
    assert "raised RuntimeError: no GPU here;" in str(caught.value)
    assert "story" not in str(caught.value)


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Cancelled(BaseException):
    pass


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(Unspeakable(), "raised Unspeakable; correct it", id="no text"),
        pytest.param(GeneratorExit(), "raised GeneratorExit; correct it", id="generator exit"),
        pytest.param(Cancelled("early"), "raised Cancelled: early; correct it", id="base"),
    ],
)
def test_whatever_is_raised_is_named(error, message):
    with pytest.raises(SpecError, match=message):
        raises(error)


def test_the_current_folder_is_the_same_behind_the_users_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("import os\nos.chdir('/')\ndef build():\n    os.chdir('/')\n")
    build = resolve("net.py:build", tmp_path)
    assert Path.cwd() == tmp_path
    with user_code("model.factory"):
        build()
    assert Path.cwd() == tmp_path
