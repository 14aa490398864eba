"""Other apps' documents are asked for only where what those apps throw is told, not passed on.

A provider is another app: it may throw any exception, and one that nobody expects ends this app.
"""

import re

import pytest
from android_sources import kotlin_sources

ASKED = re.compile(r"\b(?:openInputStream|openOutputStream|query)\(")
GUARD = re.compile(r"\bon(?:Document|Photo)\b[^{\n]*\{")


def unguarded(text):
    """Give the places that ask another app outside of `onDocument` and `onPhoto`."""
    for asked in ASKED.finditer(text):
        guards = [guard.end() for guard in GUARD.finditer(text, 0, asked.start())]
        if not any(is_open(text[start : asked.start()]) for start in guards):
            yield f"line {text.count(chr(10), 0, asked.start()) + 1}: {asked[0]}"


def is_open(text):
    """Say whether a block that was begun before the text is not ended in it."""
    depth = 1
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth == 0:
            return False
    return True


@pytest.mark.parametrize("path", kotlin_sources("app/src/main"), ids=lambda path: path.name)
def test_another_app_is_asked_where_its_failure_is_told(path):
    assert list(unguarded(path.read_text())) == []


def test_what_stands_outside_is_found():
    text = "onDocument(name) { resolver.query(uri) }\nresolver.openInputStream(uri)"
    assert list(unguarded(text)) == ["line 2: openInputStream("]
