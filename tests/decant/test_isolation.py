"""A crash in a child process becomes a message; results and exceptions come back whole."""

import math
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest

from decant import isolation
from decant.child_process import Child
from decant.errors import DataError, InternalError

CHILD_MODULE = """
import ctypes, os, sys, time
import numpy as np
from decant.errors import DataError

class Awkward(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

def double(x):
    return 2 * x

def speak_and_die():
    os.write(2, b"first\\nnative last words\\n")
    os.abort()

def refuse():
    raise DataError("pages/7.jpg: not a picture")

def refuse_awkwardly():
    raise Awkward("this", "that")

def overflow():
    api = ctypes.pythonapi
    api.PyMem_RawMalloc.restype = ctypes.c_void_p
    block = api.PyMem_RawMalloc(ctypes.c_size_t(24))
    ctypes.memset(block + 24, 0x5A, 1)
    api.PyMem_RawFree(ctypes.c_void_p(block))
    return "survived"

def leave():
    os._exit(3)

def sleep():
    time.sleep(30)

def write_pid_and_sleep(path):
    with open(path + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(path + ".part", path)
    time.sleep(30)

def zeros(count):
    return bytes(count)

READY = []

def get_ready():
    READY.append(os.getpid())
    open(os.path.join(os.path.dirname(__file__), "ready"), "w").close()

def was_ready():
    return READY

def die_early():
    os.abort()

def fill_the_disk_of(path):
    raise OSError(28, "No space left on device", path)
"""


@pytest.fixture
def child(tmp_path, monkeypatch):
    (tmp_path / "child_module.py").write_text(CHILD_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "child_module", raising=False)
    import child_module

    return child_module


def test_result_comes_back_from_another_process():
    assert isolation.run_isolated(os.getpid) != os.getpid()


def test_arrays_travel_both_ways(child):
    array = np.random.default_rng(0).normal(size=(3, 5, 7)).astype(np.float32)
    np.testing.assert_array_equal(isolation.run_isolated(child.double, array), 2 * array)


def test_crash_names_function_signal_and_last_words(child):
    with pytest.raises(InternalError) as caught:
        isolation.run_isolated(child.speak_and_die)
    message = str(caught.value)
    assert "child_module.speak_and_die" in message
    assert "SIGABRT" in message
    assert "native last words" in message


def test_silent_exit_names_the_code(child):
    with pytest.raises(InternalError, match="exit code 3"):
        isolation.run_isolated(child.leave)


def test_exception_keeps_its_class_and_message(child):
    with pytest.raises(DataError, match=r"pages/7\.jpg"):
        isolation.run_isolated(child.refuse)
    with pytest.raises(ValueError, match="math domain error"):
        isolation.run_isolated(math.sqrt, -1.0)


def test_exception_that_cannot_be_rebuilt_keeps_its_message(child):
    with pytest.raises(InternalError, match="Awkward: this and that"):
        isolation.run_isolated(child.refuse_awkwardly)


def test_heap_corruption_is_fatal_only_when_checked(child):
    assert isolation.run_isolated(child.overflow) == "survived"
    with pytest.raises(InternalError, match="SIGABRT"):
        isolation.run_checked(child.overflow)


def test_child_makes_itself_ready_before_it_is_asked(child, tmp_path):
    with Child(prepare=child.get_ready) as ahead:
        ahead.start()
        assert awaited(tmp_path / "ready").exists()
        (pid,) = ahead.call(child.was_ready)
    assert pid != os.getpid()


def test_child_that_nobody_asks_is_gone_at_the_end(child):
    with Child(prepare=child.sleep) as ahead:
        ahead.start()
        pid = ahead._process.pid
        assert is_running(pid)
    assert not is_running(pid)


def test_child_answers_no_second_call(child):
    with Child() as process:
        assert process.call(child.double, (2,)) == 4
        with pytest.raises(AssertionError, match="answers one call"):
            process.call(child.double, (3,))


def test_crash_while_getting_ready_is_told_when_asked(child):
    with Child(prepare=child.die_early) as ahead, pytest.raises(InternalError, match="SIGABRT"):
        ahead.call(child.double, (1,))


def test_timeout_kills_the_process(child):
    start = time.monotonic()
    with pytest.raises(InternalError, match=r"no answer within 0\.5 s"):
        isolation.run_in_child(child.sleep, timeout_s=0.5)
    assert time.monotonic() - start < 10


def test_captured_noise_stays_off_the_terminal():
    script = (
        "import os\nfrom decant.isolation import captured_noise\n"
        "with captured_noise(): os.write(2, b'delegate')\n"
        "os.write(2, b'after')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stderr == b"after"


def _fail_noisily():
    with isolation.captured_noise():
        os.write(2, b"native reason\n")
        raise ValueError("no interpreter")


def test_captured_noise_goes_with_the_failure():
    with pytest.raises(ValueError, match="no interpreter") as caught:
        _fail_noisily()
    assert any("native reason" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("name", "argument"), [("double", b"x" * 2000), ("zeros", 2000)], ids=["request", "answer"]
)
def test_full_place_of_temporary_files_is_named(child, name, argument):
    """A limit on the size of files stands for the disk: the system refuses in the same way."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DataError, match="TMPDIR") as caught:
            isolation.run_isolated(getattr(child, name), argument)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(caught.value).startswith(f"{tempfile.gettempdir()}: cannot be written")


def test_full_disk_of_the_caller_is_not_taken_for_that_of_temporary_files(child):
    with pytest.raises(OSError, match="/mnt/results"):
        isolation.run_isolated(child.fill_the_disk_of, "/mnt/results")


def test_child_ends_with_a_caller_that_is_killed_outright(child, tmp_path):
    code = (
        "import child_module, sys; from decant import isolation; "
        "isolation.run_isolated(child_module.write_pid_and_sleep, sys.argv[1])"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    caller = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "pid")], env={**os.environ, "PYTHONPATH": path}
    )
    pid = int(awaited(tmp_path / "pid").read_text())
    caller.kill()
    caller.wait()
    end = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_running(pid)


def awaited(path, patience_s=60):
    end = time.monotonic() + patience_s
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    return path


def is_running(pid):
    """Whether there is such a process; a zombie, which nobody has waited for, has ended."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
