"""Nothing stands in the core, the host or the app that only tests use."""

import re
from collections import Counter

from android_sources import kotlin_sources

MODULES = ("core/src/main", "host/src/main", "app/src/main", "app/src/bundled", "app/src/play")
DECLARED = re.compile(
    r"^ {0,4}(?P<modifiers>(?:@\w+(?:\([^)]*\))? |[a-z]+ )*?)"
    r"(?:class|interface|object|fun|val|var)\s+(?:<[^>]*>\s*)?(?:[A-Z][\w.<>?, ]*\.)?(?P<name>\w+)",
    re.MULTILINE,
)
# Called from elsewhere, by name: the manifest, and LiteRT's library through JNA.
CALLED = {"MainActivity", "callback"}


def code(path):
    """Give the text of a source without comments."""
    return re.sub(r"(?s:/\*.*?\*/)|(?<!:)//[^\n]*", "", path.read_text())


def test_what_is_declared_is_used_outside_of_tests():
    texts = {path: code(path) for path in kotlin_sources(*MODULES)}
    words = Counter(word for text in texts.values() for word in re.findall(r"\w+", text))
    declared = [
        (match["name"], path.name)
        for path, text in texts.items()
        for match in DECLARED.finditer(text)
        if not {"override", "private"} & set(match["modifiers"].split())
    ]
    times = Counter(name for name, _ in declared)
    assert {"Preprocessor", "toFrame", "canUndo"} <= times.keys()
    unused = [(name, file) for name, file in declared if words[name] <= times[name]]
    assert [each for each in unused if each[0] not in CALLED] == []
