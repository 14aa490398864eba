"""What holds for all tests: which are slow, and which must run in one process."""

import forked_children
import made_once
import pytest
import slow

FAST = "not slow"


def pytest_configure(config):
    config.stash[FOLDER] = made_once.open_folder()
    forked_children.install()


def pytest_unconfigure(config):
    made_once.close_folder(config.stash[FOLDER])


FOLDER = pytest.StashKey()


def pytest_ignore_collect(collection_path, config):
    """Leave slow files alone when only fast tests are wanted: they import much."""
    is_file = collection_path.suffix == ".py" and collection_path.name.startswith("test_")
    if is_file and config.option.markexpr == FAST and slow.is_slow(collection_path):
        return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what is slow, and keep the tests of a file together that share a fixture of its own."""
    for item in items:
        if slow.is_slow(item.path):
            item.add_marker("slow")
        if not item.get_closest_marker("xdist_group") and _shares(item):
            item.add_marker(pytest.mark.xdist_group(str(item.path)))


def _shares(item):
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return any(each[-1].scope in ("class", "module") for each in fixtures)


@pytest.fixture(autouse=True)
def _fast_is_fast(request):
    if request.config.option.markexpr != FAST:
        yield
        return
    with slow.refused():
        yield


@pytest.fixture
def fresh_children(monkeypatch):
    """Start the processes that build and try a file afresh, as a user's conversion does."""
    forked_children.uninstall(monkeypatch)


def pytest_terminal_summary(terminalreporter):
    """Print the figures that tests record, which a worker's own output would not show."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, line in report.user_properties:
                if name == "figures" and report.when == "call":
                    terminalreporter.write_line(line)
