"""Times of operators, XNNPACK's included, through LiteRT's C API."""

import os

import costed_network
import pytest

from decant.errors import DataError, InternalError
from decant.litert_c import LIBRARY
from decant.runtime_profile import profile_files

# Few runs are enough for which is the longest; more for how long all take together.
FEW = {"rounds": (3, 3)}


@pytest.fixture(scope="module")
def profile():
    content = costed_network.costed_network().to_bytes()
    return profile_files({"x": content}, rounds=(40, 40))["x"]


def test_the_operators_take_together_what_the_whole_takes(profile):
    """Each is timed in whole microseconds, and a run has 40 more for its buffers."""
    beyond_ms = profile.whole_ms - profile.sum_ms
    assert -0.1 * profile.whole_ms < beyond_ms < 0.1 * profile.whole_ms + 0.1


def test_the_longest_operator_is_the_large_convolution(profile):
    longest = max(profile.operators, key=lambda operator: operator.ms)
    assert longest.name.startswith("Convolution (NHWC, F32)")
    assert longest.ms > profile.sum_ms / 3


def test_what_xnnpack_does_not_run_is_told_with_its_number():
    content = costed_network.softmax_of_integers().to_bytes()
    operators = profile_files({"x": content}, **FEW)["x"].operators
    assert [operator.delegated for operator in operators] == [True, False, True]
    assert (operators[1].name, operators[1].number) == ("SOFTMAX", 1)


def test_files_are_told_apart():
    files = {
        "one": costed_network.softmax_of_integers().to_bytes(),
        "two": costed_network.costed_network().to_bytes(),
    }
    profiles = profile_files(files, **FEW)
    assert profiles["one"].whole_ms < profiles["two"].whole_ms
    assert [*profiles] == ["one", "two"]


def test_two_threads_are_timed_by_a_clock():
    content = costed_network.costed_network().to_bytes()
    profile = profile_files({"x": content}, threads=2, **FEW)["x"]
    assert profile.whole_ms > 0


def test_a_damaged_file_is_named():
    with pytest.raises(DataError, match=r"pages\.tflite: LiteRtCreateModelFromBuffer .* 501"):
        profile_files({"pages.tflite": b"\0" * 64}, **FEW)


def test_a_crash_becomes_a_message():
    with pytest.raises(InternalError, match="was killed by SIGABRT"):
        profile_files({"x": _Fatal()}, **FEW)


def test_a_missing_library_is_named(tmp_path, monkeypatch, fresh_children):
    package = tmp_path / "ai_edge_litert"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    content = costed_network.softmax_of_integers().to_bytes()
    with pytest.raises(InternalError, match=rf"{LIBRARY}: cannot be loaded .*install"):
        profile_files({"x": content}, **FEW)


class _Fatal:
    """Ends the process that reads it."""

    def __reduce__(self):
        return os.abort, ()
