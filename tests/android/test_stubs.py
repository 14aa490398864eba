"""The stubs of the libraries refuse what the libraries refuse, and take what they take."""

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("stubs")
SOURCES = Path(__file__).parent
REFUSED = {
    (source.name, number): marked[1]
    for source in sorted((SOURCES / "refused").iterdir())
    for number, line in enumerate(source.read_text().splitlines(), 1)
    if (marked := re.search(r"// refused (\d+)", line))
}


@pytest.fixture(scope="module")
def errors(jvm, tmp_path_factory):
    """Give what the compiler says of each line of tests/android/refused."""
    jar = tmp_path_factory.mktemp("refused") / "refused.jar"
    status, said = jvm.compile(SOURCES / "refused", jar)
    assert status != 0
    found = re.findall(r"(\w+\.kt):(\d+):\d+: error: (.*)", said)
    return {(file, int(line)): message for file, line, message in found}


@pytest.mark.parametrize("place", REFUSED, ids=[f"{n}-{f}:{i}" for (f, i), n in REFUSED.items()])
def test_a_wrong_call_is_refused(errors, place):
    assert place in errors


def test_nothing_else_is_refused(errors):
    """An error elsewhere would mean that a case fails for a reason of its own."""
    assert errors.keys() - REFUSED.keys() == set()


def test_a_right_call_is_taken(jvm, tmp_path):
    status, said = jvm.compile(SOURCES / "accepted", tmp_path / "accepted.jar")
    assert status == 0, said


@pytest.mark.parametrize(
    ("flavour", "application"), [("bundled", "dev.decant.demo"), ("play", "dev.decant.demo.play")]
)
def test_each_flavour_is_checked_with_its_own_application_id(jvm, tmp_path, flavour, application):
    """Difference 38: the Play flavour has a suffix."""
    command = ["jar", "--extract", "--file", (jvm.jars / f"app/{flavour}.jar").resolve()]
    subprocess.run([*command, "dev/decant/demo/BuildConfig.class"], cwd=tmp_path, check=True)
    compiled = (tmp_path / "dev/decant/demo/BuildConfig.class").read_bytes()
    # A constant of a class file: its length in two bytes, then the text.
    assert len(application).to_bytes(2) + application.encode() in compiled
