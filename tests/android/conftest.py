from pathlib import Path

import pytest
from detector_bundle import BUNDLE
from kotlin_jvm import Jvm


def pytest_addoption(parser):
    group = parser.getgroup("android")
    group.addoption("--bundle", type=Path, default=BUNDLE, help="model and sidecar")
    group.addoption("--jars", type=Path, default=Path("build/android"), help="compiled Kotlin")
    group.addoption("--broken", type=Path, help="jar of classes in place of the core's own")
    group.addoption("--photos", type=int, help="only so many of the test set")


@pytest.fixture(scope="session")
def bundle(request):
    folder = request.config.getoption("bundle")
    assert (folder / "model.json").is_file(), f"{folder} has no model.json; run make test-bundle"
    return folder


@pytest.fixture(scope="session")
def jvm(request):
    return Jvm(request.config.getoption("jars"), request.config.getoption("broken"))


@pytest.fixture
def say(record_property):
    """Print a figure when all tests have ended."""
    return lambda text: record_property("figures", text)
