"""What lies in android_demo fits the tools that build it."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from android_sources import MADE, PROJECT

ANDROID = "{http://schemas.android.com/apk/res/android}"
TOOLS = "{http://schemas.android.com/tools}"
RESOURCES = PROJECT / "app/src/main/res"


def tracked_files():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", PROJECT],
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in listed.stdout.splitlines()]


def test_no_file_has_a_name_that_gradle_makes():
    taken = [str(path) for path in tracked_files() if MADE & set(path.relative_to(PROJECT).parts)]
    assert taken == []


@pytest.fixture(scope="module")
def manifest():
    return ElementTree.parse(PROJECT / "app/src/main/AndroidManifest.xml").getroot()


@pytest.mark.parametrize("feature", ["camera", "camera.any", "camera.autofocus"])
def test_the_app_can_be_installed_without_a_camera(manifest, feature):
    """The permission implies the first and the last; Lint refuses that for Chrome OS."""
    required = {
        each.get(f"{ANDROID}name"): each.get(f"{ANDROID}required")
        for each in manifest.iter("uses-feature")
    }
    assert required[f"android.hardware.{feature}"] == "false"


def test_permissions_of_libraries_are_removed(manifest):
    nodes = {
        each.get(f"{ANDROID}name"): each.get(f"{TOOLS}node")
        for each in manifest.iter("uses-permission")
    }
    prefix = "android.permission."
    assert nodes == {
        f"{prefix}CAMERA": None,
        f"{prefix}FOREGROUND_SERVICE": "remove",
        f"{prefix}FOREGROUND_SERVICE_DATA_SYNC": "remove",
    }


def test_listed_permissions_are_those_of_the_manifest(manifest):
    lines = (PROJECT / "permissions.txt").read_text().splitlines()
    listed = [line for line in lines if line.startswith("android.")]
    kept = [
        each.get(f"{ANDROID}name")
        for each in manifest.iter("uses-permission")
        if each.get(f"{TOOLS}node") != "remove"
    ]
    assert listed == kept


DOMAINS = {
    f"{device}{name}"
    for device in ("", "device_")
    for name in ("root", "file", "database", "sharedpref")
} | {"external"}


@pytest.mark.parametrize(
    ("attribute", "places"),
    [
        ("dataExtractionRules", ["cloud-backup", "device-transfer"]),
        ("fullBackupContent", ["."]),
    ],
)
def test_nothing_is_backed_up_or_moved(manifest, attribute, places):
    application = manifest.find("application")
    kind, name = application.get(f"{ANDROID}{attribute}").removeprefix("@").split("/")
    rules = ElementTree.parse(RESOURCES / kind / f"{name}.xml").getroot()
    for place in places:
        excluded = rules.find(place)
        assert {each.tag for each in excluded} == {"exclude"}
        # Without a path a rule is for all of its domain.
        assert all(each.attrib.keys() == {"domain"} for each in excluded)
        assert {each.get("domain") for each in excluded} == DOMAINS
    assert application.get(f"{TOOLS}ignore") is None


def test_check_and_build_have_the_same_kotlin():
    catalog = tomllib.loads((PROJECT / "gradle/libs.versions.toml").read_text())
    compiler = json.loads((PROJECT / "compiler/package.json").read_text())
    version = catalog["versions"]["kotlin"]
    assert compiler["dependencies"]["kotlin-compiler"] == version
    language = re.search(r"KOTLIN_LANGUAGE=(\S+)", (PROJECT / "check-app").read_text())[1]
    assert version.startswith(f"{language}.")


def test_core_has_the_same_java_in_check_and_build():
    """Without a release the newest JDK's calls compile, which no phone has."""
    build = (PROJECT / "core/build.gradle.kts").read_text()
    assert "JvmTarget.JVM_1_8" in build
    assert '"-Xjdk-release=8"' in build
    assert (PROJECT / "compile-core").read_text().count("JAVA_RELEASE=8 compile core") == 2


def test_lint_looks_into_the_core():
    assert "checkDependencies = true" in (PROJECT / "app/build.gradle.kts").read_text()
    assert "libs.plugins.android.lint" in (PROJECT / "core/build.gradle.kts").read_text()


def test_kotlins_android_plugin_is_not_applied():
    """From version 9 on the Android Gradle plugin has Kotlin built in, and refuses the other."""
    for build in PROJECT.glob("**/*.gradle.kts"):
        assert "org.jetbrains.kotlin.android" not in build.read_text()
    assert "org.jetbrains.kotlin.android" not in (PROJECT / "gradle/libs.versions.toml").read_text()
