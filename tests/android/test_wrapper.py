"""The scripts of the Gradle wrapper are the project's own; another jar stands for Gradle's."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path("android_demo")
MAIN = """package org.gradle.wrapper;

public class GradleWrapperMain {
    public static void main(String[] arguments) {
        System.out.print(System.getProperty("org.gradle.appname"));
        System.out.println(System.getProperty("given", ""));
        for (String argument : arguments) System.out.println("[" + argument + "]");
        System.exit(arguments.length);
    }
}
"""


@pytest.fixture
def project(tmp_path):
    """Copy the wrapper's files, without a jar, into a folder whose name has a space."""
    folder = tmp_path / "a project"
    (folder / "gradle/wrapper").mkdir(parents=True)
    for name in ("gradlew", "make-wrapper"):
        shutil.copy(PROJECT / name, folder)
    for path in (PROJECT / "gradle/wrapper").glob("gradle-wrapper.*"):
        if path.suffix != ".jar":
            shutil.copy(path, folder / "gradle/wrapper")
    return folder


@pytest.fixture(scope="module")
def jar(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrapper")
    source = folder / "org/gradle/wrapper/GradleWrapperMain.java"
    source.parent.mkdir(parents=True)
    source.write_text(MAIN)
    subprocess.run(["javac", source], check=True)
    made = folder / "gradle-wrapper.jar"
    subprocess.run(["jar", "--create", "--file", made, "-C", folder, "org"], check=True)
    return made


def run(folder, *command, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_gradlew_hands_its_arguments_to_the_jar(project, jar, tmp_path):
    shutil.copy(jar, project / "gradle/wrapper")
    ended = run(tmp_path, project / "gradlew", ":app:lint", "-Pa=b c", "", GRADLE_OPTS="-Dgiven=!")
    assert ended.stdout.splitlines() == ["gradlew!", "[:app:lint]", "[-Pa=b c]", "[]"]
    assert ended.returncode == 3


def test_gradlew_names_what_makes_a_missing_jar(project):
    ended = run(project, "./gradlew")
    assert ended.returncode == 1
    assert (
        f"{project}/gradle/wrapper/gradle-wrapper.jar is missing; run {project}/make-wrapper"
        in (ended.stderr)
    )


def test_gradlew_names_a_java_home_without_java(project, jar):
    shutil.copy(jar, project / "gradle/wrapper")
    ended = run(project, "./gradlew", JAVA_HOME="/nowhere")
    assert (ended.returncode, "JAVA_HOME is /nowhere" in ended.stderr) == (1, True)


def write_gradle(folder, jar):
    """Write a gradle that does of `gradle wrapper` what make-wrapper uses of it."""
    gradle = folder / "bin/gradle"
    gradle.parent.mkdir()
    gradle.write_text(
        "#!/bin/sh\nset -eu\n[ -f settings.gradle ]\n"
        'echo "$@" >> "$ASKED"\nmkdir -p gradle/wrapper\n'
        f"cp '{jar}' gradle/wrapper/gradle-wrapper.jar\n"
        '[ -f gradlew ] || cp "$0" gradlew\n'
    )
    gradle.chmod(0o755)
    return f"{gradle.parent}{os.pathsep}{os.environ['PATH']}"


def test_a_jar_of_another_hash_is_not_kept(project, jar, tmp_path):
    path = write_gradle(tmp_path, jar)
    ended = run(project, "./make-wrapper", PATH=path, ASKED=tmp_path / "asked")
    assert ended.returncode == 1
    assert hashlib.sha256(jar.read_bytes()).hexdigest() in ended.stderr
    assert not (project / "gradle/wrapper/gradle-wrapper.jar").exists()
    # The Gradle at hand first, then the pinned one.
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


def test_a_jar_of_the_published_hash_is_kept_and_made_once(project, jar, tmp_path):
    published = hashlib.sha256(jar.read_bytes()).hexdigest()
    (project / "gradle/wrapper/gradle-wrapper.jar.sha256").write_text(f"{published}  a.jar\n")
    path = write_gradle(tmp_path, jar)
    for _ in range(2):
        ended = run(project, "./make-wrapper", PATH=path, ASKED=tmp_path / "asked")
        assert ended.returncode == 0, ended.stderr
    assert (project / "gradle/wrapper/gradle-wrapper.jar").read_bytes() == jar.read_bytes()
    (asked,) = (tmp_path / "asked").read_text().splitlines()
    url = "https://services.gradle.org/distributions/gradle-9.4.1-bin.zip"
    assert f"--gradle-distribution-url {url} --gradle-distribution-sha256-sum 2ab2958f" in asked


def test_make_wrapper_names_a_missing_gradle(project):
    ended = run(project, "./make-wrapper", PATH="/usr/bin:/bin")
    assert (ended.returncode, "gradle is missing" in ended.stderr) == (1, True)
