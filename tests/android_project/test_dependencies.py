"""What the sources import is a declared dependency, not what another library happens to bring."""

import re
import tomllib
from pathlib import Path

import pytest
from android_sources import PROJECT, imports, kotlin_sources

# The longest prefix of an import says which artefacts may bring it.
ARTEFACTS = {
    "androidx.activity": "androidx.activity:activity",
    "androidx.activity.compose": "androidx.activity:activity-compose",
    "androidx.annotation": "androidx.annotation:annotation",
    "androidx.annotation.OptIn": "androidx.annotation:annotation-experimental",
    "androidx.camera.camera2": "androidx.camera:camera-camera2",
    "androidx.camera.core": "androidx.camera:camera-core",
    "androidx.camera.lifecycle": "androidx.camera:camera-lifecycle",
    "androidx.camera.view": "androidx.camera:camera-view",
    "androidx.compose.foundation": "androidx.compose.foundation:foundation",
    "androidx.compose.foundation.layout": "androidx.compose.foundation:foundation-layout",
    "androidx.compose.material3": "androidx.compose.material3:material3",
    "androidx.compose.runtime": "androidx.compose.runtime:runtime",
    "androidx.compose.runtime.saveable": "androidx.compose.runtime:runtime-saveable",
    "androidx.compose.ui": "androidx.compose.ui:ui",
    "androidx.compose.ui.geometry": "androidx.compose.ui:ui-geometry",
    "androidx.compose.ui.graphics": "androidx.compose.ui:ui-graphics",
    "androidx.compose.ui.test": "androidx.compose.ui:ui-test",
    "androidx.compose.ui.test.junit4": "androidx.compose.ui:ui-test-junit4",
    "androidx.compose.ui.text": "androidx.compose.ui:ui-text",
    "androidx.compose.ui.unit": "androidx.compose.ui:ui-unit",
    "androidx.core": "androidx.core:core",
    "androidx.exifinterface": "androidx.exifinterface:exifinterface",
    "androidx.lifecycle.AndroidViewModel": "androidx.lifecycle:lifecycle-viewmodel",
    "androidx.lifecycle.Lifecycle": "androidx.lifecycle:lifecycle-common",
    "androidx.lifecycle.LifecycleOwner": "androidx.lifecycle:lifecycle-common",
    "androidx.lifecycle.LiveData": "androidx.lifecycle:lifecycle-livedata-core",
    "androidx.lifecycle.Observer": "androidx.lifecycle:lifecycle-livedata-core",
    "androidx.lifecycle.SavedStateHandle": "androidx.lifecycle:lifecycle-viewmodel-savedstate",
    "androidx.lifecycle.ViewModel": "androidx.lifecycle:lifecycle-viewmodel",
    "androidx.lifecycle.ViewModelProvider": "androidx.lifecycle:lifecycle-viewmodel",
    "androidx.lifecycle.ViewModelStoreOwner": "androidx.lifecycle:lifecycle-viewmodel",
    "androidx.lifecycle.compose": "androidx.lifecycle:lifecycle-runtime-compose",
    "androidx.lifecycle.viewmodel": "androidx.lifecycle:lifecycle-viewmodel",
    "androidx.lifecycle.viewmodel.compose": "androidx.lifecycle:lifecycle-viewmodel-compose",
    "androidx.lifecycle.viewModelScope": "androidx.lifecycle:lifecycle-viewmodel",
    "androidx.test.core": "androidx.test:core",
    "androidx.test.ext.junit": "androidx.test.ext:junit",
    "androidx.test.platform": "androidx.test:monitor",
    # Both bring litert-api, as their guides say; the one of Play services fits the runtime there.
    "com.google.ai.edge.litert": "com.google.ai.edge.litert:litert|"
    "com.google.android.gms:play-services-litert",
    "com.google.android.gms.common": "com.google.android.gms:play-services-basement",
    "com.google.android.gms.litert": "com.google.android.gms:play-services-litert",
    "com.google.android.gms.tasks": "org.jetbrains.kotlinx:kotlinx-coroutines-play-services",
    "com.google.common": "com.google.guava:guava",
    "com.google.gson": "com.google.code.gson:gson",
    "com.sun.jna": "net.java.dev.jna:jna",
    "kotlinx.coroutines": "org.jetbrains.kotlinx:kotlinx-coroutines-core",
    "kotlinx.coroutines.tasks": "org.jetbrains.kotlinx:kotlinx-coroutines-play-services",
    "org.junit": "junit:junit",
}
PLATFORM = ("android.", "com.sun.management.", "dev.decant.", "java.", "javax.", "kotlin.")
CATALOG = tomllib.loads((PROJECT / "gradle/libs.versions.toml").read_text())
# Sources of a module, and the configurations that its compiler sees.
MAIN = {"implementation"}
CASES = {
    "app, bundled": ("app", ("src/main", "src/bundled"), MAIN | {"bundledImplementation"}),
    "app, play": ("app", ("src/main", "src/play"), MAIN | {"playImplementation"}),
    "app, instrumented tests": (
        "app", ("src/androidTest",), MAIN | {"bundledImplementation", "androidTestImplementation"},
    ),
    "core": ("core", ("src/main",), MAIN),
    "core, tests": ("core", ("src/test",), MAIN | {"testImplementation"}),
    "host": ("host", ("src/main",), MAIN),
    "host, tests": ("host", ("src/test",), MAIN | {"testImplementation"}),
}  # fmt: skip


