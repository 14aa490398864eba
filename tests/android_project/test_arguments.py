"""The app names the arguments of the libraries' drawing and screen functions.

A library's next argument may be of the same type as the one that is meant: the second of Scaffold
is the bar at the top, not at the bottom. No compiler can tell, so a call has one unnamed argument
at most.
"""

import re

import pytest
from android_sources import PROJECT, calls, closing, kotlin_sources, split_arguments

# Of three parameters or more: composable functions, and what draws.
NAMED = re.compile(r"\bfun (?:[\w.]+\.)?([A-Z]\w*|draw\w+)\(")


def named_functions():
    """Collect those functions of the stubs; the runtime's take keys, which have no other names."""
    names = set()
    for path in sorted((PROJECT / "stubs").rglob("*.kt")):
        text = path.read_text()
        for match in NAMED.finditer(text):
            end = closing(text, match.end() - 1)
            parameters = split_arguments(text[match.end() : end])
            takes_keys = "androidx/compose/runtime" in str(path)
            if len(parameters) > 2 and not takes_keys:
                names.add(match[1])
    # These build values out of equals: their order is their meaning.
    return names - {"Color", "Offset", "Size", "Rect", "PaddingValues"}


@pytest.mark.parametrize("path", kotlin_sources("app/src"), ids=lambda path: path.name)
def test_a_call_has_one_unnamed_argument_at_most(path):
    unnamed = [
        f"{path}:{line}: {name}({', '.join(plain)})"
        for name, line, arguments in calls(path.read_text(), named_functions())
        if len(plain := [each for each in arguments if not re.match(r"\w+\s*=(?!=)", each)]) > 1
    ]
    assert unnamed == []


@pytest.mark.parametrize("path", kotlin_sources("app/src"), ids=lambda path: path.name)
def test_a_picture_says_how_it_fits(path):
    """The library fits it in, the stub once filled its bounds, and neither says so in a type."""
    for _, line, arguments in calls(path.read_text(), {"Image"}):
        said = any(argument.startswith("contentScale") for argument in arguments)
        assert said, f"{path}:{line}: Image without contentScale"


def test_the_rule_sees_the_functions_that_it_is_for():
    assert {
        "Scaffold",
        "Text",
        "Surface",
        "LazyColumn",
        "drawPath",
        "drawText",
    } <= named_functions()


def test_a_call_with_two_unnamed_arguments_is_found():
    text = 'Scaffold(Modifier, { Text("a, b (c") }, topBar = {}) { } // Scaffold(a, b)'
    assert list(calls(text, {"Scaffold"})) == [
        ("Scaffold", 1, ["Modifier", '{ Text("a, b (c") }', "topBar = {}"])
    ]
