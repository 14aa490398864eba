"""What `make test-fast` runs starts no process and loads neither LiteRT nor TensorFlow."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
import slow
from ai_edge_litert import interpreter

TESTS = Path(__file__).parent


def import_tensorflow():
    # As if nothing had imported it yet.
    kept = {name: sys.modules.pop(name) for name in [*sys.modules] if name == "tensorflow"}
    try:
        # The statement, not import_module, is what the interpreter reports.
        import tensorflow  # noqa: F401
    finally:
        sys.modules.update(kept)


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (lambda: subprocess.run(["true"]), "subprocess.Popen"),
        (lambda: os.system("true"), "os.system"),
        (os.fork, "os.fork"),
        (lambda: multiprocessing.get_context("spawn").Process().start(), "multiprocessing"),
        (lambda: interpreter.Interpreter("net.tflite"), "ai_edge_litert.interpreter"),
        (import_tensorflow, "import tensorflow"),
    ],
    ids=["subprocess", "shell", "fork", "multiprocessing", "LiteRT", "TensorFlow"],
)
def test_a_fast_test_that_is_slow_is_refused(start, what):
    with slow.refused(), pytest.raises(pytest.fail.Exception, match=f"{what}.*; mark it slow"):
        start()


def test_nothing_is_refused_afterwards():
    with slow.refused():
        pass
    assert subprocess.run([sys.executable, "-c", "print(3)"], capture_output=True).stdout == b"3\n"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("decant/test_spec.py", False),
        ("decant/test_runtime.py", True),
        ("cli/test_usage.py", True),
        ("bench/test_measure.py", True),
        ("android_project/test_arguments.py", False),
    ],
    ids=["neither", "LiteRT", "by the conftest beside it", "by a case", "text only"],
)
def test_a_file_is_slow_by_what_it_imports(file, expected):
    assert slow.is_slow(TESTS / file) is expected


@pytest.fixture(scope="module")
def shared():
    """What takes long to make, for the tests of this file."""


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_tests_that_share_a_fixture_run_in_one_process(request, shared):
    assert not request.config.option.loadgroup or "@" in request.node.nodeid