def artefacts(alias):
    """Give the artefacts of a library or a bundle of the catalogue, named as in a build file."""
    if alias.startswith("bundles."):
        return {CATALOG["libraries"][name]["module"] for name in CATALOG["bundles"][alias[8:]]}
    names = {name.replace("-", "."): each["module"] for name, each in CATALOG["libraries"].items()}
    return {names[alias]}


def declared(module, configurations):
    """Collect the artefacts that a module declares in some configurations."""
    build = (PROJECT / module / "build.gradle.kts").read_text()
    found = re.findall(r'"?(\w+mplementation)"?\(libs\.([\w.]+)\)', build)
    return {
        artefact
        for configuration, alias in found
        if configuration in configurations
        for artefact in artefacts(alias)
    }


def artefacts_of(imported):
    """Give the artefacts that may bring what is imported, by the longest prefix."""
    parts = imported.split(".")
    for length in range(len(parts), 0, -1):
        found = ARTEFACTS.get(".".join(parts[:length]))
        if found is not None:
            return set(found.split("|"))
    raise AssertionError(f"{imported}: say in ARTEFACTS which dependency has it")


@pytest.mark.parametrize("case", CASES)
def test_what_is_imported_is_declared(case):
    module, folders, configurations = CASES[case]
    sources = kotlin_sources(*(f"{module}/{folder}" for folder in folders))
    assert sources
    given = declared(module, configurations)
    missing = {
        f"{path.name} imports {name}"
        for path in sources
        for name in imports(path)
        if not name.startswith(PLATFORM) and not artefacts_of(name) & given
    }
    assert missing == set()


def test_guava_is_declared_for_the_futures_of_camerax():
    """The app names no class of it, but calls methods of the ones that CameraX hands out."""
    used = any("Future." in path.read_text() for path in kotlin_sources("app/src/main"))
    assert used
    assert "com.google.guava:guava" in declared("app", MAIN)


DECLARATION = re.compile(r"^(?:\w+ )*(?:class|interface|object)\s+(\w+)", re.MULTILINE)


def stubbed():
    """Yield what the stubs of libraries declare, by its full name."""
    for path in sorted((PROJECT / "stubs").rglob("*")):
        package = ".".join(path.relative_to(PROJECT / "stubs").parent.parts)
        if path.suffix in (".kt", ".java") and not f"{package}.".startswith(PLATFORM):
            yield package
            for name in DECLARATION.findall(path.read_text()):
                yield f"{package}.{name}"


def test_stubs_supply_nothing_that_no_dependency_brings():
    every = {each["module"] for each in CATALOG["libraries"].values()}
    supplied = set(stubbed()) - {"androidx.lifecycle"}
    assert "com.google.common.util.concurrent.ListenableFuture" in supplied
    assert [name for name in supplied if not artefacts_of(name) & every] == []


def test_no_library_is_declared_in_vain():
    """Every library of the catalogue is in a build file, by itself or in a bundle."""
    builds = " ".join(path.read_text() for path in Path(PROJECT).glob("*/build.gradle.kts"))
    used = set()
    for alias in re.findall(r"\(libs\.([\w.]+)\)", builds):
        used |= CATALOG["bundles"].keys() & {alias.removeprefix("bundles.")} or {alias}
    bundled = {name for bundle in CATALOG["bundles"].values() for name in bundle}
    plain = {name.replace("-", ".") for name in CATALOG["libraries"] if name not in bundled}
    assert plain - {alias.removeprefix("platform(") for alias in used} == set()
    assert CATALOG["bundles"].keys() <= used
