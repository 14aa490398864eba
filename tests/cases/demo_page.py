"""Serves a bundle by the installed command, and drives its page in headless Chromium."""

import json
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from detector_bundle import BUNDLE  # noqa: F401 (the tests of the page take it from here)
from processes import start_decant

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "build" / "web" / "node_modules"
SCRIPT = ROOT / "tests" / "demo" / "browser.mjs"
PHOTOS = sorted((ROOT / "zoo" / "detector" / "testset" / "images").iterdir())[::50]
PHOTO = PHOTOS[0]
# What no browser may be asked for: nothing leaves the machine, whatever the network could answer.
NO_NETWORK = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"]


@contextmanager
def demo(bundle, *options):
    """Serve a bundle by the command; gives the address."""
    process = start_decant(ROOT, "demo", bundle, "--port", 0, *options)
    line = process.stdout.readline()
    try:
        assert "http://localhost:" in line, process.communicate(timeout=60)[1]
        yield line.split()[-1]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT


def screenshot(tmp_path, name):
    """Name a screenshot: in DECANT_SCREENSHOTS if people want to look at it."""
    return Path(os.environ.get("DECANT_SCREENSHOTS", tmp_path)) / f"{name}.png"


def chromium():
    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "Chromium is missing: sudo apt-get install --no-install-recommends chromium"
    return found


def browse(scenario, address, **options):
    """Run a scenario of browser.mjs; checks that no request went elsewhere, and no error showed."""
    given = {
        "address": address,
        "chromium": chromium(),
        "packages": str(PACKAGES),
        "flags": NO_NETWORK,
        **options,
    }
    ended = subprocess.run(
        ["node", SCRIPT, scenario, json.dumps(given, default=str)],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    hosts = {urlsplit(each).netloc for each in result["requests"] if not each.startswith("blob:")}
    assert hosts == {urlsplit(address).netloc}
    # A file that the server refuses is an error to the browser, whatever the page makes of it.
    expected = options.get("expected", "no error is expected")
    assert [each for each in result["errors"] if expected not in each] == []
    return result
