"""The workflow that builds the app says what it must, as far as that can be read."""

import importlib.machinery
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath

import pytest
import yaml
from android_sources import MADE

WORKFLOWS = sorted(Path(".github/workflows").glob("*.y*ml"))
# Newest majors that run on Node 24; Node 20 is gone from the runners.
MAJORS = {
    "actions/checkout": 6,
    "actions/download-artifact": 7,
    "actions/setup-java": 5,
    "actions/setup-python": 6,
    "actions/upload-artifact": 6,
    "gradle/actions/setup-gradle": 6,
    "reactivecircus/android-emulator-runner": 2,
}


@pytest.fixture(scope="module")
def runner():
    """Load .ci/workflow, which is no module by its name."""
    loader = importlib.machinery.SourceFileLoader("ci_workflow", ".ci/workflow")
    spec = importlib.util.spec_from_loader("ci_workflow", loader)
    module = importlib.util.module_from_spec(spec)
    # Its dataclass looks for its module there.
    sys.modules["ci_workflow"] = module
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def android():
    return yaml.safe_load(Path(".github/workflows/android.yml").read_text())


def step_named(android, job, part):
    return next(
        each
        for each in android["jobs"][job]["steps"]
        if part in each.get("uses", each.get("name", ""))
    )


def test_every_run_step_is_marked_once(runner):
    names = [step.name for step in runner.steps()]
    assert len(runner.HERE) >= 2
    assert set(names) == {*runner.HERE, *runner.ELSEWHERE}
    assert not set(runner.HERE) & set(runner.ELSEWHERE)


def test_a_step_that_uses_gradle_or_the_sdk_is_not_run_here(runner):
    for step in runner.steps():
        if step.name in runner.HERE:
            assert not re.search(r"gradlew|\badb\b|sudo|outputs/apk", step.script), step.name


def test_a_failing_step_ends_the_run(runner, tmp_path, capfd):
    step = runner.Step("a.yml", "build", "two lines", "false\necho went on", ".", {})
    assert runner.run_step(step, tmp_path) is False
    assert "went on" not in capfd.readouterr().out
    assert runner.run_step(runner.Step("a.yml", "build", "fine", "true", ".", {}), tmp_path) is True


USES = re.compile(r"uses: (\S+?)@(\S+)(?: # v(\S+))?$", re.MULTILINE)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_say_their_version(path):
    found = USES.findall(path.read_text())
    assert len(found) == path.read_text().count("uses: ")
    for action, commit, version in found:
        assert re.fullmatch(r"[0-9a-f]{40}", commit), action
        assert int(version.split(".")[0]) == MAJORS[action], action


def test_an_action_has_one_pin():
    pins = {
        (action, commit)
        for path in WORKFLOWS
        for action, commit, _ in USES.findall(path.read_text())
    }
    assert len(pins) == len({action for action, _ in pins})


def triggers(android):
    # YAML 1.1 reads the key "on" as true.
    return android.get("on", android.get(True))


def test_the_workflow_runs_when_anything_changes_that_makes_the_model(android):
    packages = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["setuptools"][
        "package-dir"
    ]
    files = ["Makefile", "constraints.txt", "pyproject.toml", ".github/workflows/android.yml"]
    files += [f"{folder}/a.py" for folder in packages.values()]
    files += [
        "decant/contract/sidecar/schema.py",
        "zoo/detector/model.toml",
        "android_demo/app/a.kt",
    ]
    for event in ("push", "pull_request"):
        patterns = triggers(android)[event]["paths"]
        missed = [file for file in files if not any(matches(file, each) for each in patterns)]
        assert missed == []


def matches(file, pattern):
    """Match the two kinds of pattern that are used: a file, and all below a folder."""
    if pattern.endswith("/**"):
        return PurePosixPath(pattern.removesuffix("/**")) in PurePosixPath(file).parents
    assert "*" not in pattern
    return file == pattern


def test_path_filters_name_what_is_there(android):
    for event in ("push", "pull_request"):
        for pattern in triggers(android)[event]["paths"]:
            assert Path(pattern.removesuffix("/**")).exists(), pattern


def test_wheels_are_for_the_cpu_and_kept(android):
    variable = android["jobs"]["build"]["env"]["PIP_EXTRA_INDEX_URL"]
    assert variable == "${{ vars.TORCH_CPU_INDEX }}"
    checked = step_named(android, "build", "There is an index")["run"]
    for index, code in (("", 1), ("an index", 0)):
        ended = subprocess.run(["sh", "-c", checked], env={"PIP_EXTRA_INDEX_URL": index})
        assert ended.returncode == code
    given = step_named(android, "build", "setup-python")["with"]
    assert given["cache"] == "pip"
    assert given["cache-dependency-path"].split() == ["constraints.txt", "pyproject.toml"]


@pytest.mark.parametrize("job", ["build", "emulator"])
def test_gradle_is_the_wrappers_and_its_cache_the_open_one(android, job):
    given = step_named(android, job, "setup-gradle")["with"]
    properties = Path("android_demo/gradle/wrapper/gradle-wrapper.properties").read_text()
    assert given["cache-provider"] == "basic"
    assert f"gradle-{given['gradle-version']}-bin.zip" in properties
    scripts = [
        line
        for each in android["jobs"][job]["steps"]
        for line in f"{each.get('run', '')}\n{each.get('with', {}).get('script', '')}".splitlines()
    ]
    assert any("./gradlew" in line for line in scripts)
    assert not any(re.match(r"\s*gradle\b", line) for line in scripts)


def test_no_artefact_is_unpacked_where_a_tool_makes_a_folder(android):
    for job in android["jobs"].values():
        for step in job["steps"]:
            if "download-artifact" in step.get("uses", ""):
                assert not MADE & set(Path(step["with"]["path"]).parts)


def test_emulators_of_old_and_new_androids_and_of_large_pages(android):
    matrix = android["jobs"]["emulator"]["strategy"]["matrix"]["include"]
    bundled = [each for each in matrix if each["flavour"] == "bundled"]
    assert {each["api-level"] for each in bundled} == {24, 34, 36}
    assert any(each["target"].endswith("_ps16k") for each in bundled)
    assert all(each["tests"] == "connectedBundledDebugAndroidTest" for each in bundled)
    play = next(each for each in matrix if each["flavour"] == "play")
    assert play["target"] == "google_apis"


def test_both_flavours_are_linted_and_every_apk_is_checked(runner):
    scripts = {step.name: step.script for step in runner.steps()}
    every = "\n".join(scripts.values())
    for part in (":app:lintBundledRelease", ":app:lintPlayRelease", ":app:assembleRelease"):
        assert part in every
    for check in ("check-alignment", "check-permissions"):
        assert f"xargs android_demo/{check} < apks" in every
