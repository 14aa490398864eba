"""Every command is a Makefile target, and every target first makes the environment."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from decant.cli.app import app

ROOT = Path(__file__).parents[1]
# `make demo` fills the Android app, by way of `decant bundle`.
COMMANDS = [
    name for each in app.registered_commands if (name := each.callback.__name__) != "bundle"
]
TARGETS = {"demo": "demo-web"}
# Stands for the environment's Python: installing takes minutes. It notes what it is asked to do.
PYTHON = '#!/bin/sh\necho "$@" >> "$(dirname "$0")/../asked"\n'


# A spec is begun once, from a file that is no MODEL yet.
OF_NO_MODEL = {"doctor": "doctor", "ops": "ops --verbose"}
MADE = [command for command in COMMANDS if command != "init"]


def make(folder, *args):
    # What `make test` was called with is not for these.
    own = {"ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MODEL", "VENV"}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    ended = subprocess.run(
        ["make", *args], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("command", MADE)
def test_every_command_is_a_target(command):
    target = TARGETS.get(command, command)
    printed = make(ROOT, "-n", target, "MODEL=a/model.toml", "VENV=other", "ARGS=--verbose")
    expected = OF_NO_MODEL.get(command, f"{command} a/model.toml --verbose")
    assert printed.splitlines() == [f"other/bin/decant {expected}"]


def test_help_names_every_command():
    printed = make(ROOT, "help", "VENV=other")
    for command in MADE:
        assert TARGETS.get(command, command) in printed


def test_demo_makes_the_model_and_puts_it_into_the_app():
    printed = make(ROOT, "-n", "demo", "MODEL=a/model.toml", "VENV=other")
    assets = "android_demo/app/src/main/assets/model"
    _, made, copied, built = printed.splitlines()
    assert made.startswith("other/bin/decant tflite a/model.toml")
    assert copied == f"other/bin/decant bundle a/model.toml {assets}"
    assert built == "android_demo/assemble"


@pytest.fixture
def clone(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    for name in ("python", "decant"):
        python.with_name(name).write_text(PYTHON)
        python.with_name(name).chmod(0o755)
    return tmp_path


def installs(clone):
    """Call a target; tell whether it installed anything first."""
    asked = clone / ".venv" / "asked"
    asked.unlink(missing_ok=True)
    make(clone, "bench")
    lines = asked.read_text().splitlines()
    assert lines[-1] == "bench detector"
    return any("pip install" in line for line in lines)


@pytest.mark.parametrize("stale", ["pyproject.toml", "constraints.txt", ".venv/.made-from"])
def test_stale_environment_is_installed_again_once(clone, stale):
    assert installs(clone)
    assert not installs(clone)
    with (clone / stale).open("a") as file:
        file.write("# Changed.\n")
    assert installs(clone)
    assert not installs(clone)


def test_environment_that_was_moved_is_made_again(clone, tmp_path_factory):
    """Its scripts hold the path that they were made in."""
    assert installs(clone)
    moved = tmp_path_factory.mktemp("moved") / "clone"
    clone.rename(moved)
    assert installs(moved)
