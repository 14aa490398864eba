"""The tables of the reference say what the registry, the rewrites and the suite say."""

import operators_page
import pytest


@pytest.mark.parametrize("path", operators_page.pages(), ids=lambda path: path.stem)
def test_the_page_is_as_it_would_be_written(path):
    written = path.read_text(encoding="utf-8")
    assert written == operators_page.pages()[path], (
        "write it again: PYTHONPATH=tests/cases python tests/cases/operators_page.py"
    )
