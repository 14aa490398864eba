"""What runs in Node and Chromium is collected only where it was asked for: `make web-test`."""

import os

import pytest
from demo_page import BUNDLE, demo

from decant.bundle import open_bundle

if not os.environ.get("DECANT_WEB_TESTS"):
    collect_ignore = [
        "test_javascript.py",
        "test_javascript_decode.py",
        "test_page.py",
        "test_page_decode.py",
        "test_page_feedback.py",
    ]


@pytest.fixture(scope="session")
def address():
    assert BUNDLE.is_dir(), "make test-bundle first"
    with demo(BUNDLE) as served:
        yield served


@pytest.fixture
def copy(tmp_path):
    """A bundle of one's own to break while it is served."""
    open_bundle(BUNDLE / "model.json").copy_to(tmp_path / "detector")
    return tmp_path / "detector"
