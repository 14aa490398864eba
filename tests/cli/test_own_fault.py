"""Of a fault in a child process the log holds what whoever mends it needs."""

import os
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer

from decant import __version__
from decant.cli.session import session
from decant.errors import DataError, InternalError
from decant.isolation import run_checked, run_in_child, run_isolated

CHILD_MODULE = """
import os, signal, sys, time
from decant.errors import InternalError

class Awkward(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

def say():
    print("said in Python")
    os.write(2, b"said by native code\\n")

def index():
    say()
    return [][3]

def awkward():
    say()
    raise Awkward("this", "that")

def die(number):
    say()
    os.kill(os.getpid(), number)
    time.sleep(5)

def sleep():
    say()
    sys.stdout.flush()
    time.sleep(60)

def below():
    from decant.isolation import run_isolated
    run_isolated(index)
"""


@pytest.fixture
def child(tmp_path, monkeypatch):
    (tmp_path / "faulty.py").write_text(CHILD_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "faulty", raising=False)
    import faulty

    return faulty


def log_of(capfd, call):
    """Run a command that fails by its own fault; returns its message and the log it kept."""
    with pytest.raises(typer.Exit) as caught, session():
        call()
    assert caught.value.exit_code == 70
    err = capfd.readouterr().err
    assert "Traceback" not in err
    path = Path(re.search(r"please report it with (\S+)", err)[1])
    log = path.read_text()
    path.unlink()
    return err, log


@pytest.mark.parametrize(
    ("call", "message", "where"),
    [
        pytest.param(
            lambda faulty: run_isolated(faulty.index),
            "IndexError: list index out of range",
            r"line \d+, in index\n +return \[\]\[3\]",
            id="exception",
        ),
        pytest.param(
            lambda faulty: run_isolated(faulty.awkward),
            "Awkward: this and that",
            r"line \d+, in awkward\n",
            id="exception-that-cannot-be-rebuilt",
        ),
        pytest.param(
            lambda faulty: run_isolated(faulty.below),
            "IndexError: list index out of range",
            r"line \d+, in below\n(.|\n)*line \d+, in index\n|"
            r"line \d+, in index\n(.|\n)*line \d+, in below\n",
            id="child-of-a-child",
        ),
        pytest.param(
            lambda faulty: run_isolated(faulty.die, 11),
            "was killed by SIGSEGV",
            r"Segmentation fault\n(.|\n)*line \d+ in die",
            id="segmentation-fault",
        ),
        pytest.param(
            lambda faulty: run_checked(faulty.die, 6),
            "was killed by SIGABRT",
            r"Aborted\n(.|\n)*line \d+ in die",
            id="abort",
        ),
        pytest.param(
            lambda faulty: run_isolated(faulty.die, 9),
            "was killed by SIGKILL, which is what the system does when memory runs out",
            "faulty.die",
            id="out-of-memory",
        ),
        pytest.param(
            lambda faulty: run_in_child(faulty.sleep, timeout_s=3),
            "no answer within 3 s",
            r"line \d+ in sleep",
            id="timeout",
        ),
    ],
)
def test_the_log_holds_the_childs_own_story(capfd, child, call, message, where):
    err, log = log_of(capfd, lambda: call(child))
    assert message in err
    assert re.search(where, log)
    assert "said by native code" in log
    assert f"decant {__version__}, Python {sys.version.split()[0]}" in log
    assert f"command: {shlex.join(sys.argv)}" in log
    assert f"folder: {os.getcwd()}" in log
    assert re.search(r"the child process:\n.*decant\.child_process import serve", log)
    assert re.search(r"onnx \d+\.\d+", log)


def test_a_checked_childs_environment_is_in_the_log(capfd, child):
    _, log = log_of(capfd, lambda: run_checked(child.index))
    assert "MALLOC_CHECK_=3" in log


def test_what_python_printed_is_in_the_log(capfd, child):
    _, log = log_of(capfd, lambda: run_isolated(child.index))
    assert "said in Python" in log


def test_the_childs_story_survives_another_message(capfd, child):
    def call():
        try:
            run_isolated(child.index)
        except IndexError as error:
            raise InternalError(f"the search fails: {error}") from error

    err, log = log_of(capfd, call)
    assert "the search fails" in err
    assert re.search(r"line \d+, in index\n", log)


def test_a_refusal_keeps_no_log(capfd):
    with pytest.raises(typer.Exit), session():
        run_isolated(_refuse)
    assert capfd.readouterr().err == "error: pages/7.jpg: not a picture\n"


def _refuse():
    raise DataError("pages/7.jpg: not a picture")
